"""The write stage: commissions to dialogues."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.stage import Outcome, outcomes
from pipeline.write.backends import WRITERS
from pipeline.write.writer import Commission, Writer
from schemas.dialogue import Dialogue
from schemas.pack import Pack
from schemas.run import Backend


@dataclass(frozen=True)
class WriteStage:
    """Writes with the backend that the run file names."""

    backend: Backend
    pack: Pack
    name: ClassVar[str] = "write"
    result: ClassVar[type[Dialogue]] = Dialogue

    @cached_property
    def identity(self) -> str:
        """What all texts depend on."""
        module = WRITERS.load(self.backend.backend)
        return fingerprint(self.backend.backend, module.VERSION, self.backend.settings, module.identity(self.pack))

    def key(self, item: Commission) -> str:
        """What one text depends on."""
        return fingerprint(self.identity, item)

    def build(self) -> "WriteRunner":
        """Load the writer."""
        module = WRITERS.load(self.backend.backend)
        settings = module.Settings.model_validate(self.backend.settings)
        return WriteRunner(module.build(settings, self.pack))


@dataclass(frozen=True)
class WriteRunner:
    """A writer at work."""

    writer: Writer

    def run(self, items: Sequence[Commission]) -> Iterator[Outcome[Dialogue] | Failure]:
        """One dialogue a commission."""
        return outcomes(self.writer.write(items))
