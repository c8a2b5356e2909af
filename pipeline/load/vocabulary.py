"""What the encoder must know of a model beside the recipe: where units, markers and audio are in its vocabulary."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from schemas.frozen import Frozen


class UserAs(StrEnum):
    """How the model takes in what the user says. A typed turn is text in any case."""

    AUDIO = "audio"
    UNITS = "units"
    TEXT = "text"


class Vocabulary(Frozen):
    """Ids of the model. Of units with several codebooks, code `c` of book `b` is `first_unit + b × size + c`.

    `markers` has the id of each marker of the recipe, by its spelling, or its ids if it is several tokens; `audio` is
    what stands where the user is heard, once a turn, for the model to put its audio features there. The others are what
    the model's chat puts around turns.
    """

    first_unit: int = Field(ge=0, description="the id of unit 0")
    markers: Mapping[str, int | tuple[int, ...]] = {}
    audio: int | None = None
    before_user: tuple[int, ...] = ()
    before_reply: tuple[int, ...] = ()
    after_turn: tuple[int, ...] = ()
    learn_markers: bool = Field(default=False, description="loss on a reply's markers and on what comes after it too")
