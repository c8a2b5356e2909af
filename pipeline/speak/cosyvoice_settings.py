"""What a run file and a voice may say to CosyVoice. Checked where neither CosyVoice nor torch is installed."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Literal

from pydantic import Field, field_validator

from schemas.frozen import Frozen

Version = Literal[2, 3]

LANGUAGES: Mapping[Version, tuple[str, ...]] = {
    2: ("en", "zh", "yue", "ja", "ko"),
    3: ("en", "zh", "yue", "ko", "de", "es", "fr", "it", "ru"),
}
"""As upstream's README lists them. Version 3 reads Japanese in katakana alone, which no writer gives."""

TAGS = (
    "accent",
    "breath",
    "clucking",
    "cough",
    "hissing",
    "laughter",
    "lipsmack",
    "mn",
    "noise",
    "quick_breath",
    "sigh",
    "vocalized-noise",
)
"""Special tokens of both versions' tokenizers that stand alone, as [laughter] (upstream, cosyvoice/tokenizer)."""

COMMAND = "<|"
"""Begins the signs by which a text gives CosyVoice orders."""


class Settings(Frozen):
    """CosyVoice as the run file asks for it.

    `checkout` is a clone of upstream with its submodule, `model` the folder of the weights, which are those of
    `version`; `revision` is any word, changed when other weights come to lie in a folder of the same name.
    `emotion_by` says what an emotion is taken from where a voice has a clip in it and the pack an instruction for it.
    `instructions` replace the pack's for an emotion, in words that this model was trained on; `stronger` and `weaker`
    are added to an instruction from intensity 1.25 up and 0.75 down (None: words in the instruction's own language).
    The model is loaded anew after `renew_after` takes, because memory creeps up.
    """

    checkout: str = Field(min_length=1)
    model: str = Field(min_length=1)
    version: Version
    revision: str = ""
    fp16: bool = False
    tensorrt: bool = False
    emotion_by: Literal["clip", "instruction"] = "clip"
    instructions: Mapping[str, str] = {}
    stronger: str | None = None
    weaker: str | None = None
    renew_after: int = Field(default=2000, ge=1)

    @field_validator("instructions")
    @classmethod
    def _no_commands(cls, instructions: Mapping[str, str]) -> Mapping[str, str]:
        for emotion, words in instructions.items():
            if COMMAND in words:
                raise ValueError(f"the instruction for {emotion} holds {COMMAND}: write the words alone")
        return instructions

    @property
    def model_name(self) -> str:
        """The last part of the model folder's path."""
        return PurePath(self.model).name


class VoiceSettings(Frozen):
    """A voice of CosyVoice is its clips; `clips_in` is their language, where it is not that of the lines to speak."""

    clips_in: str | None = None
