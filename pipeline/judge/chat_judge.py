"""The judge that asks a chat server: vLLM, or anything else that speaks OpenAI's protocol."""

from dataclasses import dataclass

from pipeline.engine.chat_server import ChatServer, ChatSettings
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.judge import rubric as rubrics
from pipeline.judge.judge import Text
from pipeline.judge.judging import Judging
from schemas.judgement import Judgement, Rubric

VERSION = "1"
Settings = ChatSettings


def identity(settings: Settings, rubric: Rubric) -> str:
    """The rubric, the model and what else it is told; where it runs and how fast is none of it."""
    return fingerprint(rubrics.identity(rubric), settings.model, settings.extra_body)


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
