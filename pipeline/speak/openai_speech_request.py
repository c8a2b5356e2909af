"""A line as the JSON that a speech server is sent."""

import base64
from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from pipeline.engine.storage import Folder
from pipeline.speak.openai_speech_settings import LANGUAGE_NAMES, Settings, VoiceSettings
from pipeline.speak.strength import Words, with_strength
from schemas.take import Line
from schemas.voice import NEUTRAL, Clip, Delivery

BACKEND = "openai_speech"
SEEDS = 2**31
"""Servers differ in how large a seed may be; all take these."""

Body = Mapping[str, JsonValue]

_STRENGTHS: tuple[tuple[float, Words], ...] = (
    (0.5, {"en": "Only a trace of it, barely to be heard.", "zh": "这种语气只带一丝，几乎听不出来。"}),
    (0.9, {"en": "Only slightly so.", "zh": "这种语气只稍微带一点。"}),
    (1.1, {"en": "", "zh": ""}),
    (1.4, {"en": "Strongly so.", "zh": "这种语气要很明显。"}),
)
"""Below this intensity, these words follow the instruction."""
_STRONGEST: Words = {"en": "Very strongly so, as far as it goes.", "zh": "这种语气要非常强烈，强到极致。"}

_MEDIA = {b"RIFF": "audio/wav", b"fLaC": "audio/flac", b"OggS": "audio/ogg"}


def instruction(description: str, delivery: Delivery) -> str:
    """The voice's description, the delivery's instruction, and how strongly it is meant.

    At intensity 0 the delivery says nothing: the voice as it is.

    >>> from schemas.voice import Style
    >>> sad = Delivery(emotion="sad", intensity=1.2, style=Style(instruction="Speak sadly."))
    >>> instruction("An old man.", sad)
    'An old man. Speak sadly. Strongly so.'
    """
    parts = [description]
    if delivery.style.instruction and delivery.intensity > 0:
        strength = next((words for below, words in _STRENGTHS if delivery.intensity < below), _STRONGEST)
        parts.append(with_strength(delivery.style, strength))
    return " ".join(part.strip() for part in parts if part.strip())


def clip_of(line: Line, settings: Settings) -> Clip | None:
    """The recording that the voice is to be cloned from, if it is to be."""
    clips = line.voice.clips if settings.clips else {}
    if settings.emotion_clips and line.delivery.emotion in clips:
        return clips[line.delivery.emotion]
    return clips.get(NEUTRAL)


def data_url(clip: Clip, folder: Folder) -> str:
    """The clip's file as a data URL. Raises ValueError if it is no WAV, FLAC or Ogg file, StorageError if not there."""
    content = folder.read(clip.audio)
    if content[:4] not in _MEDIA:
        raise ValueError(f"the clip {clip.audio} is no WAV, FLAC or Ogg file")
    return f"data:{_MEDIA[content[:4]]};base64,{base64.b64encode(content).decode()}"


def body(line: Line, settings: Settings, reference: str | None) -> Body:
    """The request's JSON, without the model's name. `reference` is the data URL of `clip_of`'s recording.

    Fields are OpenAI's (API reference, Create speech) and vLLM-Omni's (protocol/audio.py). Raises ValueError, with the
    reason, for a line that this server cannot be asked for.
    """
    voice = _voice(line, settings)
    clip = clip_of(line, settings)
    said = {
        "input": line.text,
        "voice": voice.voice,
        "instructions": instruction(voice.instructions, line.delivery) if settings.instructions else None,
        "response_format": settings.response_format,
        "speed": settings.speed if settings.speed != 1.0 else None,
        "language": _language(line.language, settings),
        "task_type": settings.task_type,
        "seed": line.seed % SEEDS if settings.seed else None,
        "ref_audio": reference if clip else None,
        "ref_text": clip.transcript if clip else None,
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def _voice(line: Line, settings: Settings) -> VoiceSettings:
    if BACKEND not in line.voice.engines and clip_of(line, settings) is None:
        raise ValueError(f"voice {line.voice.id} has no settings for {BACKEND}, and no clip to be cloned from")
    try:
        voice = VoiceSettings.model_validate(dict(line.voice.engines.get(BACKEND, {})))
    except ValidationError as error:
        raise ValueError(f"voice {line.voice.id}: {error.errors()[0]['msg']}") from error
    if voice.voice is not None and settings.voices is not None and voice.voice not in settings.voices:
        known = ", ".join(settings.voices) or "none"
        raise ValueError(f"voice {line.voice.id}: the server has no voice {voice.voice!r} (it has: {known})")
    return voice


def _language(code: str, settings: Settings) -> str | None:
    primary = code.lower().partition("-")[0]
    if settings.languages is not None and not {code, primary} & set(settings.languages):
        raise ValueError(f"the server speaks {', '.join(settings.languages)} only, not {code}")
    match settings.language:
        case "none":
            return None
        case "code":
            return code
    if primary not in LANGUAGE_NAMES:
        raise ValueError(f"no name is known for the language {code}")
    return LANGUAGE_NAMES[primary]
