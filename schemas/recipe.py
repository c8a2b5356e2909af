"""How text and speech units interleave."""

from enum import StrEnum

from pydantic import Field, JsonValue, model_validator

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
    """`text_span` text tokens, then `speech_span` units, and again, until both streams are spent.

    In a file `preset` names one of PRESETS; keys beside it change that one.

    >>> Recipe.model_validate({"preset": "opens2s", "speech_span": 16}).speech_span
    16
    """

    text_span: int = Field(default=4, ge=1)
    speech_span: int = Field(default=8, ge=1)
    tail: Tail = Tail.DRAIN
    tokenizer: Tokenizer = Tokenizer.WORDS

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: JsonValue) -> JsonValue:
        if not isinstance(data, dict) or "preset" not in data:
            return data
        name = str(data["preset"])
        if name not in PRESETS:
            raise ValueError(f"no preset is called {name!r}; there is: {', '.join(PRESETS)}")
        return {**PRESETS[name], **{key: value for key, value in data.items() if key != "preset"}}


class Span(Frozen):
    """One step of an interleaved sequence: a run of text, or a run of units, never both."""

    text: str = ""
    units: tuple[int, ...] = ()


PRESETS: dict[str, dict[str, JsonValue]] = {"opens2s": {"text_span": 4, "speech_span": 8}}
"""Recipes one can name in a run file. opens2s: arXiv 2507.05177, 4 text tokens to 8 units."""
