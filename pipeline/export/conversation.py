"""A dialogue as one sound: the turns one after the other in time, each side on a channel of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.recording import pcm16, resample
from pipeline.corpus.rows import Dialogue, Turn
from schemas.frozen import Hertz, Seconds
from schemas.voice import Role

Channels = Mapping[Role, int]
"""The channel on which each side is heard."""


@dataclass(frozen=True)
class Placed:
    """A turn and when it sounds, in seconds from the dialogue's first sample. `number` counts the dialogue's turns."""

    number: int
    turn: Turn
    start: Seconds
    duration: Seconds

    @property
    def end(self) -> Seconds:
        """When it is over."""
        return self.start + self.duration


@dataclass(frozen=True)
class Conversation:
    """`samples` int16 [T × 2] at `rate`, silent where a side listens."""

    samples: NDArray[np.int16]
    rate: Hertz
    turns: tuple[Placed, ...]

    @property
    def duration(self) -> Seconds:
        """Length in seconds."""
        return len(self.samples) / self.rate


def conversation(dialogue: Dialogue, channels: Channels, rate: Hertz, gap: Seconds) -> Conversation:
    """The dialogue's spoken turns with `gap` between each and the next. Raises ValueError for sound that is none."""
    pause, at = round(gap * rate), 0
    sounds: list[NDArray[np.int16]] = []
    placed: list[Placed] = []
    for number, turn in enumerate(dialogue.turns):
        if turn.flac is None:
            continue
        sound = pcm16(resample(turn.recording(), rate))
        at += pause if placed else 0
        placed.append(Placed(number, turn, at / rate, len(sound) / rate))
        sounds.append(sound)
        at += len(sound)
    samples = np.zeros((at, 2), dtype=np.int16)
    for one, sound in zip(placed, sounds, strict=True):
        first = round(one.start * rate)
        samples[first : first + len(sound), channels[one.turn.role]] = sound
    return Conversation(samples, rate, tuple(placed))
