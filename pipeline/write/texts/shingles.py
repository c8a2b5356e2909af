"""Runs of words as numbers: what near duplicates and overlaps are found by."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

_ROOM = 1 << 16


def hashes_of_runs(words: Sequence[str], length: int) -> Hashes:
    """One number for each run of `length` words, uint64 [words − length + 1]; none if there are fewer words.

    Words are hashed by blake2b, so the numbers are the same in every process; places are told apart by odd factors.
    """
    if len(words) < length:
        return np.empty(0, dtype=np.uint64)
    numbers = np.array([_hash(word) for word in words], dtype=np.uint64)
    runs = np.zeros(len(words) - length + 1, dtype=np.uint64)
    for place in range(length):
        runs = mixed(runs + numbers[place : len(words) - length + 1 + place])
    return runs


def mixed(numbers: Hashes) -> Hashes:
    """Every bit of a number spread over all of them (the finaliser of SplitMix64, Steele et al. 2014)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


@lru_cache(maxsize=_ROOM)
def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
