"""What a run file says of a speech server, and a voice of its part there."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from pipeline.engine.model_server import ServerSettings
from schemas.frozen import Frozen, Hertz
from schemas.voice import Tag

MOST_IN_A_BATCH = 32
"""vLLM-Omni's own limit (docs/serving/speech_api.md, `tts_batch_max_items`)."""

LANGUAGE_NAMES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "th": "Thai",
    "tr": "Turkish",
    "vi": "Vietnamese",
    "yue": "Cantonese",
    "zh": "Chinese",
}
"""ISO 639 code → the name by which vLLM-Omni and its like call the language."""

_OPENAI = {"input", "model", "voice", "instructions", "response_format", "speed", "stream_format"}
_VLLM_OMNI = {"items", "language", "task_type", "seed", "ref_audio", "ref_text", "stream"}


class Settings(ServerSettings):
    """A speech server: how it is asked, and what it honours.

    What is not declared here is not sent, and a pack that needs it is refused: `instructions` (it follows words),
    `seed`, `clips` (it clones the voice of a recording), `emotion_clips` (the clip of an emotion carries that emotion),
    `voices` (its own speakers; none: not looked at), `languages` (none: any), `tags` (sounds that it makes where a text
    has them in brackets: laughter, for [laughter]). `language` is how it is told which:
    not at all, by name (English) or by code (en). `sample_rate` is what its audio must have. `batch` lines go in one
    request. `extra_body` goes into every request as it is.
    """

    response_format: Literal["wav", "flac", "pcm"] = "wav"
    sample_rate: Hertz | None = None
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    instructions: bool = False
    seed: bool = False
    clips: bool = False
    emotion_clips: bool = False
    voices: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    tags: tuple[Tag, ...] = ()
    language: Literal["none", "name", "code"] = "none"
    task_type: str | None = None
    batch: int = Field(default=1, ge=1, le=MOST_IN_A_BATCH)
    extra_body: Mapping[str, JsonValue] = {}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.response_format == "pcm" and self.sample_rate is None:
            raise ValueError("response_format pcm has no header: say its sample_rate (OpenAI's is 24000)")
        if self.emotion_clips and not self.clips:
            raise ValueError("emotion_clips needs clips: true")
        if self.batch > 1 and self.seed:
            raise ValueError("the items of a batch have no seed in vLLM-Omni: set batch: 1, or seed: false")
        if taken := sorted((_OPENAI | _VLLM_OMNI) & self.extra_body.keys()):
            raise ValueError(f"extra_body may not hold {', '.join(taken)}: that is said elsewhere")
        unnamed = [code for code in self.languages or () if code not in LANGUAGE_NAMES]
        if self.language == "name" and unnamed:
            raise ValueError(f"no name is known for {', '.join(unnamed)}: set language: code, or none")
        return self


class VoiceSettings(Frozen):
    """A voice at a speech server: the server's name for it, and words that describe it.

    `instructions` go before those of the delivery. A voice that is cloned from its clips needs neither.
    """

    voice: str | None = None
    instructions: str = ""
