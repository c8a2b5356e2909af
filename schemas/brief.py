"""The plan of one dialogue."""

from enum import StrEnum

from pydantic import Field

from schemas.frozen import Frozen
from schemas.voice import Age, Gender, Role, Split


class Kind(StrEnum):
    """What a row trains.

    `dialogue`: several exchanges, both sides spoken. `reply`: one exchange. `text_input`: the user types, so only the
    replies are spoken. `instruction`: one exchange about anything at all, where feeling plays no part.
    """

    DIALOGUE = "dialogue"
    REPLY = "reply"
    TEXT_INPUT = "text_input"
    INSTRUCTION = "instruction"

    @property
    def is_single(self) -> bool:
        """Whether there is one exchange, whatever `turns` says."""
        return self in {Kind.REPLY, Kind.INSTRUCTION}


class Arc(StrEnum):
    """How the user's emotion moves over the turns."""

    STEADY = "steady"
    BETTER = "better"
    WORSE = "worse"
    MIXED = "mixed"


class Speaker(Frozen):
    """One side of a brief: the voice drawn for it and the emotion it carries.

    `emotion` is that of its first turn; `path` has one for each of its turns where they differ.
    """

    voice: str
    gender: Gender
    age: Age
    emotion: str
    intensity: float = Field(ge=0.0, le=2.0)
    path: tuple[str, ...] = ()
    persona: str = ""

    def emotion_of(self, number: int) -> str:
        """The emotion of its turn `number`, from 0."""
        return self.path[number] if self.path else self.emotion


class Character(Frozen):
    """One side as a language model needs to know it: no voice, since another voice does not change the words.

    `path` has the emotion of each of its turns where they differ; `persona` says who it is, or nothing.
    """

    gender: Gender
    age: Age
    emotion: str
    intensity: float
    path: tuple[str, ...] = ()
    persona: str = ""

    def emotion_of(self, number: int) -> str:
        """The emotion of its turn `number`, from 0."""
        return self.path[number] if self.path else self.emotion


class Brief(Frozen):
    """What is to be written and who says it.

    Drawn from (`seed`, `index`) alone, so any slice of a plan can be made anywhere. `turns` counts both
    sides; the user begins and the assistant ends, so it is even. `text_seed` is what a writer draws from:
    it depends on seed and index only and stays when weights change. In a contrast set, `member` is the brief's place
    and `members` has the sides of each: user and assistant.
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
    arc: Arc = Arc.STEADY
    length: str = ""
    member: int = Field(default=0, ge=0)
    members: tuple[tuple[Speaker, Speaker], ...] = ()

    def speaker(self, role: Role) -> Speaker:
        """The side of `role`."""
        return self.user if role is Role.USER else self.assistant

    def is_spoken(self, role: Role) -> bool:
        """Whether this side's turns become takes."""
        return not (self.kind is Kind.TEXT_INPUT and role is Role.USER)
