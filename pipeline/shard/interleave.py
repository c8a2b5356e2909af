"""Text and speech units as one sequence of spans."""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from schemas.recipe import Recipe, Span

_WORD = re.compile(r"\s*\S+(?:\s+\Z)?|\s+\Z")
"""A word with the white space before it; the last takes what follows too. All white space is one piece."""


def words(text: str) -> list[str]:
    r"""Cut at white space so that joining the pieces gives `text` back.

    >>> words("Oh no,  really?\n")
    ['Oh', ' no,', '  really?\n']
    """
    return _WORD.findall(text)


def interleave(text: str, units: Sequence[int], recipe: Recipe) -> tuple[Span, ...]:
    """Text spans and unit spans in turn, text first; once one stream is spent, the other goes on in its own spans.

    >>> [span.text or span.units for span in interleave("So sorry to hear that.", range(9), Recipe())]
    ['So sorry to hear', (0, 1, 2, 3, 4, 5, 6, 7), ' that.', (8,)]
    """
    pieces = words(text)
    texts = (Span(text="".join(pieces[at : at + recipe.text_span])) for at in range(0, len(pieces), recipe.text_span))
    speech = (Span(units=tuple(units[at : at + recipe.speech_span])) for at in range(0, len(units), recipe.speech_span))
    return tuple(span for pair in zip_longest(texts, speech) for span in pair if span is not None)


def deinterleave(spans: Iterable[Span]) -> tuple[str, tuple[int, ...]]:
    """The text and the units that were interleaved."""
    kept = tuple(spans)
    return "".join(span.text for span in kept), tuple(unit for span in kept for unit in span.units)
