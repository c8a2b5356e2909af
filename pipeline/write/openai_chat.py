"""The writer that asks a chat server: vLLM, or anything else that speaks OpenAI's protocol."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.engine.chat_server import ChatServer, ChatSettings
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.write import composing, expressible
from pipeline.write.composing import Composer
from pipeline.write.prompting import Complaint
from pipeline.write.writer import Commission
from schemas.dialogue import Written
from schemas.pack import Pack

VERSION = "1"
LANGUAGES = None
Settings = ChatSettings
reads = composing.reads
needs = composing.needs


def identity(settings: Settings, pack: Pack) -> str:
    """The pack's steps, the model and what else it is told; where it runs and how fast is none of it."""
    return fingerprint(composing.identity(pack), settings.model, settings.extra_body)


def beyond(settings: Settings, pack: Pack) -> Iterator[Complaint]:
    """What of the writing cannot be asked for in the server's dialect of JSON schemas."""
    return expressible.beyond(pack, settings.schema_dialect)


def build(settings: Settings, pack: Pack) -> "ChatWriter":
    """The writer for this pack. Raises UsageError if the pack has no writing, or a key is missing."""
    return ChatWriter(Composer.of(pack, settings.tries), ChatServer.of(settings))


@dataclass(frozen=True)
class ChatWriter:
    """See the module."""

    composer: Composer
    server: ChatServer

    async def write_one(self, commission: Commission) -> Written | Failure:
        """The dialogue, or why there is none."""
        return await self.composer.compose(commission, self.server.complete)

    async def close(self) -> None:
        """Let go of the server."""
        await self.server.close()
