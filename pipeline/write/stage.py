"""The write stage: commissions to dialogues."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.stage import Outcome, outcomes
from pipeline.write.backends import WRITERS
from pipeline.write.writer import AsyncWriter, Commission, Writer
from schemas.dialogue import Written
from schemas.pack import Pack
from schemas.run import Backend


@dataclass(frozen=True)
class WriteStage:
    """Writes with the backend that the run file names."""

    backend: Backend
    pack: Pack
    name: ClassVar[str] = "write"
    result: ClassVar[type[Written]] = Written

    @cached_property
    def identity(self) -> str:
        """What all texts depend on."""
        module = WRITERS.load(self.backend.backend)
        settings = module.Settings.model_validate(self.backend.settings)
        return fingerprint(self.backend.backend, module.VERSION, module.identity(settings, self.pack))

    def key(self, item: Commission) -> str:
        """What one text depends on."""
        return fingerprint(self.identity, WRITERS.load(self.backend.backend).reads(item))

    @property
    def waits(self) -> bool:
        """Whether the texts come from a server."""
        return WRITERS.entry(self.backend.backend).waits

    def build(self) -> "WriteRunner | AsyncWriteRunner":
        """Load the writer."""
        module = WRITERS.load(self.backend.backend)
        writer = module.build(module.Settings.model_validate(self.backend.settings), self.pack)
        return AsyncWriteRunner(writer) if self.waits else WriteRunner(writer)


@dataclass(frozen=True)
class WriteRunner:
    """A writer at work."""

    writer: Writer

    def run(self, items: Sequence[Commission]) -> Iterator[Outcome[Written] | Failure]:
        """One dialogue a commission."""
        return outcomes(self.writer.write(items))


@dataclass(frozen=True)
class AsyncWriteRunner:
    """A model server at work."""

    writer: AsyncWriter

    async def run_one(self, item: Commission) -> Outcome[Written] | Failure:
        """The commission's dialogue."""
        written = await self.writer.write_one(item)
        return written if isinstance(written, Failure) else Outcome(written)

    async def close(self) -> None:
        """Let go of the server."""
        await self.writer.close()
