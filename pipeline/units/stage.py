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
from schemas.units import GeneratedUnits, UnitSequence


@dataclass(frozen=True)
class Sounded:
    """A take to be encoded: where its audio lies, its digest, and the units that its speaker generated, if any."""

    place: Place
    digest: str
    generated: GeneratedUnits | None = None


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

    @property
    def waits(self) -> bool:
        """Tokenizers compute."""
        return False

    def key(self, item: Sounded) -> str:
        """What one sequence depends on."""
        return fingerprint(self.identity, item.digest)

    def build(self) -> "UnitsRunner | GeneratedRunner":
        """Load the codebook or model; units that the speaker generated need none."""
        module = ENCODERS.load(self.config.backend)
        if module.GENERATED:
            return GeneratedRunner(self.config)
        return UnitsRunner(module.build(self.config))


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


@dataclass(frozen=True)
class GeneratedRunner:
    """Takes over the units that the speaker made a take from."""

    config: UnitsBackend

    def run(self, items: Sequence[Sounded]) -> Iterator[Outcome[UnitSequence] | Failure]:
        """One sequence a take."""
        return map(self._of, items)

    def _of(self, item: Sounded) -> Outcome[UnitSequence] | Failure:
        given, wanted = item.generated, self.config
        if given is None or given.kind != wanted.backend:
            return Failure(f"the speaker generated no {wanted.backend} units with this take")
        if (given.rate, given.size) != (wanted.rate, wanted.size):
            return Failure(f"the speaker's units are {given.rate:g} a second out of {given.size}")
        if given.units and not 0 <= min(given.units) <= max(given.units) < given.size:
            return Failure(f"units outside 0..{given.size - 1}")
        return Outcome(UnitSequence(revision=given.revision, units=given.units, source="generated"))
