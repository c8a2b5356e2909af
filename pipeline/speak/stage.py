"""The speak stage: lines to takes."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, JsonValue

from pipeline.audio.recording import Recording, encode_flac
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.stage import Outcome
from pipeline.engine.storage import Folder
from pipeline.speak.backends import SPEAKERS
from pipeline.speak.casting import abilities_of
from pipeline.speak.speaker import Abilities, AsyncSpeaker, Speaker
from schemas.run import Backend
from schemas.take import Line, Take, TakeRecord
from schemas.voice import NEUTRAL, Clip

_INAUDIBLE = 1e-3


@dataclass(frozen=True)
class SpeakStage:
    """Speaks with the backend that the run file names. `clips` is the folder that the voices' clips lie in."""

    backend: Backend
    clips: Folder
    name: ClassVar[str] = "speak"
    result: ClassVar[type[TakeRecord]] = TakeRecord

    @cached_property
    def settings(self) -> BaseModel:
        """The backend's own settings."""
        settings: BaseModel = SPEAKERS.load(self.backend.backend).Settings.model_validate(self.backend.settings)
        return settings

    @cached_property
    def identity(self) -> str:
        """What all takes depend on."""
        module = SPEAKERS.load(self.backend.backend)
        return fingerprint(self.backend.backend, module.VERSION, module.identity(self.settings))

    @cached_property
    def abilities(self) -> Abilities:
        """What the engine can be told."""
        return abilities_of(self.backend)

    def key(self, item: Line) -> str:
        """What one take depends on: of the voice and the delivery only what this engine reads."""
        able, voice, delivery = self.abilities, item.voice, item.delivery
        parts = {"prosody"} if able.prosody else set()
        parts |= {"instruction", "written_in"} if able.instruction else set()
        engine = dict(voice.engines.get(self.backend.backend, {}))
        said = (item.text, item.language, engine, delivery.style.model_dump(include=parts), delivery.intensity)
        if able.emotions is None and not able.clips:
            return fingerprint(self.identity, *said, item.seed)
        clips = {name: _cloned(clip) for name, clip in voice.clips.items() if name in _heard(item)}
        return fingerprint(self.identity, *said, item.seed, delivery.emotion, clips)

    @property
    def waits(self) -> bool:
        """Whether the takes come from a server."""
        return SPEAKERS.entry(self.backend.backend).waits

    def build(self) -> "SpeakRunner | AsyncSpeakRunner":
        """Load the engine."""
        speaker = SPEAKERS.load(self.backend.backend).build(self.settings, self.clips)
        return AsyncSpeakRunner(speaker) if self.waits else SpeakRunner(speaker)


def _cloned(clip: Clip) -> list[JsonValue]:
    """What of a clip a take may depend on; its language only where it is said, so that it costs others nothing."""
    return [clip.digest, clip.transcript, *([clip.language] if clip.language else [])]


def _heard(line: Line) -> tuple[str, str]:
    """The clips that a cloning engine may listen to for a line."""
    return (NEUTRAL, line.delivery.emotion)


@dataclass(frozen=True)
class SpeakRunner:
    """An engine at work. What it gives is looked at before it is kept: nothing, NaN and silence are failures."""

    speaker: Speaker

    def run(self, items: Sequence[Line]) -> Iterator[Outcome[TakeRecord] | Failure]:
        """One take a line."""
        for made in self.speaker.speak(items):
            yield made if isinstance(made, Failure) else kept(made)


@dataclass(frozen=True)
class AsyncSpeakRunner:
    """A speech server at work."""

    speaker: AsyncSpeaker

    async def run_one(self, item: Line) -> Outcome[TakeRecord] | Failure:
        """The line's take."""
        made = await self.speaker.speak_one(item)
        return made if isinstance(made, Failure) else await asyncio.to_thread(kept, made)

    async def close(self) -> None:
        """Let go of the server."""
        await self.speaker.close()


def kept(take: Take) -> Outcome[TakeRecord] | Failure:
    """The take as the ledger keeps it, or what is wrong with it."""
    if len(take.audio) == 0:
        return Failure("the engine gave no audio")
    if not np.isfinite(take.audio).all():
        return Failure("the engine's audio holds NaN or infinite samples")
    if np.abs(take.audio).max() < _INAUDIBLE:
        return Failure("the engine gave silence")
    flac = encode_flac(Recording(take.audio, take.sample_rate))
    record = TakeRecord(
        sample_rate=take.sample_rate,
        duration=take.duration,
        words=take.words,
        engine=take.engine,
        digest=blake2b(flac, digest_size=16).hexdigest(),
        size=len(flac),
        units=take.units,
    )
    return Outcome(record, flac)
