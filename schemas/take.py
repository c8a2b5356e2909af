"""One turn to be spoken, and one rendering of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from schemas.frozen import Frozen, Hertz, Seconds
from schemas.units import GeneratedUnits
from schemas.voice import Delivery, Voice

Waveform = NDArray[np.float32]
"""float32 [T], mono, −1..1."""


class Line(Frozen):
    """One turn to be spoken. The same line gives the same take; another `seed`, another take of it."""

    text: str = Field(min_length=1)
    language: str
    voice: Voice
    delivery: Delivery
    seed: int = Field(ge=0)
    attempt: int = Field(default=0, ge=0, description="0 is the first try")


class Word(Frozen):
    """A word of the line's text and when it sounds, in seconds from the take's first sample."""

    text: str
    start: Seconds
    end: Seconds


@dataclass(frozen=True)
class Take:
    """One rendering of a line: `audio` at `sample_rate`, and word times and units if the engine gives them."""

    audio: Waveform
    sample_rate: Hertz
    words: tuple[Word, ...] = ()
    engine: str = ""
    units: GeneratedUnits | None = None

    @property
    def duration(self) -> Seconds:
        """Length in seconds."""
        return len(self.audio) / self.sample_rate


class TakeRecord(Frozen):
    """What is kept of a take beside its audio (FLAC of `size` bytes, whose blake2b-128 is `digest`)."""

    sample_rate: Hertz
    duration: Seconds
    words: tuple[Word, ...]
    engine: str
    digest: str
    size: int = Field(ge=1)
    units: GeneratedUnits | None = None
