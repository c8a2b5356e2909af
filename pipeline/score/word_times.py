"""Word times out of the times of what the words consist of: letters, or the words of a dictionary."""

from collections.abc import Sequence
from itertools import accumulate

from schemas.frozen import Seconds
from schemas.take import Word

Stretch = tuple[Seconds, Seconds]
"""When something begins and ends."""


def timed(words: Sequence[str], parts: Sequence[int], stretches: Sequence[Stretch], end: Seconds) -> tuple[Word, ...]:
    """Each word from the start of its first part to the end of its last; `parts` says how many each consists of.

    A word of none lies between its neighbours. `end` is that of the sound.

    >>> [(word.start, word.end) for word in timed(["Oh,", "—", "twenty-one!"], [1, 0, 2], [(0, 1), (2, 3), (3, 4)], 5)]
    [(0.0, 1.0), (1.0, 2.0), (2.0, 4.0)]
    """
    found: list[Word] = []
    for word, count, after in zip(words, parts, accumulate(parts), strict=True):
        if count:
            start, stop = stretches[after - count][0], stretches[after - 1][1]
        else:
            start = found[-1].end if found else 0.0
            stop = stretches[after][0] if after < len(stretches) else end
        found.append(Word(text=word, start=min(start, end), end=min(stop, end)))
    return tuple(found)
