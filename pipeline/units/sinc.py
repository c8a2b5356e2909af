"""Resampling by a windowed sinc, sample for sample as torchaudio's `Resample` does with its own settings.

Tokenizers whose public code resamples so get the same samples here, and with them the same units. The kernel is a sinc
of six zero crossings to each side at 0.99 of the lower Nyquist frequency under a Hann window (Smith, "Digital Audio
Resampling Home Page").
"""

from functools import cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.recording import Recording
from schemas.frozen import Hertz

_CROSSINGS = 6
_ROLLOFF = 0.99


def resample_by_sinc(recording: Recording, rate: Hertz) -> Recording:
    """The same sound at `rate`, `ceil(T · rate / old rate)` samples; the recording itself if it is there already."""
    if rate == recording.sample_rate:
        return recording
    common = gcd(rate, recording.sample_rate)
    old, new = recording.sample_rate // common, rate // common
    kernels, reach = _kernels(old, new)
    padded = np.pad(recording.audio.astype(np.float32), (reach, reach + old))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernels.shape[1])[::old]
    length = ceil(len(recording.audio) * new / old)
    return Recording((windows @ kernels.T).reshape(-1)[:length], rate)


@cache
def _kernels(old: int, new: int) -> tuple[NDArray[np.float32], int]:
    """One kernel for each of `new` places between two steps of `old` samples: float32 [new, K]; and its reach."""
    cutoff = min(old, new) * _ROLLOFF
    reach = ceil(_CROSSINGS * old / cutoff)
    places = (np.arange(new) / new).astype(np.float32)  # rounded so there, which 22.05 kHz hears in the last bits
    times = np.arange(-reach, reach + old) / old - places[:, None].astype(np.float64)
    times = np.clip(times * cutoff, -_CROSSINGS, _CROSSINGS)
    window = np.square(np.cos(np.pi * times / _CROSSINGS / 2))
    return (np.sinc(times) * window * cutoff / old).astype(np.float32), reach
