"""Discrete speech tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from schemas.frozen import Frozen

Source = Literal["re-encoded", "generated"]
"""Units come from a tokenizer that listened to the take, or are those that the speaker made the take from."""


@dataclass(frozen=True)
class Kind:
    """What a tokenizer gives if a run file says nothing else: frames a second, codes in a book, books in a frame."""

    rate: float
    size: int
    codebooks: int = 1


KINDS: Mapping[str, Kind] = {
    "kmeans": Kind(25.0, 1024),
    "s3": Kind(25.0, 6561),
    "glm4voice": Kind(12.5, 16384),
    "mimi": Kind(12.5, 2048, codebooks=8),
}
"""The kinds that ship."""


class UnitSequence(Frozen):
    """The units of one take: int [N × codebooks] in 0..size−1, frame by frame, at the tokenizer's frames per second.

    `revision` names codebook or weights. Of several codebooks a frame's codes stand side by side, the first book first.
    """

    revision: str
    units: tuple[int, ...]
    source: Source = "re-encoded"
    codebooks: int = Field(default=1, ge=1)


class GeneratedUnits(Frozen):
    """The units that a speech engine generated on its way to a take: kind, `rate` a second out of `size`."""

    kind: str
    revision: str
    rate: float = Field(gt=0)
    size: int = Field(gt=0)
    units: tuple[int, ...]
