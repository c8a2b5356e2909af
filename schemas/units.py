"""Discrete speech tokens."""

from typing import Literal

from pydantic import Field

from schemas.frozen import Frozen

Source = Literal["re-encoded", "generated"]
"""Units come from a tokenizer that listened to the take, or are those that the speaker made the take from."""


class UnitSequence(Frozen):
    """The units of one take: int [N] in 0..size−1, at the tokenizer's rate. `revision` names codebook or weights."""

    revision: str
    units: tuple[int, ...]
    source: Source = "re-encoded"


class GeneratedUnits(Frozen):
    """The units that a speech engine generated on its way to a take: kind, `rate` a second out of `size`."""

    kind: str
    revision: str
    rate: float = Field(gt=0)
    size: int = Field(gt=0)
    units: tuple[int, ...]
