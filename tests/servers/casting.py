"""What the speech server makes of a voice's name, a clip and an instruction: the embedded engine's own terms."""

import base64
import binascii
import io
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import yaml
from pydantic import TypeAdapter

from pipeline.audio.features import fundamental
from pipeline.audio.recording import Recording
from pipeline.speak.espeak import Espeak
from schemas.take import Line, Take
from schemas.voice import Delivery, Style, Voice

PACK = Path(__file__).parent.parent.parent / "prompts" / "empathy"

_EMOTIONS = {
    "sad": "sad",
    "happ": "happy",
    "excit": "excited",
    "angr": "angry",
    "anger": "angry",
    "frustrat": "frustrated",
    "fear": "fearful",
    "surpris": "surprised",
    "disgust": "disgusted",
}
"""Stems by which an instruction names an emotion; the first that occurs counts."""

_STRENGTHS = {"only slightly": 0.6, "very strongly": 1.6, "strongly": 1.3}

_TEXT = "The bus stops at the corner, and then it goes on to the station."


@cache
def voices() -> dict[str, Voice]:
    """The shipped pack's voices, by name."""
    document = yaml.safe_load((PACK / "voices.yaml").read_text(encoding="utf-8"))
    return {voice.id: voice for voice in TypeAdapter(list[Voice]).validate_python(document["voices"])}


@cache
def styles() -> dict[str, Style]:
    """The shipped pack's deliveries, by emotion."""
    document = yaml.safe_load((PACK / "deliveries.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, Style]).validate_python(document["deliveries"])


def delivery(instructions: str, speed: float) -> Delivery:
    """How the engine is to speak so that the instruction can be heard.

    >>> delivery("Speak sadly. Only slightly so.", 1.0).emotion
    'sad'
    """
    words = instructions.lower()
    places = {words.index(stem): emotion for stem, emotion in _EMOTIONS.items() if stem in words}
    emotion = places[min(places)] if places else "neutral"
    strength = next((strength for phrase, strength in _STRENGTHS.items() if phrase in words), 1.0)
    bent = styles()[emotion].prosody.at(strength)
    prosody = bent.model_copy(update={"rate": bent.rate * speed})
    return Delivery(emotion=emotion, intensity=1.0, style=Style(prosody=prosody))


def clip(reference: str) -> Recording:
    """A `ref_audio`: a data URL, or a path as in file:///a/b.wav. Raises ValueError for anything else."""
    try:
        if reference.startswith("data:"):
            content = base64.b64decode(reference.partition(",")[2], validate=True)
        else:
            content = Path(reference.removeprefix("file://")).read_bytes()
        audio, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    except (binascii.Error, OSError, soundfile.LibsndfileError) as error:
        raise ValueError("Invalid or unsupported reference audio.") from error
    return Recording(audio, rate)


def cloned(engine: Espeak, reference: Recording) -> Voice:
    """The nearest that formants come to cloning: the voice whose pitch is nearest to the clip's."""
    wanted = _pitch(reference)
    return min(voices().values(), key=lambda voice: abs(_own_pitch(engine, voice.id) - wanted))


@cache
def _own_pitch(engine: Espeak, name: str) -> float:
    plain = Delivery(emotion="neutral", intensity=0.0, style=Style())
    line = Line(text=_TEXT, language="en", voice=voices()[name], delivery=plain, seed=0)
    take = next(engine.speak([line]))
    if not isinstance(take, Take):
        raise TypeError(take.reason)
    return _pitch(Recording(take.audio, take.sample_rate))


def _pitch(recording: Recording) -> float:
    """In semitones."""
    return float(np.nanmedian(12 * np.log2(fundamental(recording))))
