"""Discrete speech tokens."""

from schemas.frozen import Frozen


class UnitSequence(Frozen):
    """The units of one take: int [N] in 0..size−1, at the tokenizer's rate. `revision` names codebook or weights."""

    revision: str
    units: tuple[int, ...]
