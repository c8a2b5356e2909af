"""Draws that do not move.

Each choice is an exponential race: of the options, the one with the least −ln(u)/weight wins, where u is a uniform
number that depends on nothing but the seed, the name of the choice, the option and the brief's index. So brief i is the
same whoever draws it and however many there are, and changing one option's weight moves only briefs that go to or leave
that option. The numbers come from Philox (Salmon et al., SC 2011), a counter-based generator that can be asked for its
i-th number.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Weights = NDArray[np.float64]
Times = NDArray[np.float64]
Option = TypeVar("Option")

_WORDS_A_BLOCK = 4


def _key(*names: str | int) -> NDArray[np.uint64]:
    text = "\x1f".join(str(name) for name in names)
    return np.frombuffer(blake2b(text.encode(), digest_size=16).digest(), dtype=np.uint64)


def words(start: int, stop: int, *names: str | int) -> NDArray[np.uint64]:
    """The random words `start`..`stop` of the stream called `names`: uint64 [stop − start].

    >>> bool((words(5, 9, "a")[1:3] == words(6, 8, "a")).all())
    True
    """
    generator = np.random.Philox(key=_key(*names))
    generator.advance(start // _WORDS_A_BLOCK)
    skipped = start % _WORDS_A_BLOCK
    drawn: NDArray[np.uint64] = generator.random_raw(stop - start + skipped)
    return drawn[skipped:]


def uniforms(start: int, stop: int, *names: str | int) -> NDArray[np.float64]:
    """Numbers in (0, 1), never 0 or 1: float64 [stop − start]."""
    return ((words(start, stop, *names) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def finish(seed: int, field: str, options: Sequence[str], weights: Weights, start: int, stop: int) -> Times:
    """When each option would win for each brief start..stop−1: float64 [options, stop − start], the least first.

    `weights` is float64 [options] or, for weights that depend on the brief, [options, stop − start]. What has weight 0
    never does (infinity).
    """
    times = np.empty((len(options), stop - start))
    columns = np.broadcast_to(weights if weights.ndim == 2 else weights[:, None], times.shape)
    for row, option in enumerate(options):
        times[row] = -np.log(uniforms(start, stop, seed, field, option))
    with np.errstate(divide="ignore"):
        return np.where(columns > 0.0, times / columns, np.inf)


def race(seed: int, field: str, options: Sequence[str], weights: Weights, start: int, stop: int) -> Indices:
    """Which option wins for each brief: int64 [stop − start], positions in `options`; each needs one above 0."""
    winners: Indices = finish(seed, field, options, weights, start, stop).argmin(axis=0)
    return winners


def shares(weights: Mapping[Option, float]) -> dict[Option, float]:
    """The weights as parts of 1.

    >>> shares({"a": 1, "b": 3})
    {'a': 0.25, 'b': 0.75}
    """
    total = sum(weights.values())
    return {option: weight / total for option, weight in weights.items()}
