"""What a writer must do to be a backend of the write stage.

A backend is a module beside this one with

- `Settings`: a pydantic model that can be checked without the model's libraries,
- `VERSION`: raise it when the same commission would be written differently,
- `LANGUAGES`: those it writes, None for any,
- `identity(settings, pack)`: what all its texts depend on, as a fingerprint; settings that only say where and how fast,
  such as a server's address, are none of it,
- `reads(commission)`: what one text depends on of its commission,
- `build(settings, pack) -> Writer` (or `AsyncWriter`, if its entry in `backends.py` says that it waits for a server).

It is listed in `backends.py` and imported only when named.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from pydantic import Field

from pipeline.engine.failure import Failure
from schemas.brief import Brief, Kind
from schemas.dialogue import Written
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

    def write(self, commissions: Sequence[Commission]) -> Iterator[Written | Failure]:
        """Yield one dialogue a commission, in order, or why there is none."""
        ...


class AsyncWriter(Protocol):
    """A model server. Many commissions are asked for at once."""

    async def write_one(self, commission: Commission) -> Written | Failure:
        """The dialogue, or why there is none. Raises WarmlineError for what stops the whole run."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
