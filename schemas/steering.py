"""How a pack steers its draws: who speaks, how feelings move, and weights under conditions."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from schemas.brief import Arc, Kind
from schemas.frozen import Frozen, Weight
from schemas.voice import Age, Gender

Weights = Mapping[str, Weight]
"""Option → weight. Relative: {a: 1, b: 3} draws b three times as often as a."""


class Cast(Frozen):
    """Weights of who speaks on one side. Genders and ages that no voice of a split has are not drawn in it."""

    gender: Mapping[Gender, Weight] = Field(min_length=1)
    age: Mapping[Age, Weight] = Field(min_length=1)


class Length(Frozen):
    """How much is said in a turn: `words` from the fewest to the most (characters, in languages without spaces)."""

    words: tuple[int, int]
    weight: Weight = 1.0

    @field_validator("words")
    @classmethod
    def _rising(cls, words: tuple[int, int]) -> tuple[int, int]:
        if not 0 < words[0] <= words[1]:
            raise ValueError("words must be [fewest, most], both above 0")
        return words


class Persona(Frozen):
    """Who somebody is, in a sentence or two, for writers that are language models."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    about: str = Field(min_length=1)
    weight: Weight = 1.0


class Personas(Frozen):
    """The personas of each side; none: nothing is said of who they are."""

    user: tuple[Persona, ...] = ()
    assistant: tuple[Persona, ...] = ()


class Moves(Frozen):
    """Where the user's emotion goes when it gets better, and when it gets worse: emotion → weights."""

    better: Mapping[str, Weights] = {}
    worse: Mapping[str, Weights] = {}


Names = tuple[str, ...]


class When(Frozen):
    """Briefs that a condition holds for: each key that is given names one option, or a list of which any will do."""

    split: Names = ()
    language: Names = ()
    kind: Names = ()
    user_emotion: Names = ()
    situation: Names = ()
    turns: Names = ()
    arc: Names = ()
    reply_emotion: Names = ()
    length: Names = ()

    @field_validator("*", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """One option may stand without brackets."""
        options = value if isinstance(value, list | tuple) else [value]
        return tuple(str(one) if isinstance(one, int | float) else one for one in options)

    @property
    def fields(self) -> dict[str, Names]:
        """The keys that are given."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name))}


class Given(Frozen):
    """Weights that stand in place of the pack's own where `when` holds.

    Of two that hold for a brief and set the same key, the one with more conditions counts. `situations` are weights by
    id: those not named are not drawn.
    """

    when: When
    kinds: Mapping[Kind, Weight] | None = None
    user_emotions: Weights | None = None
    situations: Weights | None = None
    turns: Mapping[int, Weight] | None = None
    arcs: Mapping[Arc, Weight] | None = None
    reply_emotions: Mapping[str, Weights] | None = None
    lengths: Weights | None = None
    intensities: Mapping[float, Weight] | None = None
    user: Cast | None = None
    assistant: Cast | None = None

    @property
    def sets(self) -> tuple[str, ...]:
        """The keys it has weights for."""
        return tuple(name for name in type(self).model_fields if name != "when" and getattr(self, name) is not None)


class Contrast(Frozen):
    """Sets of dialogues that share the user's words and differ in how these are said, or by whom.

    `vary` is what the members of a set differ in; each of the `members` has another option of it.
    """

    vary: Literal["user_emotion", "gender", "age"] = "user_emotion"
    members: int = Field(default=2, ge=2, le=8)


CellField = Literal["language", "kind", "user_emotion", "reply_emotion", "arc", "turns"]


class Targets(Frozen):
    """What the accepted corpus has to come out as: each cell, a combination of `cells`, gets its share of the size.

    The corpus takes dialogues in the plan's order until their cell is full, so where the gate rejects more of one
    cell, more briefs of that cell are made.
    """

    cells: tuple[CellField, ...] = Field(default=("user_emotion",), description="[] for no targets: first come")
