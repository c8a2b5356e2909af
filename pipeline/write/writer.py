"""What a writer must do to be a backend of the write stage.

A backend is a module beside this one with `Settings` (a pydantic model), `VERSION` (raise it when the same commission
would be written differently), `identity(pack)` (what else of the pack its texts depend on) and
`build(settings, pack) -> Writer`. It is listed in `backends.py` and imported only when named.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from pydantic import Field

from pipeline.engine.failure import Failure
from schemas.brief import Brief, Kind
from schemas.dialogue import Dialogue
from schemas.frozen import Frozen
from schemas.pack import Situation
from schemas.voice import Age, Gender, Role


class Character(Frozen):
    """One side as a writer needs to know it: no voice, since another voice does not change the words."""

    gender: Gender
    age: Age
    emotion: str
    intensity: float


class Commission(Frozen):
    """What is to be written: a brief without what the text does not depend on, and its situation in full."""

    language: str
    kind: Kind
    situation: Situation
    user: Character
    assistant: Character
    turns: int = Field(ge=2, multiple_of=2)
    text_seed: int


def commission(brief: Brief, situation: Situation) -> Commission:
    """The writer's part of a brief."""
    sides = {role: brief.speaker(role) for role in Role}
    characters = {
        role: Character(gender=side.gender, age=side.age, emotion=side.emotion, intensity=side.intensity)
        for role, side in sides.items()
    }
    return Commission(
        language=brief.language,
        kind=brief.kind,
        situation=situation,
        user=characters[Role.USER],
        assistant=characters[Role.ASSISTANT],
        turns=brief.turns,
        text_seed=brief.text_seed,
    )


class Writer(Protocol):
    """Turns commissions into dialogues."""

    def write(self, commissions: Sequence[Commission]) -> Iterator[Dialogue | Failure]:
        """Yield one dialogue a commission, in order, or why there is none."""
        ...
