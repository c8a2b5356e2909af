"""A chat server: vLLM, or anything else that speaks OpenAI's protocol."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, JsonValue, field_validator

from pipeline.engine.chat import Ask, Reply
from pipeline.engine.chat_completion import read_answer, request_body
from pipeline.engine.model_server import ModelServer, ServerSettings

_OURS = frozenset({"model", "messages", "stream", "n"})


class ChatSettings(ServerSettings):
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


@dataclass(frozen=True)
class ChatServer:
    """Asks a chat server for one reply after another."""

    settings: ChatSettings
    server: ModelServer

    @classmethod
    def of(cls, settings: ChatSettings) -> "ChatServer":
        """The server that the settings name. Raises UsageError if a key is missing."""
        return cls(settings, ModelServer(settings))

    async def complete(self, ask: Ask) -> Reply:
        """One reply. Raises ItemRefusedError if this request is not taken, WarmlineError for what stops the run."""
        settings = self.settings
        body = request_body(ask, settings.model, settings.extra_body, lengths=settings.schema_lengths)
        return await self.server.post("/chat/completions", body, read_answer)

    async def close(self) -> None:
        """Let go of the server."""
        await self.server.close()
