"""Takes in a ledger of their own."""

from pathlib import Path

import numpy as np

from pipeline.audio.recording import Recording, encode_flac
from pipeline.engine.ledger import Entry, Ledger, Place, write_part
from pipeline.engine.storage import Folder


def noise(seconds: float, rate: int = 16000, level: float = 0.2) -> Recording:
    samples = np.random.default_rng(1).normal(0.0, level, round(seconds * rate)).astype(np.float32)
    return Recording(samples, rate)


def keep(folder: Path, *seconds: float) -> list[Place]:
    """Where takes of noise lie, one for each length."""
    entries = [Entry(str(number), "{}", encode_flac(noise(length))) for number, length in enumerate(seconds)]
    where = Folder(str(folder / "speak"))
    write_part(where, "speak", entries)
    ledger = Ledger(where, "speak").open()
    return [ledger.place(entry.key) for entry in entries]
