"""The speak stage: lines to takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import ClassVar

import numpy as np

from pipeline.audio.recording import Recording, encode_flac
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.stage import Outcome
from pipeline.speak.backends import SPEAKERS
from pipeline.speak.speaker import Speaker
from schemas.run import Backend
from schemas.take import Line, Take, TakeRecord

_INAUDIBLE = 1e-3


@dataclass(frozen=True)
class SpeakStage:
    """Speaks with the backend that the run file names."""

    backend: Backend
    name: ClassVar[str] = "speak"
    result: ClassVar[type[TakeRecord]] = TakeRecord

    @cached_property
    def identity(self) -> str:
        """What all takes depend on."""
        module = SPEAKERS.load(self.backend.backend)
        return fingerprint(self.backend.backend, module.VERSION, self.backend.settings)

    def key(self, item: Line) -> str:
        """What one take depends on: of the voice and the delivery only what this engine reads."""
        name = self.backend.backend
        style = item.delivery.style.model_dump(include=set(SPEAKERS.load(name).CONTROLS))
        engine = dict(item.voice.engines.get(name, {}))
        return fingerprint(self.identity, item.text, item.language, engine, style, item.delivery.intensity, item.seed)

    def build(self) -> "SpeakRunner":
        """Load the engine."""
        module = SPEAKERS.load(self.backend.backend)
        return SpeakRunner(module.build(module.Settings.model_validate(self.backend.settings)))


@dataclass(frozen=True)
class SpeakRunner:
    """An engine at work. What it gives is looked at before it is kept: nothing, NaN and silence are failures."""

    speaker: Speaker

    def run(self, items: Sequence[Line]) -> Iterator[Outcome[TakeRecord] | Failure]:
        """One take a line."""
        for made in self.speaker.speak(items):
            yield made if isinstance(made, Failure) else kept(made)


def kept(take: Take) -> Outcome[TakeRecord] | Failure:
    """The take as the ledger keeps it, or what is wrong with it."""
    if len(take.audio) == 0:
        return Failure("the engine gave no audio")
    if not np.isfinite(take.audio).all():
        return Failure("the engine's audio holds NaN or infinite samples")
    if np.abs(take.audio).max() < _INAUDIBLE:
        return Failure("the engine gave silence")
    flac = encode_flac(Recording(take.audio, take.sample_rate))
    record = TakeRecord(
        sample_rate=take.sample_rate,
        duration=take.duration,
        words=take.words,
        engine=take.engine,
        digest=blake2b(flac, digest_size=16).hexdigest(),
        size=len(flac),
    )
    return Outcome(record, flac)
