"""How a line is put to CosyVoice: after which clip, with which words before it, and which texts are refused.

There are two ways. Zero-shot, the language model hears the clip and reads its transcript, and goes on in the same
manner: the emotion is the clip's. Instructed, it reads an instruction and hears nothing; the clip gives the voice's
colour only.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from pipeline.engine.errors import UsageError
from pipeline.speak.cosyvoice_settings import COMMAND, Settings, Version, VoiceSettings
from pipeline.speak.strength import Words, with_strength
from schemas.take import Line
from schemas.voice import NEUTRAL, Clip, Delivery, Style

END_OF_PROMPT = "<|endofprompt|>"
SYSTEM = "You are a helpful assistant."
"""With what every prompt of version 3 begins; without the end of prompt after it version 3 speaks nothing."""

_SHORTEST = 0.5
"""A text shorter than this part of the transcript before it comes out poorly (upstream warns of it)."""
_STRONG, _WEAK = 1.25, 0.75
_STRONGER: Words = {"en": "Do it very strongly.", "zh": "这种语气要非常强烈。"}
_WEAKER: Words = {"en": "Only slightly.", "zh": "这种语气只稍微带一点。"}
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])")


class Way(StrEnum):
    """How a clip is used."""

    ZERO_SHOT = "zero-shot"
    INSTRUCTED = "instructed"


@dataclass(frozen=True)
class Prompt:
    """What goes before a line. `words` are upstream's prompt text."""

    way: Way
    clip: Clip
    words: str


def refused(text: str) -> str | None:
    """Why CosyVoice cannot be given this text, if so."""
    if COMMAND in text:
        return f"the text holds {COMMAND}, with which CosyVoice's orders begin"
    if not any(sign.isalnum() for sign in text):
        return "the text is punctuation only: there is nothing to say"
    return None


def sentences(text: str) -> list[str]:
    """The text in pieces, each with something to say.

    >>> sentences("Pay 3.50 now. ... Will you?")
    ['Pay 3.50 now.', 'Will you?']
    """
    return [piece for piece in _BETWEEN_SENTENCES.split(text) if any(sign.isalnum() for sign in piece)]


def prompt(line: Line, voice: VoiceSettings, settings: Settings) -> Prompt | None:
    """How to speak the line; None without a clip for it. Raises UsageError for a prompt with orders in it."""
    clips, delivery = line.voice.clips, line.delivery
    emotion = delivery.emotion if delivery.intensity > 0 and delivery.emotion in clips else NEUTRAL
    if emotion not in clips:
        return None
    clip = clips[emotion]
    instruction = _instruction(delivery, settings)
    clip_tells = emotion == delivery.emotion and (settings.emotion_by == "clip" or emotion == NEUTRAL)
    foreign = (clip.language or voice.clips_in) not in (None, line.language)
    if (clip_tells or not instruction) and not foreign and len(line.text) >= _SHORTEST * len(clip.transcript):
        return Prompt(Way.ZERO_SHOT, clip, _after_transcript(line, clip, settings.version))
    return Prompt(Way.INSTRUCTED, clip, _after_instruction(instruction, settings.version))


def _instruction(delivery: Delivery, settings: Settings) -> str:
    """The delivery in words; none for a line without emotion."""
    trained = settings.instructions.get(delivery.emotion)
    style = delivery.style if trained is None else Style(instruction=trained)
    words = style.instruction
    if not words or delivery.intensity == 0 or delivery.emotion == NEUTRAL:
        return ""
    if COMMAND in words:
        raise UsageError(f"the instruction for {delivery.emotion} holds {COMMAND}: write the words alone, {words!r}")
    if _WEAK < delivery.intensity < _STRONG:
        return words
    strong = delivery.intensity >= _STRONG
    own, known = (settings.stronger, _STRONGER) if strong else (settings.weaker, _WEAKER)
    return with_strength(style, known) if own is None else f"{words} {own}".strip()


def _after_transcript(line: Line, clip: Clip, version: Version) -> str:
    if COMMAND in clip.transcript:
        raise UsageError(f"voice {line.voice.id}: the transcript of {clip.audio} holds {COMMAND}: write what is said")
    return clip.transcript if version == 2 else f"{SYSTEM}{END_OF_PROMPT}{clip.transcript}"


def _after_instruction(instruction: str, version: Version) -> str:
    if version == 2:
        return f"{instruction}{END_OF_PROMPT}" if instruction else ""
    return f"{SYSTEM} {instruction}".strip() + END_OF_PROMPT
