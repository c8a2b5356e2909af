"""A dialogue against the corpus so far: too like an earlier one as a whole, or in how it begins.

The first turn is compared for itself. It stands in every training example that is cut from a dialogue, and alone in
those of one exchange; in a dialogue of ten turns it is a tenth of the whole, which would hide that it stood before.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.write.texts.fault import TextFault
from pipeline.write.texts.near_duplicates import NearDuplicates
from pipeline.write.texts.said import folded, in_tokens, tokens
from pipeline.write.texts.sketch import sketch
from schemas.dialogue import Dialogue
from schemas.text_rules import NearDuplicateLimits

_LEAST_OPENING = 8
"""An opening of fewer words is not compared: many talks begin with a hello, and differ all the same."""


@dataclass(frozen=True)
class Sketches:
    """What is compared of a dialogue: SIZE bytes each. They can be made anywhere, and kept."""

    whole: bytes
    opening: bytes


def sketches_of(dialogue: Dialogue, language: str) -> Sketches:
    """Of all turns together, and of the first one; b"" for a first one of a few words."""
    opening = dialogue.turns[0].text
    long = len(tokens(folded(opening))) >= in_tokens(_LEAST_OPENING, language)
    return Sketches(
        whole=sketch([turn.text for turn in dialogue.turns], language),
        opening=sketch([opening], language) if long else b"",
    )


class EarlierTexts:
    """The corpus so far: told dialogues one by one in the plan's order, so that the later of two alike goes.

    Ask `faults`, and `add` what is kept. A dialogue that was left out for another reason has no claim on its text.
    """

    def __init__(self, limits: NearDuplicateLimits) -> None:
        self._whole = NearDuplicates(limits.likeness)
        self._openings = NearDuplicates(limits.openings) if limits.openings is not None else None

    @property
    def size(self) -> int:
        """Bytes it holds in memory."""
        return self._whole.size + (self._openings.size if self._openings else 0)

    def faults(self, sketches: Sketches) -> Iterator[TextFault]:
        """Which earlier dialogue it is too like, and how like."""
        if found := self._whole.like(sketches.whole):
            message = f"{found.likeness:.0%} like the earlier dialogue {found.text_id}"
            yield TextFault(None, "near_duplicates", message)
        elif self._openings and (found := self._openings.like(sketches.opening)):
            message = f"begins {found.likeness:.0%} like the earlier dialogue {found.text_id}"
            yield TextFault(0, "near_duplicates", message)

    def add(self, text_id: str, sketches: Sketches) -> None:
        """Keep a dialogue in mind."""
        self._whole.add(text_id, sketches.whole)
        if self._openings is not None:
            self._openings.add(text_id, sketches.opening)
