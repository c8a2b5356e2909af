"""Backend `espeak`: espeak-ng's formant voices, from a wheel, deterministic, hundreds of times faster than speech.

espeak-ng is GPL-3.0, so it lives in a process of its own (`espeak_process.py`) that is spoken to through pipes.
"""

import difflib
import json
import os
import random
import selectors
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import espeakng_loader
import numpy as np
from pydantic import Field, ValidationError, field_validator

from pipeline.engine.failure import Failure
from pipeline.engine.storage import Folder
from pipeline.speak import espeak_process
from pipeline.speak.espeak_process import FRAME, Answer, Greeting, Request
from pipeline.speak.marked_text import marked, pauses, word_times
from pipeline.speak.shaping import Spoken, shape, unclipped
from pipeline.speak.speaker import Abilities
from schemas.frozen import Frozen
from schemas.take import Line, Take
from schemas.voice import Prosody

VERSION = f"1, espeakng-loader {version('espeakng-loader')}"
LANGUAGES = ("en",)

_RATE, _VOLUME, _PITCH, _RANGE, _GAP = 1, 2, 3, 4, 7
_STEPS_PER_SEMITONE = 5.5
"""Of espeak-ng's pitch 0..99, as measured from 30 to 90; below that it hardly falls any more."""
_JITTER = 0.03


class Settings(Frozen):
    """`seconds` is the time one line may take; a usual one takes a hundredth of a second."""

    seconds: float = Field(default=20.0, gt=0.0)


def identity(settings: Settings) -> str:  # noqa: ARG001 -- the time a line may take does not show in it
    """Nothing but the engine's version."""
    return ""


def abilities(settings: Settings) -> Abilities:  # noqa: ARG001 -- they are the engine's own
    """English by numbers, with word times."""
    return Abilities(languages=LANGUAGES, prosody=True, named_voices=True, word_times=True)


@cache
def variants() -> tuple[str, ...]:
    """The names of the variants that the wheel holds."""
    return tuple(sorted(path.name for path in Path(espeakng_loader.get_data_path(), "voices", "!v").iterdir()))


class VoiceSettings(Frozen):
    """An espeak-ng voice: a variant in an accent, bent to be a person of its own.

    `pitch` and `range` are espeak-ng's 0..99, 50 being the variant's own; `rate` is in words a minute. `tract` is the
    length of the vocal tract against the variant's: below 1 all formants (and the pitch) move up, as from a man to a
    woman to a child. `volume` leaves head-room at 50; at 100 several variants clip.
    """

    variant: str
    accent: Literal["en", "en-us", "en-029", "en-gb-scotland", "en-gb-x-rp"] = "en-us"
    pitch: int = Field(default=50, ge=0, le=99)
    range: int = Field(default=50, ge=0, le=99)
    rate: int = Field(default=165, ge=100, le=300)
    volume: int = Field(default=50, ge=10, le=100)
    tract: float = Field(default=1.0, ge=0.8, le=1.25)

    @field_validator("variant")
    @classmethod
    def _exists(cls, variant: str) -> str:
        # espeak-ng itself takes any name, and speaks with its plain voice if there is no such variant
        if variant not in variants():
            near = difflib.get_close_matches(variant, variants(), n=3, cutoff=0.4) or variants()[:3]
            raise ValueError(f"espeak-ng has no variant {variant!r}; near it: {', '.join(near)}")
        return variant


def build(settings: Settings, clips: Folder | None = None) -> "Espeak":  # noqa: ARG001 -- it clones no voice
    """Start nothing yet: the process starts with the first line."""
    return Espeak(settings)


