"""What can be seen to be wrong with a sequence of units without hearing it."""

from collections.abc import Sequence

from schemas.frozen import Seconds

SLACK = 2
"""Frames by which a sequence may miss its take's duration: tokenizers round up, and each window of a long take anew."""


def objection(units: Sequence[int], duration: Seconds, rate: float, size: int, codebooks: int = 1) -> str | None:
    """Why these cannot be the units of a take of that duration; None if they can.

    >>> objection([1, 2, 9], 0.12, rate=25, size=8)
    'units outside 0..7'
    >>> objection([1] * 30, 1.0, rate=25, size=8)
    '30 frames of units in 1.00 s: 25 a second are 25'
    """
    if units and not 0 <= min(units) <= max(units) < size:
        return f"units outside 0..{size - 1}"
    if len(units) % codebooks:
        return f"{len(units)} units cannot be frames of {codebooks} codebooks"
    count, due = len(units) // codebooks, duration * rate
    if abs(count - due) > SLACK:
        return f"{count} frames of units in {duration:.2f} s: {rate:g} a second are {due:.0f}"
    return None
