"""Backend `kmeans`: MFCC frames at 25 a second, each named by the nearest of 1,024 centroids.

A stand-in for neural tokenizers that needs no weights: it keeps roughly what was said, at the price of most of how it
sounded. The codebook ships beside this file and is made by `python -m training.codebook`; every run uses the same one,
so another pack or another take never changes the units of this one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

import numpy as np

from pipeline.audio.features import Floats, mfcc
from pipeline.audio.recording import Recording, resample
from pipeline.engine.failure import Failure
from pipeline.units.encoder import Units
from pipeline.units.weights import settings_of
from schemas.frozen import Frozen
from schemas.run import UnitsBackend

VERSION = "1"
GENERATED = False
RATE = 25.0
SIZE = 1024
CODEBOOK = Path(__file__).with_name("kmeans_25hz_1024.npz")

_SAMPLE_RATE = 16000
_WINDOW = 0.05
_COUNT = 13


class Settings(Frozen):
    """There are none."""


def check(config: UnitsBackend) -> None:
    """Raises ValueError if the run file asks for a codebook that does not ship, or for settings."""
    settings_of(config, Settings)
    if (config.rate, config.size, config.codebooks) != (RATE, SIZE, 1):
        raise ValueError(f"kmeans has {RATE:g} units a second out of {SIZE}, not {config.rate:g} out of {config.size}")


def features(recording: Recording) -> Floats:
    """What is quantised: float32 [N, 13], N = duration × 25 rounded to the nearest (at least 1).

    The level's coefficient is counted from the recording's own mean and weighs half, since how loud a voice is says
    little of what it says.
    """
    cepstra = mfcc(resample(recording, _SAMPLE_RATE), RATE, _COUNT, _WINDOW)
    cepstra[:, 0] = 0.5 * (cepstra[:, 0] - cepstra[:, 0].mean())
    return cepstra


@dataclass(frozen=True)
class Codebook:
    """Centroids float32 [1024, 13]. `revision` is the digest of their bytes."""

    centroids: Floats
    revision: str

    def nearest(self, frames: Floats) -> Units:
        """The number of the nearest centroid to each frame: int32 [N]."""
        # |f − c|² = |f|² − 2 f·c + |c|², and |f|² is the same for every centroid
        distances = np.square(self.centroids).sum(axis=1) - 2.0 * frames @ self.centroids.T
        numbers: Units = distances.argmin(axis=1).astype(np.int32)
        return numbers


@cache
def codebook() -> Codebook:
    """The codebook that ships."""
    with np.load(CODEBOOK, allow_pickle=False) as stored:
        centroids: Floats = stored["centroids"]
    return Codebook(centroids, blake2b(centroids.tobytes(), digest_size=8).hexdigest())


def identity(_: UnitsBackend) -> str:
    """The codebook, on which all units depend."""
    return codebook().revision


def build(config: UnitsBackend) -> "KMeansEncoder":
    """Load the codebook. Raises ValueError if the run file asks for another one."""
    check(config)
    return KMeansEncoder(codebook())


class KMeansEncoder:
    """See the module."""

    rate = RATE
    size = SIZE
    codebooks = 1

    def __init__(self, book: Codebook) -> None:
        self._book = book
        self.revision = book.revision

    def encode(self, recordings: Iterable[Recording]) -> Iterator[Units | Failure]:
        """Yield int32 [N] a recording, in order."""
        for recording in recordings:
            if len(recording.audio) == 0:
                yield Failure("there is no audio to encode")
            else:
                yield self._book.nearest(features(recording))
