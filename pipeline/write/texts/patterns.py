"""Lists of patterns that cost next to nothing where they do not match."""

import re
from collections.abc import Iterator


class Patterns:
    """Regular expressions for folded text, each behind a literal that stands in everything it matches.

    Looking for the literals first is what makes a hundred patterns affordable: a text is searched only for what it may
    hold. `patterns(("sorry", "so sorry|very sorry"))`; alternatives of one trigger are separate pairs or `|`.
    """

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = tuple((trigger, re.compile(pattern)) for trigger, pattern in pairs)

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """The matches in a folded text, pattern by pattern."""
        for trigger, pattern in self.pairs:
            if trigger in text:
                yield from pattern.finditer(text)

    def first(self, text: str) -> re.Match[str] | None:
        """The first of them."""
        return next(self.matches(text), None)

    def without(self, text: str) -> str:
        """The text with every match blanked out, its other characters where they were."""
        for trigger, pattern in self.pairs:
            if trigger in text:
                text = pattern.sub(lambda found: "." * len(found[0]), text)
        return text
