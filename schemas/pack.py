"""The prompt pack: who talks, about what, feeling how, and in which words."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from schemas.brief import Arc, Kind
from schemas.frozen import Frozen, Weight
from schemas.judgement import Rubric
from schemas.steering import Cast, Contrast, Given, Length, Moves, Personas, Targets, Weights
from schemas.text_rules import TextRules
from schemas.voice import Style, Voice, serving

Phrases = tuple[str, ...]
"""Templates to choose one of; each may use the situation's slots as Jinja variables."""


def _by_language(given: object) -> object:
    """Texts of no language are refused with words that say how to mend them."""
    if isinstance(given, list | tuple):
        raise ValueError("must say which language its texts are in: {en: [A text., Another.]}")
    return given


Texts = Annotated[Mapping[str, Annotated[tuple[str, ...], Field(min_length=1)]], BeforeValidator(_by_language)]
"""Language → sentences in it."""


class Answer(Frozen):
    """Something the user may tell, and how the assistant takes up exactly that.

    Every phrase of `take_up` must fit every phrase of `tell`; write another answer where they diverge.
    """

    tell: Phrases = Field(min_length=1)
    take_up: Phrases = Field(min_length=1)


class Thread(Frozen):
    """One strand a dialogue can follow: the assistant asks, the user answers, the assistant takes it up."""

    ask: Phrases = Field(min_length=1)
    answers: tuple[Answer, ...] = Field(min_length=1)


class Situation(Frozen):
    """Something to talk about.

    `emotions` says how the user may feel about it, by weight. `about` is for writers that are language models; the rest
    is for the phrasebook: `slots` are facts drawn once for a dialogue, so what the user said first the reply can name.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    about: str = Field(min_length=1)
    emotions: Mapping[str, Weight] = Field(min_length=1)
    weight: Weight = 1.0
    slots: Mapping[str, Phrases] = {}
    opening: Phrases = Field(default=(), description="what happened, in the user's words")
    acknowledge: Phrases = Field(default=(), description="the reply's first sentence, naming what happened")
    threads: tuple[Thread, ...] = ()
    advice: Phrases = Field(default=(), description="something helpful to say near the end")


class Feelings(Frozen):
    """What people say around any situation when they feel one emotion."""

    lead_in: Phrases = Field(min_length=1, description="before the opening; may be empty strings")
    feeling: Phrases = Field(min_length=1, description="after the opening: how it feels")
    closing: Phrases = Field(min_length=1, description="the user's last words when the talk winds down")


class Phrasebook(Frozen):
    """General phrases of the embedded writer, beside those of each situation.

    `empathy` is keyed by the user's emotion, then the reply's: a sentence that meets the one with the other.
    `bridge` joins an answer to the next question. `farewell` ends a dialogue, keyed by the user's emotion.
    """

    feelings: Mapping[str, Feelings]
    empathy: Mapping[str, Mapping[str, Phrases]]
    bridge: Phrases = Field(min_length=1)
    farewell: Mapping[str, Phrases]


class WritingStep(Frozen):
    """One request to a language model: what it is told, what it has to give, how it is sampled.

    `system` is the same for every request of the step, so that a server's prefix cache holds it: it may use `languages`
    and `longest_turn` only. `prompt` may use everything of the brief. Both are Jinja templates, or the name of a
    .jinja file of the pack. `gives` is a whole dialogue, or one turn: the user's (`query`) or the reply to it.
    """

    gives: Literal["dialogue", "query", "reply"]
    system: str = Field(min_length=1)
    prompt: str = Field(min_length=1)
    temperature: float = Field(default=0.9, ge=0.0, le=2.0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    max_tokens: int = Field(default=1024, ge=16)
    reasoning: bool = Field(default=False, description="the model thinks in a field of its own before it answers")
    names_emotion: bool = Field(
        default=False, description="the reply also says how it is spoken: one of reply_emotions for the user's emotion"
    )


class Writing(Frozen):
    """How a language model writes a dialogue: in one step, or query and reply by turns.

    A turn has at most `longest_turn` characters.
    """

    steps: tuple[WritingStep, ...] = Field(min_length=1, max_length=2)
    longest_turn: int = Field(default=400, ge=20, le=4000)


class Pack(Frozen):
    """A prompt pack as read and checked: everything here is drawn from by weight."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    description: str = ""
    languages: Weights = Field(min_length=1)
    kinds: Mapping[Kind, Weight] = Field(min_length=1)
    user_emotions: Weights = Field(min_length=1)
    reply_emotions: Mapping[str, Weights] = Field(min_length=1)
    turns: Mapping[int, Weight] = Field(min_length=1)
    intensities: Mapping[float, Weight] = Field(min_length=1)
    user: Cast
    assistant: Cast
    arcs: Mapping[Arc, Weight] = Field(default={Arc.STEADY: 1.0}, description="how the user's emotion moves")
    moves: Moves = Moves()
    lengths: Mapping[str, Length] = Field(default={}, description="how much is said in a turn; none: not said")
    personas: Personas = Personas()
    given: tuple[Given, ...] = Field(default=(), description="weights under conditions")
    contrast: Contrast | None = Field(default=None, description="makes the whole pack one of contrast sets")
    targets: Targets = Targets()
    texts: TextRules = Field(default=TextRules(), description="what a written text must not be")
    voices: tuple[Voice, ...] = Field(min_length=1)
    licences: tuple[str, ...] = Field(default=(), description="those that voices may have; none: any")
    deliveries: Mapping[str, Style] = Field(min_length=1)
    reference_texts: Texts = Field(description="language → texts spoken neutrally by each voice, to compare with")
    calibration_texts: Texts = Field(
        default={},
        description="language → texts spoken in every emotion by `warmline calibrate`; none: the reference texts",
    )
    situations: tuple[Situation, ...] = Field(min_length=1)
    phrasebook: Phrasebook | None = None
    writing: Writing | None = None
    rubric: Rubric | None = Field(default=None, description="how a language model judges a written dialogue")

    def references_in(self, language: str) -> Phrases:
        """The reference texts of a language; none if it has none, which is a fault of the pack."""
        return _of(self.reference_texts, language)

    def calibrations_in(self, language: str) -> Phrases:
        """The calibration texts of a language, or else its reference texts."""
        return _of(self.calibration_texts, language) or self.references_in(language)


def _of(texts: Mapping[str, Phrases], language: str) -> Phrases:
    name = serving(language, texts)
    return () if name is None else texts[name]