class Espeak:
    """Speaks lines one after the other; a line on which espeak-ng fails is a Failure, and the next one is spoken."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: _Process | None = None

    def speak(self, lines: Sequence[Line]) -> Iterator[Take | Failure]:
        """Yield each line's take as float32 at espeak-ng's 22050 Hz, with word times where they are certain."""
        for line in lines:
            yield self._take(line)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _take(self, line: Line) -> Take | Failure:
        if line.language not in LANGUAGES:
            return Failure(f"espeak speaks {', '.join(LANGUAGES)} only, not {line.language}")
        if foreign := [sign for sign in line.text if sign.isalpha() and not unicodedata.name(sign).startswith("LATIN")]:
            return Failure(f"espeak speaks English; {foreign[0]!r} is no letter of it")
        if "espeak" not in line.voice.engines:
            return Failure(f"voice {line.voice.id} has no settings for espeak")
        try:
            voice = VoiceSettings.model_validate(line.voice.engines["espeak"])
        except ValidationError as error:
            return Failure(f"voice {line.voice.id}: {error.errors()[0]['msg']}")
        return self._spoken(line, voice)

    def _spoken(self, line: Line, voice: VoiceSettings) -> Take | Failure:
        prosody = jittered(line.delivery.style.prosody.at(line.delivery.intensity), line.seed)
        parameters = _parameters(voice, prosody)
        text = marked(line.text, _steps(len(line.text.split()), prosody), parameters[_PITCH])
        request = Request(
            voice=f"{voice.accent}+{voice.variant}",
            ssml=text.ssml,
            parameters=list(parameters.items()),
            seconds=self._settings.seconds,
        )
        try:
            if self._process is None:
                self._process = _Process(self._settings.seconds)
            answer, pcm = self._process.ask(request)
            greeting = self._process.greeting
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            return Failure(f"the espeak-ng process failed: {error}")
        if answer["error"]:
            return Failure(answer["error"])
        audio = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
        if not np.any(audio):
            return Failure("espeak-ng gave no sound for this text")
        events = answer["events"]
        words = word_times(text, events, len(audio), greeting["sample_rate"])
        spoken = Spoken(audio, greeting["sample_rate"], words, pauses(events, len(audio)))
        shaped = shape(spoken, prosody, voice.tract)
        return Take(unclipped(shaped.audio), shaped.sample_rate, shaped.words, f"espeak-ng {greeting['version']}")


def jittered(prosody: Prosody, seed: int) -> Prosody:
    """The same delivery as another try of it: rate, pitch and range a little off, as `seed` says."""
    draw = random.Random(seed)  # noqa: S311 - the same for everyone, on purpose
    return prosody.model_copy(
        update={
            "rate": prosody.rate * (1 + draw.uniform(-_JITTER, _JITTER)),
            "pitch": prosody.pitch + 12 * np.log2(1 + draw.uniform(-_JITTER, _JITTER)),
            "range": prosody.range * (1 + draw.uniform(-_JITTER, _JITTER)),
        }
    )


def _parameters(voice: VoiceSettings, prosody: Prosody) -> dict[int, int]:
    rate = voice.rate * prosody.rate * voice.tract  # a longer tract, made by slower playing, takes longer
    return {
        _RATE: round(min(max(rate, 80), 449)),
        _VOLUME: round(min(voice.volume * prosody.volume, 100)),
        _PITCH: round(min(max(voice.pitch + _STEPS_PER_SEMITONE * prosody.pitch, 1), 99)),
        _RANGE: round(min(voice.range * prosody.range, 99)),
        _GAP: round(prosody.gap),
    }


def _steps(words: int, prosody: Prosody) -> list[int]:
    """Each word's shift of espeak-ng's pitch: down or up the slope, and the rise on the last word."""
    along = np.linspace(-0.5, 0.5, words) if words > 1 else np.zeros(words)
    semitones = along * prosody.slope + prosody.rise * (np.arange(words) == words - 1)
    return [round(step) for step in _STEPS_PER_SEMITONE * semitones]


class _Process:
    """espeak_process.py, running. Raises OSError, EOFError or TimeoutError when it is gone or silent."""

    def __init__(self, seconds: float) -> None:
        self._patience = seconds + 10.0
        paths = (espeak_process.__file__, espeakng_loader.get_library_path(), espeakng_loader.get_data_path())
        self._process = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018
        self._requests, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._answers, selectors.EVENT_READ)
        self.greeting: Greeting = json.loads(self._frame()[0])

    def ask(self, request: Request) -> tuple[Answer, bytes]:
        """The answer and its PCM."""
        text = json.dumps(request).encode()
        unsent = memoryview(FRAME.pack(len(text), 0) + text)
        while unsent:
            unsent = unsent[os.write(self._requests, unsent) :]
        document, pcm = self._frame()
        answer: Answer = json.loads(document)
        return answer, pcm

    def close(self) -> None:
        """Kill it: it holds nothing that must be saved."""
        self._selector.close()
        self._process.kill()
        self._process.communicate()

    def _frame(self) -> tuple[bytes, bytes]:
        document, pcm = FRAME.unpack(self._read(FRAME.size))
        return self._read(document), self._read(pcm)

    def _read(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            if not self._selector.select(self._patience):
                raise TimeoutError(f"no answer in {self._patience:g} s")
            part = os.read(self._answers, count - len(parts))
            if not part:
                raise EOFError("it ended")
            parts += part
        return bytes(parts)
