"""A chat server: vLLM, or anything else that speaks OpenAI's protocol."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field, JsonValue

from pipeline.engine.chat import Ask, Reply
from pipeline.engine.chat_completion import read_answer, request_body
from pipeline.engine.errors import WarmlineError
from pipeline.engine.model_server import ModelServer, ServerSettings
from pipeline.engine.refusal import ItemRefusedError
from pipeline.engine.schema_dialect import Dialect, blames_the_schema, unfenced
from pipeline.engine.server_settings import leaving

_OURS = frozenset({"model", "messages", "stream", "n"})
_LONGEST_WORDS = 160


class ChatSettings(ServerSettings):
    """The server, and what else to send it.

    `tries` is how often one reply is asked for. `schema_dialect` is how much of a JSON schema the server knows.
    `extra_body` goes into every request, for what a server has of its own ({chat_template_kwargs: {enable_thinking:
    false}}); null takes a field out ({max_tokens: null, max_completion_tokens: 2048}).
    """

    tries: int = Field(default=4, ge=1, le=100)
    schema_dialect: Dialect = Dialect.FULL
    extra_body: Annotated[Mapping[str, JsonValue], leaving(_OURS)] = {}


@dataclass(frozen=True)
class ChatServer:
    """Asks a chat server for one reply after another. It knows which schemas the server has taken."""

    settings: ChatSettings
    server: ModelServer
    _taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, settings: ChatSettings) -> "ChatServer":
        """The server that the settings name. Raises UsageError if a key is missing."""
        return cls(settings, ModelServer(settings))

    async def complete(self, ask: Ask) -> Reply:
        """One reply. Raises ItemRefusedError if this request is not taken, WarmlineError for what stops the run."""
        settings, dialect = self.settings, self.settings.schema_dialect
        body = request_body(ask, settings.model, settings.extra_body, dialect)
        form = json.dumps(dialect.form(ask.schema))
        try:
            reply = await self.server.post("/chat/completions", body, read_answer)
        except ItemRefusedError as error:
            if form not in self._taken and dialect is not Dialect.NONE and blames_the_schema(str(error)):
                raise self._no_such_schema(str(error)) from error
            raise
        self._taken.add(form)
        return reply if dialect.tells_the_shape else replace(reply, text=unfenced(reply.text))

    def _no_such_schema(self, words: str) -> WarmlineError:
        said = words if len(words) <= _LONGEST_WORDS else f"{words[:_LONGEST_WORDS]}…"
        return WarmlineError(
            f"{self.settings.base_url} does not take the schema of the replies ({said}): "
            f"write schema_dialect: {self.settings.schema_dialect.next} into its settings (docs/write.md)"
        )

    async def close(self) -> None:
        """Let go of the server."""
        await self.server.close()
