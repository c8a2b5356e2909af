"""The units stage: takes to discrete speech tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pipeline.audio.recording import decode_flac
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.ledger import Place
from pipeline.engine.stage import Outcome
from pipeline.units.backends import ENCODERS
from pipeline.units.encoder import UnitEncoder
from schemas.run import UnitsBackend
from schemas.units import UnitSequence


@dataclass(frozen=True)
class Sounded:
    """A take to be encoded: where its audio lies, and its digest."""

    place: Place
    digest: str


@dataclass(frozen=True)
class UnitsStage:
    """Encodes with one of the run file's tokenizers."""

    config: UnitsBackend
    result: ClassVar[type[UnitSequence]] = UnitSequence

    @property
    def name(self) -> str:
        """The ledger's folder: each kind of units has its own."""
        return f"units.{self.config.backend}"

    @cached_property
    def identity(self) -> str:
        """What all units of this kind depend on."""
        module = ENCODERS.load(self.config.backend)
        return fingerprint(self.config.backend, module.VERSION, module.identity(), self.config.rate, self.config.size)

    def key(self, item: Sounded) -> str:
        """What one sequence depends on."""
        return fingerprint(self.identity, item.digest)

    def build(self) -> "UnitsRunner":
        """Load the codebook or model."""
        return UnitsRunner(ENCODERS.load(self.config.backend).build(self.config))


@dataclass(frozen=True)
class UnitsRunner:
    """A tokenizer at work."""

    encoder: UnitEncoder

    def run(self, items: Sequence[Sounded]) -> Iterator[Outcome[UnitSequence] | Failure]:
        """One sequence a take."""
        encoded = self.encoder.encode(decode_flac(item.place.blob()) for item in items)
        for units in encoded:
            if isinstance(units, Failure):
                yield units
            elif len(units) and not 0 <= units.min() <= units.max() < self.encoder.size:
                yield Failure(f"units outside 0..{self.encoder.size - 1}")
            else:
                yield Outcome(UnitSequence(revision=self.encoder.revision, units=tuple(units.tolist())))
