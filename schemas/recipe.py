"""How text and speech units interleave."""

from enum import StrEnum

from pydantic import Field

from schemas.frozen import Frozen


class Tail(StrEnum):
    """What happens when one stream ends before the other.

    DRAIN: the longer goes on alone in its own spans until both have run out (OpenS2S).
    """

    DRAIN = "drain"


class Tokenizer(StrEnum):
    """How text is cut into tokens. WORDS: at white space; joining the pieces gives the text back."""

    WORDS = "words"


class Recipe(Frozen):
    """`text_span` text tokens, then `speech_span` units, and again, until both streams are spent."""

    text_span: int = Field(default=4, ge=1)
    speech_span: int = Field(default=8, ge=1)
    tail: Tail = Tail.DRAIN
    tokenizer: Tokenizer = Tokenizer.WORDS


class Span(Frozen):
    """One step of an interleaved sequence: a run of text, or a run of units, never both."""

    text: str = ""
    units: tuple[int, ...] = ()


PRESETS: dict[str, Recipe] = {"opens2s": Recipe(text_span=4, speech_span=8)}
"""Recipes one can name in a run file. opens2s: arXiv 2507.05177, 4 text tokens to 8 units."""
