"""What a writer must do to be a backend of the write stage.

A backend is a module beside this one with

- `Settings`: a pydantic model that can be checked without the model's libraries,
- `VERSION`: raise it when the same commission would be written differently,
- `LANGUAGES`: those it writes, None for any,
- `identity(settings, pack)`: what all its texts depend on, as a fingerprint; settings that only say where and how fast,
  such as a server's address, are none of it,
- `reads(commission)`: what one text depends on of its commission,
- `needs(pack)`: what the pack lacks for it, each in a sentence,
- `beyond(settings, pack)`: what of the pack's writing it cannot ask for, each with its path in the pack,
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

Tags = Mapping[str, tuple[str, ...]]
"""Emotion → the inline sounds that its delivery allows in a text (laughter, for [laughter]), if it allows any."""


def tags_of(pack: Pack) -> Tags:
    """The sounds that the pack's deliveries allow, by emotion."""
    return {emotion: style.tags for emotion, style in pack.deliveries.items() if style.tags}


def sounds_of(tags: Tags) -> frozenset[str]:
    """All of them, of whatever emotion."""
    return frozenset(tag for own in tags.values() for tag in own)


class Member(Frozen):
    """The sides of one dialogue of a contrast set."""

    user: Character
    assistant: Character


class Commission(Frozen):
    """What is to be written: a brief without what the text does not depend on, and its situation in full.

    `words` bounds how much is said in a turn; None: it is not said. `tags` are the inline sounds that its texts may
    hold, by emotion: of those of its emotions whose delivery has any. A contrast set is written as one: all its briefs
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
    tags: Mapping[str, tuple[str, ...]] = {}
    members: tuple[Member, ...] = ()

    def sides(self, role: Role) -> tuple[Character, ...]:
        """Who plays this side: one, or each member's of a contrast set."""
        both = self.members or (self,)
        return tuple(one.user if role is Role.USER else one.assistant for one in both)


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
        felt = {
            emotion
            for sides in brief.members or ((user, assistant),)
            for side in sides
            for emotion in side.path or (side.emotion,)
        }
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
            tags={emotion: tags for emotion, tags in self._tags.items() if emotion in felt},
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
    def _tags(self) -> Tags:
        return tags_of(self.pack)

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
