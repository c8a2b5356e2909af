"""Who speaks, and how a line is to be said."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue
from pydantic.json_schema import SkipJsonSchema

from schemas.frozen import Frozen, Weight


class Role(StrEnum):
    """The two sides of a dialogue."""

    USER = "user"
    ASSISTANT = "assistant"


class Gender(StrEnum):
    """As heard."""

    FEMALE = "female"
    MALE = "male"


class Age(StrEnum):
    """As heard: age groups, as in the labels of the public emotional-speech sets."""

    CHILD = "child"
    YOUNG = "young"
    ADULT = "adult"
    ELDERLY = "elderly"


class Split(StrEnum):
    """Where a dialogue goes. A user-side voice belongs to exactly one."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


NEUTRAL = "neutral"
"""The emotion that is none, and the name of a voice's clip that shows it as it is."""


def serving(language: str, known: Collection[str]) -> str | None:
    """Which of the known languages stands for this one, for which `zh` does for `zh-TW`; None if none does.

    >>> serving("zh-TW", ["en", "zh"]), serving("en", ["en-GB"])
    ('zh', None)
    """
    return next((name for name in (language, language.partition("-")[0]) if name in known), None)


class Clip(Frozen):
    """A recording of a voice, in the pack's folder, and what is said in it."""

    audio: str = Field(min_length=1, description="file of the pack's folder: mono, 1 to 30 s, 16 kHz or more")
    transcript: str = Field(min_length=1, description="what is said in it, to the word")
    language: str | None = Field(default=None, description="in which it is said; none: the first of the voice's")
    digest: SkipJsonSchema[str] = Field(default="", description="of the file; filled in on reading")


