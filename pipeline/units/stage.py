"""The units stage: takes to discrete speech tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pipeline.audio.recording import Recording, decode_flac
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.ledger import Place
from pipeline.engine.stage import Outcome
from pipeline.units.backends import ENCODERS
from pipeline.units.counts import objection
from pipeline.units.encoder import UnitEncoder, Units
from schemas.frozen import Seconds
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
        module, config = ENCODERS.load(self.config.backend), self.config
        books = () if config.codebooks == 1 else (config.codebooks,)
        return fingerprint(config.backend, module.VERSION, module.identity(config), config.rate, config.size, *books)

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
        if not module.GENERATED:
            return UnitsRunner(module.build(self.config))
        reencoding = module.reencoding(self.config)
        runner = UnitsRunner(module.build(self.config)) if reencoding else None
        return GeneratedRunner(self.config, runner, always=reencoding == "always")


@dataclass(frozen=True)
class UnitsRunner:
    """A tokenizer at work."""

    encoder: UnitEncoder

    def run(self, items: Sequence[Sounded]) -> Iterator[Outcome[UnitSequence] | Failure]:
        """One sequence a take."""
        lengths: list[Seconds] = []
        for number, units in enumerate(self.encoder.encode(_decoded(items, lengths))):
            yield units if isinstance(units, Failure) else self._checked(units, lengths[number])

    def _checked(self, units: Units, duration: Seconds) -> Outcome[UnitSequence] | Failure:
        encoder = self.encoder
        codes = tuple(units.tolist())
        wrong = objection(codes, duration, encoder.rate, encoder.size, encoder.codebooks)
        if wrong is not None:
            return Failure(wrong)
        return Outcome(UnitSequence(revision=encoder.revision, units=codes, codebooks=encoder.codebooks))


@dataclass(frozen=True)
class GeneratedRunner:
    """Takes over the units that the speaker made a take from.

    Where there are none, or `always`, the tokenizer listens to the take, if the run file names one.
    """

    config: UnitsBackend
    reencoding: UnitsRunner | None = None
    always: bool = False

    def run(self, items: Sequence[Sounded]) -> Iterator[Outcome[UnitSequence] | Failure]:
        """One sequence a take."""
        listened = [item for item in items if self._listens(item)]
        encoded = self.reencoding.run(listened) if self.reencoding is not None else iter(())
        for item in items:
            yield next(encoded) if self._listens(item) else self._of(item)

    def _listens(self, item: Sounded) -> bool:
        brought = item.generated is not None and item.generated.kind == self.config.backend
        return self.reencoding is not None and (self.always or not brought)

    def _of(self, item: Sounded) -> Outcome[UnitSequence] | Failure:
        given, wanted = item.generated, self.config
        if given is None or given.kind != wanted.backend:
            return Failure(f"the speaker generated no {wanted.backend} units with this take")
        if (given.rate, given.size) != (wanted.rate, wanted.size):
            return Failure(f"the speaker's units are {given.rate:g} a second out of {given.size}")
        wrong = objection(given.units, decode_flac(item.place.blob()).duration, given.rate, given.size)
        if wrong is not None:
            return Failure(wrong)
        return Outcome(UnitSequence(revision=given.revision, units=given.units, source="generated"))


def _decoded(items: Sequence[Sounded], lengths: list[Seconds]) -> Iterator[Recording]:
    """Read each take when the tokenizer asks for it, and note how long it is."""
    for item in items:
        recording = decode_flac(item.place.blob())
        lengths.append(recording.duration)
        yield recording
