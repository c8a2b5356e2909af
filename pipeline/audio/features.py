"""Frame features in plain numpy: energy, log-mel, MFCC, and the fundamental frequency.

Every function takes `rate`, frames per second, and gives frame i for the moment (i + ½)/rate, with
`frame_count(recording, rate)` of them, so that features of one rate line up with each other and with speech units.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.recording import Recording
from schemas.frozen import Hertz, Seconds

Floats = NDArray[np.float32]
"""float32, of the shape that the function says."""

_BLOCK = 256
"""Frames whose autocorrelation is held at once: a take's memory does not grow with its length."""

_FLOOR = 1e-10
"""Power below which everything is silence (−100 dB of full scale)."""


def frame_count(recording: Recording, rate: float) -> int:
    """Frames in a recording: its duration in frame periods, rounded to the nearest; at least 1."""
    return max(1, round(recording.duration * rate))


def frames(recording: Recording, rate: float, window: Seconds) -> Floats:
    """Cut into overlapping frames, [N, samples in `window`]; beyond the edges there is silence."""
    return _cut(recording, rate, window, frame_count(recording, rate))


def _cut(recording: Recording, rate: float, window: Seconds, count: int) -> Floats:
    size = round(window * recording.sample_rate)
    # the signal is padded by half a window, so a frame around a moment starts at that moment
    starts = np.round((np.arange(count) + 0.5) * recording.sample_rate / rate).astype(np.int64)
    padded = np.zeros(max(len(recording.audio), int(starts[-1])) + size, dtype=np.float32)
    padded[size // 2 : size // 2 + len(recording.audio)] = recording.audio
    cut: Floats = np.lib.stride_tricks.sliding_window_view(padded, size)[starts]
    return cut


def runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The runs of True in a mask, int64 [R, 2]: where each begins, and the place after its last."""
    edges: NDArray[np.int64] = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return edges.reshape(-1, 2)


def rms(recording: Recording, rate: float = 100.0, window: Seconds = 0.025) -> Floats:
    """Root mean square of each frame in dB of full scale, [N]; −100 for digital silence."""
    power = np.mean(np.square(frames(recording, rate, window)), axis=1)
    return _decibel(power)


def log_mel(recording: Recording, rate: float = 100.0, count: int = 40, window: Seconds = 0.025) -> Floats:
    """Log power in `count` mel bands from 60 Hz to 7.6 kHz (or 95% of half the sample rate), in dB, [N, count].

    The mel scale is 2595·log10(1 + f/700) (O'Shaughnessy 1987), the window Hann's.
    """
    cut = frames(recording, rate, window)
    size = _fft_size(cut.shape[1])
    power = np.square(np.abs(np.fft.rfft(cut * _hann(cut.shape[1]), size, axis=1))) / cut.shape[1]
    return _decibel(power @ _mel_filters(recording.sample_rate, size, count))


def mfcc(
    recording: Recording, rate: float = 100.0, count: int = 13, window: Seconds = 0.025, bands: int = 40
) -> Floats:
    """The first `count` cepstral coefficients of the log-mel bands, orthonormal DCT-II of dB, [N, count].

    Coefficient 0 is the level. For few frames a second give a `window` of about their period, or sound between the
    frames is passed over.
    """
    return log_mel(recording, rate, bands, window) @ _dct(bands, count)


def fundamental(recording: Recording, rate: float = 100.0, lowest: float = 55.0, highest: float = 500.0) -> Floats:
    """The fundamental frequency of each frame in hertz, [N]; NaN where the frame has no clear pitch.

    Autocorrelation of the windowed frame over that of the window (Boersma 1993, Proc. IFA 17), at about 11 kHz; the
    earliest of the peaks nearly as high as the highest is taken, which avoids octave drops. A median over 50 ms takes
    out single wild frames.
    """
    slow = _halved(recording)
    cut = _cut(slow, rate, 2.6 / lowest, frame_count(recording, rate))
    first, last = int(slow.sample_rate / highest), int(slow.sample_rate / lowest) + 1
    blocks = [_lags(cut[start : start + _BLOCK], first, last) for start in range(0, len(cut), _BLOCK)]
    lag, height = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    power = np.mean(np.square(cut), axis=1)
    voiced = (height > 0.5) & (power > 10**-4.5 * np.quantile(power, 0.95))
    return _median(np.where(voiced, slow.sample_rate / lag, np.nan).astype(np.float32))


def _lags(cut: Floats, first: int, last: int) -> tuple[Floats, Floats]:
    """The lag of each frame's earliest high peak of autocorrelation in first..last, and its highest peak's height."""
    likeness = _autocorrelation(cut)
    peaks = (likeness[:, 1:-1] >= likeness[:, :-2]) & (likeness[:, 1:-1] > likeness[:, 2:])
    heights = np.where(peaks, likeness[:, 1:-1], 0.0)[:, first - 1 : last]
    highest_peak: Floats = heights.max(axis=1)
    lag = first + np.argmax(heights >= 0.9 * highest_peak[:, None], axis=1)
    return _refined(likeness, lag), highest_peak


def _autocorrelation(cut: Floats) -> Floats:
    """Normalised autocorrelation [N, half the window] of each frame: 1 at lag 0, without the window's own slope."""
    size = cut.shape[1]
    window = _hann(size)
    centred = (cut - cut.mean(axis=1, keepdims=True)) * window
    both = np.vstack([centred, window[None, :]])
    power = np.square(np.abs(np.fft.rfft(both, _fft_size(size * 3 // 2), axis=1)))
    product = np.fft.irfft(power, axis=1)[:, : size // 2]
    product = product / np.maximum(product[:, :1], _FLOOR)
    likeness: Floats = (product[:-1] / product[-1]).astype(np.float32)
    return likeness


def _refined(likeness: Floats, lag: NDArray[np.int64]) -> Floats:
    """The lag of each peak to a part of a sample: the top of the parabola through it and its neighbours."""
    left, middle, right = (np.take_along_axis(likeness, (lag + step)[:, None], axis=1)[:, 0] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.where(bend < -1e-6, 0.5 * (left - right) / np.minimum(bend, -1e-6), 0.0)
    refined: Floats = (lag + np.clip(shift, -1.0, 1.0)).astype(np.float32)
    return refined


def _median(track: Floats, width: int = 5) -> Floats:
    """Running median of the voiced frames around each voiced frame; a voiced frame with none beside it is dropped."""
    padded = np.pad(track, width // 2, constant_values=np.nan)
    around = np.sort(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)  # NaN sorts last
    voiced = np.count_nonzero(~np.isnan(around), axis=1)
    middle = np.take_along_axis(around, np.maximum(voiced - 1, 0)[:, None] // 2, axis=1)[:, 0]
    smooth: Floats = np.where(np.isnan(track) | (voiced < 3), np.nan, middle).astype(np.float32)
    return smooth


def _halved(recording: Recording) -> Recording:
    """The recording at a sample rate below 16 kHz, pairs of samples averaged; as it is if it already is."""
    if recording.sample_rate < 16000:
        return recording
    even = recording.audio[: len(recording.audio) // 2 * 2]
    return _halved(Recording(even.reshape(-1, 2).mean(axis=1), recording.sample_rate // 2))


def _decibel(power: NDArray[np.floating]) -> Floats:
    level: Floats = (10 * np.log10(np.maximum(power, _FLOOR))).astype(np.float32)
    return level


def _fft_size(size: int) -> int:
    return 1 << (size - 1).bit_length()


@cache
def _hann(size: int) -> Floats:
    window: Floats = np.hanning(size + 2)[1:-1].astype(np.float32)
    return window


@cache
def _mel_filters(sample_rate: Hertz, size: int, count: int) -> Floats:
    """Triangular filters of unit sum, [size // 2 + 1, count]."""
    limits = np.array([60.0, min(7600.0, 0.475 * sample_rate)])
    mel = 2595 * np.log10(1 + limits / 700)
    corners = 700 * (10 ** (np.linspace(mel[0], mel[1], count + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(size, 1 / sample_rate)[:, None]
    up = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    down = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    filters = np.maximum(0.0, np.minimum(up, down))
    normal: Floats = (filters / np.maximum(filters.sum(axis=0), _FLOOR)).astype(np.float32)
    return normal


@cache
def _dct(bands: int, count: int) -> Floats:
    """Orthonormal DCT-II, [bands, count]."""
    angles = np.pi / bands * (np.arange(bands)[:, None] + 0.5) * np.arange(count)
    scale = np.where(np.arange(count) == 0, np.sqrt(1 / bands), np.sqrt(2 / bands))
    matrix: Floats = (np.cos(angles) * scale).astype(np.float32)
    return matrix
