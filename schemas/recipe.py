"""How text and speech units interleave."""

from enum import StrEnum
from typing import Self

from pydantic import Field, JsonValue, model_validator
from pydantic.json_schema import SkipJsonSchema

from schemas.frozen import Frozen


class Tail(StrEnum):
    """What happens when one stream ends before the other.

    DRAIN: the longer goes on alone in its own spans until both have run out (OpenS2S).
    SHORT_LAST: once one stream is spent, all that is left of the other follows at once (GLM-4-Voice, LLaMA-Omni2).
    JOIN: what is left over goes into the last span of its own stream (VITA-Audio).
    TEXT_FIRST: full pairs only; then the rest of the text, then the rest of the units (CosyVoice).
    """

    DRAIN = "drain"
    SHORT_LAST = "short_last"
    JOIN = "join"
    TEXT_FIRST = "text_first"


class Aligned(StrEnum):
    """Where units are cut at word times instead of counts.

    WORD_ENDS: a step's units end with its last word. WORD_STARTS: a word stands before the frame it begins in, and what
    sounds before the first word stands before its text (Moshi).
    """

    WORD_ENDS = "word_ends"
    WORD_STARTS = "word_starts"


WORDS = "words"
"""Text is cut at white space and at each character of scripts written without it; joined, the pieces are the text."""


class Markers(Frozen):
    """Special tokens of a model, as its tokenizer spells them; empty: none."""

    begin: str = Field(default="", description="before everything")
    before_text: str = Field(default="", description="before each run of text")
    after_text: str = Field(default="", description="after each run of text")
    text_over: str = Field(default="", description="where no more text follows, before the units")
    before_speech: str = Field(default="", description="before each run of units")
    after_speech: str = Field(default="", description="after each run of units")
    refill: str = Field(default="", description="after each pair but the last: more text, please")
    end: str = Field(default="", description="after everything")


class Recipe(Frozen):
    """`text_span` text tokens, then `speech_span` units, and again, until both streams are spent.

    `first` are pairs that come once before. Of units with several codebooks a span counts frames. With `aligned` units
    are cut at word times, `text_span` words a step. In a file `preset` names one of PRESETS; keys beside it change
    that one.

    >>> Recipe.model_validate({"preset": "opens2s", "speech_span": 16}).speech_span
    16
    """

    text_span: int = Field(default=4, ge=1, description="text tokens a span")
    speech_span: int = Field(default=8, ge=1, description="units a span, markers not counted")
    first: tuple[tuple[int, int], ...] = Field(default=(), description="pairs of other spans, once, at the beginning")
    tail: Tail = Tail.DRAIN
    aligned: Aligned | None = Field(default=None, description="cut at word times instead of counts")
    tokenizer: str = Field(
        default=WORDS,
        min_length=1,
        description="`words`, the file tokenizer.json of a model, or hf://OWNER/NAME@REVISION",
    )
    tokenizer_digest: SkipJsonSchema[str] = Field(default="", description="of the file; filled in on reading")
    markers: Markers = Markers()
    unit: str = Field(default="<|audio_{}|>", pattern=r"^[^{}]*\{\}[^{}]*$", description="how a unit is spelt in text")
    units: str | None = Field(default=None, description="the kind of units; none: the run file's first")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: JsonValue) -> JsonValue:
        if not isinstance(data, dict) or "preset" not in data:
            return data
        name = str(data["preset"])
        if name not in PRESETS:
            raise ValueError(f"no preset is called {name!r}; there is: {', '.join(PRESETS)}")
        return {**PRESETS[name], **{key: value for key, value in data.items() if key != "preset"}}

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if any(min(pair) < 0 or max(pair) == 0 for pair in self.first):
            raise ValueError("first holds a pair that takes nothing: each needs a text or a speech span of 1 or more")
        if self.aligned is not None and self.tokenizer != WORDS:
            raise ValueError("aligned cuts at words, which have times: leave tokenizer out, or aligned")
        if self.aligned is not None and self.first:
            raise ValueError("aligned cuts at word times, not at counts: leave first out, or aligned")
        return self


class Span(Frozen):
    """One step of an interleaved sequence: a run of text, a run of units, or a marker.

    `tokens` are the ids of a run of text in the recipe's tokenizer; none for `words`.
    """

    text: str = ""
    tokens: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    marker: str = ""


_GLM: dict[str, JsonValue] = {"begin": "<|assistant|>streaming_transcription\n", "end": "<|user|>"}
_VITA: dict[str, JsonValue] = {"before_speech": "<|begin_of_audio|>", "after_speech": "<|end_of_audio|>"}
_COSYVOICE: dict[str, JsonValue] = {"text_over": "<|task_id|>", "refill": "<|fill|>", "end": "<|eos|>"}

PRESETS: dict[str, dict[str, JsonValue]] = {
    "opens2s": {"text_span": 4, "speech_span": 8},
    "opens2s-1-2": {"text_span": 1, "speech_span": 2},
    "glm-4-voice": {"text_span": 13, "speech_span": 26, "tail": "short_last", "markers": _GLM},
    "llama-omni2": {"text_span": 3, "speech_span": 10, "tail": "short_last", "markers": {"text_over": "<sep>"}},
    "cosyvoice": {"text_span": 5, "speech_span": 15, "tail": "text_first", "markers": _COSYVOICE},
    "vita-audio-boost": {"first": [[1, 8]], "text_span": 4, "speech_span": 8, "tail": "join", "markers": _VITA},
    "vita-audio-balance": {
        "first": [[1, 2], [3, 6]],
        "text_span": 4,
        "speech_span": 8,
        "tail": "join",
        "markers": _VITA,
    },
    "moshi": {"text_span": 1, "aligned": "word_starts"},
}
"""Recipes one can name in a run file; docs/format.md draws each and says where it is from.

VITA-Audio's own counts (1, 10, 4, 10) include the two markers around each run of units. CosyVoice's markers are
embeddings without a spelling; `refill` stands for id 6563, which is predicted and never an input.
"""
