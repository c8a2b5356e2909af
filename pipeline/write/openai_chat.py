"""The writer that asks a chat server: vLLM, or anything else that speaks OpenAI's protocol."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, JsonValue, field_validator

from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.model_server import ModelServer, ServerSettings
from pipeline.write import composing
from pipeline.write.chat_completion import read_answer, request_body
from pipeline.write.composing import Ask, Composer
from pipeline.write.replies import Reply
from pipeline.write.writer import Commission
from schemas.dialogue import Written
from schemas.pack import Pack

VERSION = "1"
LANGUAGES = None
reads = composing.reads
needs = composing.needs

_OURS = frozenset({"model", "messages", "stream", "n"})


class Settings(ServerSettings):
    """The server, and what else to send it.

    `tries` is how often one reply is asked for. `extra_body` goes into every request, for what a server has of its own
    ({chat_template_kwargs: {enable_thinking: false}}); null takes a field out ({max_tokens: null,
    max_completion_tokens: 2048}). Turn `schema_lengths` off for servers whose schemas know no minLength and maxLength.
    """

    tries: int = Field(default=4, ge=1, le=100)
    extra_body: Mapping[str, JsonValue] = {}
    schema_lengths: bool = True

    @field_validator("extra_body")
    @classmethod
    def _leave_ours(cls, extra: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        if taken := sorted(_OURS & extra.keys()):
            raise ValueError(f"{', '.join(taken)} cannot be set here")
        return extra


def identity(settings: Settings, pack: Pack) -> str:
    """The pack's steps, the model and what else it is told; where it runs and how fast is none of it."""
    return fingerprint(composing.identity(pack), settings.model, settings.extra_body)


def build(settings: Settings, pack: Pack) -> "ChatWriter":
    """The writer for this pack. Raises UsageError if the pack has no writing, or a key is missing."""
    return ChatWriter(settings, Composer.of(pack, settings.tries), ModelServer(settings))


@dataclass(frozen=True)
class ChatWriter:
    """See the module."""

    settings: Settings
    composer: Composer
    server: ModelServer

    async def write_one(self, commission: Commission) -> Written | Failure:
        """The dialogue, or why there is none."""
        return await self.composer.compose(commission, self._complete)

    async def close(self) -> None:
        """Let go of the server."""
        await self.server.close()

    async def _complete(self, ask: Ask) -> Reply:
        settings = self.settings
        body = request_body(ask, settings.model, settings.extra_body, lengths=settings.schema_lengths)
        return await self.server.post("/chat/completions", body, read_answer)
