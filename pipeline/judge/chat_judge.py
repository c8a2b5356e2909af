"""The judge that asks a chat server: vLLM, or anything else that speaks OpenAI's protocol."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.engine.chat_server import ChatServer, ChatSettings
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.schema_dialect import nobody_tells, untold_keys
from pipeline.judge import rubric as rubrics
from pipeline.judge.judge import Text
from pipeline.judge.judging import Judging
from schemas.judgement import Judgement, Rubric

VERSION = "1"
Settings = ChatSettings


def identity(settings: Settings, rubric: Rubric) -> str:
    """The rubric, the model and what else it is told; where it runs and how fast is none of it."""
    return fingerprint(rubrics.identity(rubric), settings.model, settings.extra_body)


def beyond(settings: Settings, rubric: Rubric) -> Iterator[rubrics.Complaint]:
    """What of the rubric cannot be asked for in the server's dialect of JSON schemas."""
    judging, dialect = Judging.of(rubric, tries=1), settings.schema_dialect
    for fault in dialect.too_much(judging.schema):
        yield ("rubric", "scales"), f"its schema has {fault} for servers with schema_dialect: {dialect}: ask for less"
    told = judging.prompts.system + rubric.prompt
    scales = "".join(f'"{scale}"' for scale in rubric.scales if scale in told)  # a list of them needs no quotes
    missing = untold_keys(judging.schema, told + scales)
    if missing and not dialect.tells_the_shape:
        yield ("rubric", "system"), nobody_tells(missing, dialect)


def build(settings: Settings, rubric: Rubric) -> "ChatJudge":
    """The judge by this rubric. Raises UsageError if a key is missing."""
    return ChatJudge(Judging.of(rubric, settings.tries), ChatServer.of(settings))


@dataclass(frozen=True)
class ChatJudge:
    """See the module."""

    judging: Judging
    server: ChatServer

    async def judge_one(self, text: Text) -> Judgement | Failure:
        """The judgement, or why there is none."""
        return await self.judging.judge(text, self.server.complete)

    async def close(self) -> None:
        """Let go of the server."""
        await self.server.close()
