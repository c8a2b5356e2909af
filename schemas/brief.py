"""The plan of one dialogue."""

from typing import Literal

from pydantic import Field

from schemas.frozen import Frozen
from schemas.voice import Age, Gender, Role, Split

Kind = Literal["dialogue"]


class Speaker(Frozen):
    """One side of a brief: the voice drawn for it and the emotion it carries."""

    voice: str
    gender: Gender
    age: Age
    emotion: str
    intensity: float = Field(ge=0.0, le=2.0)


class Brief(Frozen):
    """What is to be written and who says it.

    Drawn from (`seed`, `index`) alone, so any slice of a plan can be made anywhere. `turns` counts both
    sides; the user begins and the assistant ends, so it is even. `text_seed` is what a writer draws from:
    it depends on seed and index only and stays when weights change.
    """

    id: str
    index: int = Field(ge=0)
    split: Split
    language: str
    kind: Kind
    situation: str
    user: Speaker
    assistant: Speaker
    turns: int = Field(ge=2, le=40, multiple_of=2)
    text_seed: int = Field(ge=0)

    def speaker(self, role: Role) -> Speaker:
        """The side of `role`."""
        return self.user if role is Role.USER else self.assistant
