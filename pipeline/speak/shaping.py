"""What espeak-ng cannot do, done to its sound: length of pauses, of the vocal tract, tremor, vocal effort.

All of it is plain numpy, so the samples are the same everywhere the same numpy rounds the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.frozen import Hertz
from schemas.take import Waveform, Word
from schemas.voice import Prosody

_TREMOR_RATE = 6.0
"""Shakes a second; physiological tremor of the voice lies at 4 to 8 Hz."""

_LOW, _HIGH = 250.0, 4000.0
"""Between these, in hertz, `brightness` is counted."""


@dataclass(frozen=True)
class Spoken:
    """Sound at `sample_rate`, its word times, and its pauses between clauses as [first, end) samples."""

    audio: Waveform
    sample_rate: Hertz
    words: tuple[Word, ...]
    pauses: tuple[tuple[int, int], ...] = ()


def shape(spoken: Spoken, prosody: Prosody, tract: float) -> Spoken:
    """Apply `prosody`'s pause, tremor and brightness, and a vocal tract `tract` times as long."""
    return _brightened(_warped(_paused(spoken, prosody.pause), prosody.tremor, tract), prosody.brightness)


def unclipped(audio: Waveform) -> Waveform:
    """The take turned down as a whole if it would clip, else as it is: loudness is part of a delivery."""
    return audio * np.float32(min(1.0, 0.98 / float(np.abs(audio).max())))


def _paused(spoken: Spoken, factor: float) -> Spoken:
    """Make the pauses `factor` times as long, by silence put into or cut out of their middles."""
    if factor == 1.0 or not spoken.pauses:
        return spoken
    parts: list[Waveform] = []
    before = 0
    old, new = [0], [0]
    for first, end in spoken.pauses:
        length = round((end - first) * factor)
        kept = min(length, end - first) // 2
        parts += [spoken.audio[before : first + kept], np.zeros(length - 2 * kept, dtype=np.float32)]
        before = end - kept
        new += [new[-1] + first - old[-1], new[-1] + first - old[-1] + length]
        old += [first, end]
    audio = np.concatenate([*parts, spoken.audio[before:]])
    old.append(len(spoken.audio))
    new.append(len(audio))
    return Spoken(audio, spoken.sample_rate, _moved(spoken, old, new, len(audio)))


def _warped(spoken: Spoken, tremor: float, tract: float) -> Spoken:
    """Read the samples at another speed: slower or faster for the tract, swinging for the tremor."""
    if tremor == 0.0 and tract == 1.0:
        return spoken
    count = round(len(spoken.audio) * tract)
    moments = np.arange(count) / tract
    swing = 2 * np.pi * _TREMOR_RATE / spoken.sample_rate
    moments += (2 ** (tremor / 12) - 1) / swing * np.sin(swing * moments)
    audio = _read_at(spoken.audio, moments)
    return Spoken(audio, spoken.sample_rate, _moved(spoken, (0, len(spoken.audio)), (0, count), count))


def _brightened(spoken: Spoken, brightness: float) -> Spoken:
    """Tilt the spectrum by a filter of one zero or one pole, and keep the loudness as it was."""
    if brightness == 0.0:
        return spoken
    zero = _zero(abs(brightness), spoken.sample_rate)
    # darkening is the inverse filter, whose response 1, a, a², … has died away after 64 samples
    kernel = np.array([1.0, -zero]) if brightness > 0 else zero ** np.arange(64)
    audio = np.convolve(spoken.audio, kernel)[: len(spoken.audio)]
    audio *= np.sqrt(np.mean(np.square(spoken.audio, dtype=np.float64)) / np.mean(np.square(audio)))
    return Spoken(audio.astype(np.float32), spoken.sample_rate, spoken.words)


def _zero(decibel: float, rate: Hertz) -> float:
    """The a in 1 − a·z⁻¹ whose gain at `_HIGH` is `decibel` above that at `_LOW`."""
    ratio = 10 ** (decibel / 10)
    low, high = np.cos(2 * np.pi * np.array([_LOW, _HIGH]) / rate)
    # |1 − a·e^(−iw)|² = 1 + a² − 2a·cos(w), so the ratio of two of them is a quadratic in a
    half = (high - ratio * low) / (1 - ratio)
    return float(half - np.sqrt(half**2 - 1))


def _read_at(audio: Waveform, moments: NDArray[np.float64]) -> Waveform:
    """The waveform between its samples, by cubic (Catmull-Rom) interpolation; beyond its ends, silence."""
    padded = np.pad(audio, (2, 4))
    moments = np.clip(moments, 0, len(audio))
    whole = moments.astype(np.int64)
    part = (moments - whole).astype(np.float32)
    a, b, c, d = (padded[whole + step] for step in (1, 2, 3, 4))
    read: Waveform = b + part / 2 * (c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a)))
    return read


def _moved(spoken: Spoken, old: Sequence[int], new: Sequence[int], samples: int) -> tuple[Word, ...]:
    """The words where they are after the samples `old` have become the samples `new`."""
    rate = spoken.sample_rate

    def moved(time: float) -> float:
        return min(float(np.interp(time * rate, old, new)), samples) / rate

    return tuple(Word(text=word.text, start=moved(word.start), end=moved(word.end)) for word in spoken.words)
