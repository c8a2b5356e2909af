"""Whisper's log-mel features: 100 frames a second, 25 ms windows, Slaney's mel scale up to 8 kHz.

Equal to `transformers.WhisperFeatureExtractor` (Radford et al. 2022, section 2.2, says what they are). torch is
imported when features are asked for.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from schemas.frozen import Hertz

if TYPE_CHECKING:
    import torch

SAMPLE_RATE: Hertz = 16000
HOP = 160
WINDOW = 400

_HIGHEST = 8000.0
_BREAK, _LINEAR, _OCTAVE = 1000.0, 200.0 / 3, np.log(6.4) / 27
"""Slaney's scale: 200/3 Hz a mel up to 1 kHz, above it 27 mels to each factor of 6.4."""


def log_mel(audio: "torch.Tensor", bands: int) -> "torch.Tensor":
    """float32 [bands, T // 160] of samples [T], T above 200, on the device where they are.

    Everything more than 80 dB below the loudest band is silence, so a frame depends on the loudest one.
    """
    import torch

    window = torch.hann_window(WINDOW, device=audio.device)
    spectrum = torch.stft(audio, WINDOW, HOP, window=window, return_complex=True)
    power = (spectrum[:, :-1].abs() ** 2).contiguous()
    filters = torch.from_numpy(mel_filters(bands)).to(audio.device)
    level = torch.clamp(filters.T @ power, min=1e-10).log10()
    level = torch.maximum(level, level.max() - 8.0)
    return (level + 4.0) / 4.0


@cache
def mel_filters(bands: int) -> NDArray[np.float32]:
    """Triangles of equal area, float32 [201, bands]."""
    corners = _hertz(np.linspace(0.0, _mel(_HIGHEST), bands + 2))
    bins = np.linspace(0.0, SAMPLE_RATE / 2, WINDOW // 2 + 1)[:, None]
    up = (bins - corners[:-2]) / np.diff(corners)[:-1]
    down = (corners[2:] - bins) / np.diff(corners)[1:]
    triangles = np.maximum(0.0, np.minimum(up, down))
    return (triangles * 2.0 / (corners[2:] - corners[:-2])).astype(np.float32)


def _mel(hertz: float) -> float:
    return hertz / _LINEAR if hertz < _BREAK else _BREAK / _LINEAR + float(np.log(hertz / _BREAK) / _OCTAVE)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = _BREAK / _LINEAR
    high = _BREAK * np.exp(_OCTAVE * (np.maximum(mels, bend) - bend))
    curve: NDArray[np.float64] = np.where(mels < bend, mels * _LINEAR, high)
    return curve
