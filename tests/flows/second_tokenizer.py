"""Stands in for a second tokenizer that needs no weights: 12.5 frames a second of two codes, how loud each half is.

Kept to the contract of pipeline.units.encoder. `enlist` makes a folder that, on PYTHONPATH, has every process of a run
know it as `loudness`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pipeline.audio.features import rms
from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.units.encoder import Units
from schemas.run import UnitsBackend

VERSION = "1"
GENERATED = False
CODES = 16


def check(config: UnitsBackend) -> None:
    """Raises ValueError for any other rate, size or number of codebooks."""
    if (config.rate, config.size, config.codebooks) != (12.5, CODES, 2):
        raise ValueError("loudness has 12.5 frames a second of 2 codes out of 16")


def identity(_: UnitsBackend) -> str:
    """Nothing."""
    return ""


class Loudness:
    """See the module."""

    revision = "stand-in"
    rate = 12.5
    size = CODES
    codebooks = 2

    def encode(self, recordings: Iterable[Recording]) -> Iterator[Units | Failure]:
        for recording in recordings:
            levels = rms(recording, rate=25.0)
            whole = levels[: len(levels) // 2 * 2]
            yield np.clip((whole + 100) / 100 * CODES, 0, CODES - 1).astype(np.int32)


def build(_: UnitsBackend) -> Loudness:
    """The tokenizer."""
    return Loudness()


def enlist(folder: Path) -> Path:
    """Write the folder."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "from pipeline.engine.backends import Entry\n"
        "from pipeline.units.backends import ENCODERS\n"
        f"ENCODERS.entries['loudness'] = Entry({__name__!r}, (), 'comes with the tests')\n"
    )
    return folder