class Voice(Frozen):
    """One speaker.

    `engines` holds, for each backend that can speak this voice, that backend's own settings; the backend
    validates them. `clips` are for engines that clone: `neutral` is the voice as it is, and any emotion may have one of
    its own. A voice that has clips and none of them neutral is cast for the emotions of its clips only. A
    voice that answers (`roles: [assistant]`) may serve every split, since only user-side speakers must not be shared
    between splits.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="by which rows of the corpus name it")
    gender: Gender
    age: Age
    languages: tuple[str, ...] = Field(default=("en",), min_length=1, description="those it can speak")
    roles: tuple[Role, ...] = Field(default=(Role.USER,), min_length=1, description="the sides it may play")
    split: Split = Field(default=Split.TRAIN, description="of a user's voice: the one it belongs to")
    weight: Weight = Field(default=1.0, description="among the voices of its gender and age")
    engines: Mapping[str, Mapping[str, JsonValue]] = Field(
        default={}, description="its settings for each engine by name"
    )
    clips: Mapping[str, Clip] = Field(
        default={},
        description="`neutral`, and any emotion: recordings to clone it from; without `neutral`, cast for these only",
    )
    emotions: tuple[str, ...] = Field(
        default=(), description="of a user: those it is cast for; none: any, or those of its clips if none is neutral"
    )
    licence: str = Field(min_length=1, description="SPDX identifier or a sentence")
    consent: str = Field(min_length=1, description="who agreed to this voice's use; `synthetic` for none needed")

    @property
    def bound_to(self) -> frozenset[str]:
        """The emotions that it can be cast for; none: any."""
        return frozenset(self.emotions or (self.clips if NEUTRAL not in self.clips else ()))

    def can_show(self, emotions: Collection[str]) -> bool:
        """Whether it can be cast where all of these emotions come up."""
        return not self.bound_to or self.bound_to.issuperset(emotions)

    @property
    def recording(self) -> Clip | None:
        """What it sounds like: the neutral clip, or else its first; None for a voice without clips."""
        return self.clips[NEUTRAL] if NEUTRAL in self.clips else next(iter(self.clips.values()), None)


Tag = Annotated[str, Field(pattern=r"^[a-z][a-z_-]*$", description="laughter, for [laughter] in a text")]


class Prosody(Frozen):
    """How an emotion bends a voice, at intensity 1. The voice's own is the default of every field.

    Multipliers are raised to the power of the intensity, shifts are multiplied by it.
    """

    rate: float = Field(default=1.0, ge=0.4, le=2.5, description="multiplies the words per time")
    pitch: float = Field(default=0.0, ge=-12.0, le=12.0, description="semitones up, or down if negative")
    range: float = Field(default=1.0, ge=0.0, le=3.0, description="multiplies the spread of pitch around its mean")
    volume: float = Field(default=1.0, ge=0.2, le=2.0, description="multiplies the amplitude")
    pause: float = Field(default=1.0, ge=0.0, le=4.0, description="multiplies the pauses between clauses")
    slope: float = Field(default=0.0, ge=-12.0, le=12.0, description="semitones from the first word to the last")
    rise: float = Field(default=0.0, ge=-12.0, le=12.0, description="semitones on the last word")
    tremor: float = Field(default=0.0, ge=0.0, le=2.0, description="how far pitch shakes to each side, in semitones")
    gap: float = Field(default=0.0, ge=0.0, le=20.0, description="silence between words, in units of 10 ms")
    brightness: float = Field(
        default=0.0,
        ge=-12.0,
        le=12.0,
        description="vocal effort: dB by which 4 kHz gains on low frequencies; negative for a dull voice",
    )

    def at(self, intensity: float) -> "Prosody":
        """The same delivery weaker or stronger: multipliers to the power of `intensity`, the rest times it.

        >>> Prosody(rate=1.21, pitch=4.0).at(0.5).rate
        1.1
        """
        return self.model_copy(  # not validated: a strong delivery may leave the bounds of a written one
            update={
                "rate": self.rate**intensity,
                "range": self.range**intensity,
                "volume": self.volume**intensity,
                "pause": self.pause**intensity,
                "pitch": self.pitch * intensity,
                "slope": self.slope * intensity,
                "rise": self.rise * intensity,
                "tremor": self.tremor * intensity,
                "gap": self.gap * intensity,
                "brightness": self.brightness * intensity,
            }
        )


class StyleOfLanguage(Frozen):
    """What is said otherwise in one language: of `prosody` the fields that are given, and the instruction."""

    prosody: Prosody = Field(default=Prosody(), description="in numbers: the fields that differ")
    instruction: str | None = Field(default=None, description="in place of the general one")


class Style(Frozen):
    """What a pack says of one emotion's delivery, for every kind of engine.

    `tags` are sounds that the writer may put into a text, as [laughter] or [sigh], and the engine makes.
    """

    prosody: Prosody = Field(default=Prosody(), description="in numbers, for engines that are steered by them")
    instruction: str = Field(default="", description="natural language, for engines that follow it")
    written_in: str | None = Field(
        default=None, description="the instruction's language, such as de, where it is neither English nor Chinese"
    )
    languages: Mapping[str, StyleOfLanguage] = Field(default={}, description="language → what is otherwise in it")
    tags: tuple[Tag, ...] = Field(default=(), description="inline tags that a text may hold: laughter, sigh")

    def for_language(self, language: str) -> "Style":
        """The style as it is in one language, for which `zh` stands in for `zh-TW`; no other language is left in it.

        >>> sad = Style(prosody=Prosody(rate=0.8, pitch=-2.0), languages={"zh": {"prosody": {"rate": 0.9}}})
        >>> sad.for_language("zh-TW").prosody == Prosody(rate=0.9, pitch=-2.0)
        True
        """
        name = serving(language, self.languages)
        if name is None:
            return self.model_copy(update={"languages": {}})
        own = self.languages[name]
        given = {field: getattr(own.prosody, field) for field in own.prosody.model_fields_set}
        update = {"prosody": self.prosody.model_copy(update=given), "languages": {}}
        if own.instruction is not None:
            update |= {"instruction": own.instruction, "written_in": name if own.instruction else None}
        return self.model_copy(update=update)


class Delivery(Frozen):
    """How one line is to be said. `intensity` 1 is the style as written, 0 is neutral, 1.5 is strong."""

    emotion: str
    intensity: float = Field(ge=0.0, le=2.0)
    style: Style
