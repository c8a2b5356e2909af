"""Checks of the waveform itself: silences, clipping, level, pace."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.features import runs
from pipeline.audio.recording import Recording, pcm16
from schemas.frozen import Seconds
from schemas.letters import letters
from schemas.scores import Sound

VERSION = "2"

_FRAMES_PER_SECOND = 100
_SILENCE_BELOW_LOUD = 40.0
_FLOOR = -80.0
"""dBFS under which a frame is silent however quiet the take: the noise of dithered 16-bit silence is at −96."""
_QUIETEST = -120.0
"""dBFS that stands for digital silence, whose level is −∞, which JSON cannot hold."""


def measure(recording: Recording, text: str) -> Sound:
    """Measure a take in which `text` was to be said.

    The samples are taken as FLAC stores them, so a take measures the same before and after. Levels are those of
    10 ms frames; a frame is loud or silent against the take's loud parts, the 95th percentile of what sounds at all.
    `seconds_per_character` is the time from the first sound to the last over the letters of `text` (schemas.letters;
    over 1 if it has none). A take that is silent all through is leading silence to its end.

    Raises ValueError for samples that are no numbers.
    """
    samples = pcm16(recording)
    edges = _edges(len(samples), recording.sample_rate)
    seconds = edges / recording.sample_rate
    sounding = runs(_sounding(samples, edges))
    leading, trailing, longest = _silences(sounding, seconds)
    return Sound(
        duration=recording.duration,
        leading_silence=leading,
        trailing_silence=trailing,
        longest_silence=longest,
        clipping=float(np.mean(np.abs(samples.astype(np.int32)) >= 32767)) if len(samples) else 0.0,
        rms=float(_decibel(_power(samples, np.array([0, len(samples)])))[0]),
        seconds_per_character=(recording.duration - leading - trailing) / max(1, letters(text)),
        waveform=waveform_digest(samples, recording.sample_rate),
    )


def waveform_digest(samples: NDArray[np.int16], sample_rate: int) -> str:
    """BLAKE2b of 128 bits, in hex, of the sample rate and the samples as little-endian int16."""
    digest = blake2b(sample_rate.to_bytes(4, "little"), digest_size=16)
    digest.update(samples.astype("<i2").tobytes())
    return digest.hexdigest()


def _edges(count: int, sample_rate: int) -> NDArray[np.int64]:
    """The samples at which frames begin, and the end [F + 1]; the last frame may be shorter than the others."""
    frames = -(-count * _FRAMES_PER_SECOND // sample_rate)
    edges: NDArray[np.int64] = np.rint(np.arange(frames + 1) * (sample_rate / _FRAMES_PER_SECOND)).astype(np.int64)
    edges[-1] = count
    return edges


def _power(samples: NDArray[np.int16], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean square between each edge and the next, [F]; 0 between equal edges."""
    total = np.concatenate([[0], np.cumsum(np.square(samples, dtype=np.int64))])
    power: NDArray[np.float64] = np.diff(total[edges]) / np.maximum(np.diff(edges), 1)
    return power


def _decibel(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """The level of a mean square of int16 samples, in dBFS: 0 for a full-scale square wave, −3 for a sine."""
    level: NDArray[np.float64] = 10 * np.log10(np.maximum(power / 32768.0**2, 10 ** (_QUIETEST / 10)))
    return level


def _sounding(samples: NDArray[np.int16], edges: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which frames are not silent, [F]."""
    level = _decibel(_power(samples, edges))
    if not len(level):
        return np.zeros(0, dtype=np.bool_)
    # first against the loudest frame, so that a short word in a long silence still sets the measure
    audible = level[level > max(level.max() - _SILENCE_BELOW_LOUD, _FLOOR)]
    if not len(audible):
        return np.zeros(len(level), dtype=np.bool_)
    sounding: NDArray[np.bool_] = level > max(float(np.quantile(audible, 0.95)) - _SILENCE_BELOW_LOUD, _FLOOR)
    return sounding


def _silences(sounding: NDArray[np.int64], seconds: NDArray[np.float64]) -> tuple[Seconds, Seconds, Seconds]:
    """The silence before the first sound, after the last, and the longest between two."""
    if not len(sounding):
        return float(seconds[-1]), 0.0, 0.0
    begins, ends = seconds[sounding[:, 0]], seconds[sounding[:, 1]]
    gaps = begins[1:] - ends[:-1]
    return float(begins[0]), float(seconds[-1] - ends[-1]), float(gaps.max(initial=0.0))
