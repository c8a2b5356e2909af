"""A text in a hundred bytes, by which its likeness to any other text can be told (MinHash, Broder 1997)."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from pipeline.write.texts.said import folded, in_tokens, tokens
from pipeline.write.texts.shingles import hashes_of_runs, mixed

SIZE = 100
"""Bytes of a sketch. The likeness that two sketches tell is right to ±0.04 (one standard deviation, at 0.8)."""

_RUN = 3
_KEPT_BITS = np.uint64(24)
_CHANCE = 1 / 256
"""How often two bytes agree by accident."""

SketchArray = npt.NDArray[np.uint8]


def _factors(name: str) -> npt.NDArray[np.uint64]:
    digests = (blake2b(f"{name}{place}".encode(), digest_size=8).digest() for place in range(SIZE))
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


_MULTIPLIERS = _factors("multiplier") | np.uint64(1)
_ADDENDS = _factors("addend")


def sketch(texts: Sequence[str], language: str) -> bytes:
    """The sketch of some texts taken together: of each, its runs of three words (five characters without spaces).

    Order does not count, nor case, nor punctuation. Texts shorter than a run are one run. b"" where no word is said.

    >>> likeness(sketch(["I lost my keys, on the bus."], "en"), sketch(["i lost my keys on the bus"], "en"))
    1.0
    """
    runs = [_runs(tokens(folded(text)), in_tokens(_RUN, language)) for text in texts]
    numbers = np.concatenate([*runs, np.empty(0, dtype=np.uint64)])
    if not len(numbers):
        return b""
    lowest: npt.NDArray[np.uint64] = (np.unique(numbers)[:, None] * _MULTIPLIERS + _ADDENDS).min(axis=0)
    return (lowest >> _KEPT_BITS).astype(np.uint8).tobytes()


def likeness(one: bytes, other: bytes) -> float:
    """The part of their runs that two texts share (Jaccard), as their sketches tell it; 0..1."""
    if not one or not other:
        return 0.0
    return float(likenesses(np.frombuffer(one, dtype=np.uint8), np.frombuffer(other, dtype=np.uint8)[None])[0])


def likenesses(one: SketchArray, others: SketchArray) -> npt.NDArray[np.float64]:
    """The same for one sketch [SIZE] against many [n, SIZE]: [n]."""
    agreeing: npt.NDArray[np.float64] = np.mean(others == one, axis=1)
    return np.maximum((agreeing - _CHANCE) / (1 - _CHANCE), 0.0)


def _runs(words: Sequence[str], length: int) -> npt.NDArray[np.uint64]:
    if not words or len(words) >= length:
        return hashes_of_runs(words, length)
    return mixed(hashes_of_runs(["", *words], len(words) + 1))
