"""How an utterance is spoken, as one vector: pitch and its movement, loudness, tempo, pauses, tone of voice.

Nothing here looks at the words. The measures follow what studies of acted emotion agree on (Banse and Scherer 1996;
Juslin and Laukka 2003): level and range of pitch, its slope and end, intensity, articulation rate, pauses, and energy
at high frequencies.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.features import Floats, fundamental, log_mel, rms, runs
from pipeline.audio.recording import Recording

_RATE = 100.0
_BANDS = 24
_LEAST_VOICED = 0.25
"""Seconds of voice under which there is no prosody to speak of."""

NAMES = (
    "pitch_mean", "pitch_low", "pitch_median", "pitch_high", "pitch_spread", "pitch_slope", "pitch_fall",
    "pitch_end", "pitch_last", "pitch_step", "pitch_motion", "tremor_slow", "tremor_fast",
    "level_mean", "level_high", "level_spread", "level_slope", "level_end",
    "nuclei", "nucleus_length", "flux", "voiced_share", "silent_share", "pause_mean", "pause_longest",
    "gap_count", "gap_share", "tilt", "tilt_spread", *(f"band_{index}" for index in range(8)),
)  # fmt: skip
"""What each number of the vector is: semitones, dB, seconds, per second, or shares."""


class TooLittleVoiceError(ValueError):
    """The recording is too short, silent or unvoiced to have a prosody."""


def measure(recording: Recording) -> NDArray[np.float64]:
    """The vector of one utterance, float64 [len(NAMES)]. Raises TooLittleVoiceError."""
    pitch = fundamental(recording, _RATE)
    voiced = ~np.isnan(pitch)
    if np.count_nonzero(voiced) < _LEAST_VOICED * _RATE:
        seconds = np.count_nonzero(voiced) / _RATE
        raise TooLittleVoiceError(f"only {seconds:.2f} s of voice in {recording.duration:.2f} s of sound")
    level = rms(recording, _RATE)
    mel = log_mel(recording, _RATE, _BANDS)
    semitones = 12 * np.log2(np.where(voiced, pitch, 1.0) / 100.0)
    loud = level > np.quantile(level, 0.95) - 35.0
    first, last = np.flatnonzero(loud)[[0, -1]]
    inside = slice(first, last + 1)
    return np.concatenate(
        [
            _pitch(semitones[inside], voiced[inside]),
            _tremor(semitones[inside], voiced[inside]),
            _level(level[inside], voiced[inside]),
            _tempo(mel[inside], level[inside], voiced[inside], loud[inside]),
            _pauses(loud[inside]),
            _tone(mel[inside], voiced[inside] & loud[inside]),
        ]
    )


def _pitch(semitones: NDArray[np.float64], voiced: NDArray[np.bool_]) -> NDArray[np.float64]:
    times = np.flatnonzero(voiced) / _RATE
    track = semitones[voiced]
    low, median, high = np.quantile(track, [0.1, 0.5, 0.9])
    slope = np.polyfit(times, track, 1)[0] if len(track) > 1 else 0.0
    third = max(1, len(track) // 3)
    end = track[-max(1, min(25, len(track) // 4)) :]
    before = track[-75 : -len(end)] if len(track) > len(end) else track
    motion = np.abs(np.diff(track))[np.diff(times) < 1.5 / _RATE]
    return np.array(
        [
            track.mean(), low, median, high, track.std(), slope, track[-third:].mean() - track[:third].mean(),
            end.mean() - median, track[-5:].mean() - median, end.mean() - before.mean(),
            motion.mean() * _RATE if len(motion) else 0.0,
        ]
    )  # fmt: skip


def _tremor(semitones: NDArray[np.float64], voiced: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far pitch swings, in semitones, at 4 to 8 Hz and faster, where voice lasts long enough to tell."""
    swings = []
    for width in (19, 9):
        kernel = np.ones(width) / width
        smooth = np.convolve(semitones, kernel, mode="same")
        whole = np.convolve(voiced, kernel, mode="same") > 1 - 1e-6
        rest = (semitones - smooth)[whole]
        swings.append(float(np.sqrt(np.mean(np.square(rest)))) if len(rest) else 0.0)
    return np.array(swings)


def _level(level: Floats, voiced: NDArray[np.bool_]) -> NDArray[np.float64]:
    track = level[voiced].astype(np.float64)
    times = np.flatnonzero(voiced) / _RATE
    slope = np.polyfit(times, track, 1)[0]
    end = track[-max(1, min(25, len(track) // 4)) :]
    return np.array([track.mean(), np.quantile(track, 0.9), track.std(), slope, end.mean() - track.mean()])


def _tempo(mel: Floats, level: Floats, voiced: NDArray[np.bool_], loud: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Syllable nuclei a second of speech, their length in seconds, change of spectrum, share of voice."""
    envelope = np.convolve(np.maximum(level, level.max() - 40), np.hanning(9) / np.hanning(9).sum(), mode="same")
    middle = envelope[1:-1]
    peaks = (middle > envelope[:-2]) & (middle >= envelope[2:]) & voiced[1:-1]
    speech = max(int(np.count_nonzero(loud)), 1) / _RATE
    lengths = _runs(voiced)
    shape = np.maximum(mel, mel.max() - 60)
    flux = np.abs(np.diff(shape, axis=0)).mean(axis=1)[loud[1:]]
    return np.array(
        [
            np.log(max(int(np.count_nonzero(peaks)), 1) / speech),
            np.log(np.mean(lengths) / _RATE),
            flux.mean() if len(flux) else 0.0,
            np.count_nonzero(voiced) / _RATE / speech,
        ]
    )


def _pauses(loud: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of silence; mean and longest pause (from 0.15 s); count a second and share of shorter gaps."""
    silences = _runs(~loud) / _RATE
    pauses, gaps = silences[silences >= 0.15], silences[(silences >= 0.03) & (silences < 0.15)]
    total = len(loud) / _RATE
    return np.array(
        [
            silences.sum() / total,
            pauses.mean() if len(pauses) else 0.0,
            pauses.max() if len(pauses) else 0.0,
            len(gaps) / total,
            gaps.sum() / total,
        ]
    )


def _tone(mel: Floats, voiced: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Spectral tilt of voice in dB, its spread, and the average spectrum in 8 bands about its mean."""
    spectrum = mel[voiced].astype(np.float64)
    if not len(spectrum):
        raise TooLittleVoiceError("no voice is louder than the rest of the sound")
    tilt = spectrum[:, 13:22].mean(axis=1) - spectrum[:, 2:8].mean(axis=1)
    bands = spectrum.mean(axis=0).reshape(8, -1).mean(axis=1)
    return np.concatenate([[tilt.mean(), tilt.std()], bands - bands.mean()])


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Lengths of the runs of True."""
    return np.diff(runs(mask), axis=1)[:, 0].astype(np.float64)
