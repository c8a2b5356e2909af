"""The written text of a brief."""

from pydantic import Field

from schemas.frozen import Frozen
from schemas.voice import Role


class Turn(Frozen):
    """One side's utterance: what is said, and with which emotion at what intensity (see Delivery)."""

    role: Role
    text: str = Field(min_length=1)
    emotion: str
    intensity: float = Field(ge=0.0, le=2.0)


class Dialogue(Frozen):
    """Turns in the order they are spoken."""

    turns: tuple[Turn, ...] = Field(min_length=1)
