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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pydantic import Field

from pipeline.engine.failure import Failure
from schemas.brief import Arc, Brief, Character, Kind, Speaker
from schemas.dialogue import Written
from schemas.frozen import Frozen
from schemas.pack import Pack, Situation
from schemas.voice import Role


class Member(Frozen):
    """The sides of one dialogue of a contrast set."""

    user: Character
    assistant: Character


class Commission(Frozen):
    """What is to be written: a brief without what the text does not depend on, and its situation in full.

    `words` bounds how much is said in a turn; None: it is not said. A contrast set is written as one: all its briefs
    have the same commission, with all `members`; `user` and `assistant` are the first's.
    """

    language: str
    kind: Kind
    situation: Situation
    user: Character
    assistant: Character
    turns: int = Field(ge=2, multiple_of=2)
    text_seed: int
    arc: Arc = Arc.STEADY
    words: tuple[int, int] | None = None
    members: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Commissions:
    """The commissions of one pack's briefs."""

    pack: Pack

    def of(self, brief: Brief) -> Commission:
        """The writer's part of a brief."""
        members = tuple(
            Member(user=self._character(user, Role.USER), assistant=self._character(assistant, Role.ASSISTANT))
            for user, assistant in brief.members
        )
        user, assistant = brief.members[0] if brief.members else (brief.user, brief.assistant)
        return Commission(
            language=brief.language,
            kind=brief.kind,
            situation=self._situations[brief.situation],
            user=self._character(user, Role.USER),
            assistant=self._character(assistant, Role.ASSISTANT),
            turns=brief.turns,
            text_seed=brief.text_seed,
            arc=brief.arc,
            words=self.pack.lengths[brief.length].words if brief.length else None,
            members=members,
        )

    def _character(self, side: Speaker, role: Role) -> Character:
        return Character(
            gender=side.gender,
            age=side.age,
            emotion=side.emotion,
            intensity=side.intensity,
            path=side.path,
            persona=self._personas[role][side.persona] if side.persona else "",
        )

    @cached_property
    def _situations(self) -> Mapping[str, Situation]:
        return {situation.id: situation for situation in self.pack.situations}

    @cached_property
    def _personas(self) -> Mapping[Role, Mapping[str, str]]:
        sides = {Role.USER: self.pack.personas.user, Role.ASSISTANT: self.pack.personas.assistant}
        return {role: {one.id: one.about for one in personas} for role, personas in sides.items()}


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
