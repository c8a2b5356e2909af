"""The score stage: takes to scores. Three maps, so that another recogniser leaves the others' work alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pipeline.audio.recording import Recording, decode_flac
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.ledger import Place
from pipeline.engine.stage import Outcome, outcomes
from pipeline.score import sound
from pipeline.score.backends import EMOTION_RECOGNISERS, SPEECH_RECOGNISERS
from pipeline.score.scorer import EmotionRecogniser, SpeechRecogniser, Utterance
from schemas.run import Backend
from schemas.scores import Feeling, Hearing, Sound


@dataclass(frozen=True)
class Spoken:
    """A take to be scored: where its audio lies and its digest, what was to be said, and the voice's references."""

    place: Place
    digest: str
    text: str
    language: str
    dialogue: tuple[str, ...]
    references: tuple[tuple[Place, str], ...] = ()

    def utterance(self) -> Utterance:
        """Read the audio."""
        return Utterance(
            recording=_read(self.place),
            text=self.text,
            language=self.language,
            dialogue=self.dialogue,
            reference=tuple(_read(place) for place, _ in self.references),
        )


def _read(place: Place) -> Recording:
    return decode_flac(place.blob())


@dataclass(frozen=True)
class HearStage:
    """What an ASR heard."""

    backend: Backend
    name: ClassVar[str] = "score.asr"
    result: ClassVar[type[Hearing]] = Hearing

    @cached_property
    def identity(self) -> str:
        """What all hearings depend on."""
        module = SPEECH_RECOGNISERS.load(self.backend.backend)
        return fingerprint(self.backend.backend, module.VERSION, self.backend.settings)

    def key(self, item: Spoken) -> str:
        """What one hearing depends on."""
        return fingerprint(self.identity, item.digest, item.text, item.language, item.dialogue)

    def build(self) -> "HearRunner":
        """Load the recogniser."""
        module = SPEECH_RECOGNISERS.load(self.backend.backend)
        return HearRunner(module.build(module.Settings.model_validate(self.backend.settings)))


@dataclass(frozen=True)
class HearRunner:
    """An ASR at work, one utterance at a time unless the backend batches."""

    recogniser: SpeechRecogniser

    def run(self, items: Sequence[Spoken]) -> Iterator[Outcome[Hearing] | Failure]:
        """One hearing a take."""
        return outcomes(self.recogniser.hear(item.utterance() for item in items))


@dataclass(frozen=True)
class FeelStage:
    """What a speech-emotion recogniser answered."""

    backend: Backend
    name: ClassVar[str] = "score.ser"
    result: ClassVar[type[Feeling]] = Feeling

    @cached_property
    def identity(self) -> str:
        """What all answers depend on."""
        module = EMOTION_RECOGNISERS.load(self.backend.backend)
        return fingerprint(self.backend.backend, module.VERSION, module.REVISION, self.backend.settings)

    def key(self, item: Spoken) -> str:
        """What one answer depends on."""
        return fingerprint(self.identity, item.digest, [digest for _, digest in item.references])

    def build(self) -> "FeelRunner":
        """Load the recogniser."""
        module = EMOTION_RECOGNISERS.load(self.backend.backend)
        return FeelRunner(module.build(module.Settings.model_validate(self.backend.settings)))


@dataclass(frozen=True)
class FeelRunner:
    """An emotion recogniser at work."""

    recogniser: EmotionRecogniser

    def run(self, items: Sequence[Spoken]) -> Iterator[Outcome[Feeling] | Failure]:
        """One answer a take."""
        return outcomes(self.recogniser.feel(item.utterance() for item in items))


@dataclass(frozen=True)
class SoundStage:
    """The sound checks."""

    name: ClassVar[str] = "score.sound"
    result: ClassVar[type[Sound]] = Sound

    @cached_property
    def identity(self) -> str:
        """What all checks depend on."""
        return fingerprint(sound.VERSION)

    def key(self, item: Spoken) -> str:
        """What one check depends on."""
        return fingerprint(self.identity, item.digest, item.text)

    def build(self) -> "SoundRunner":
        """Nothing to load."""
        return SoundRunner()


class SoundRunner:
    """The sound checks at work."""

    def run(self, items: Sequence[Spoken]) -> Iterator[Outcome[Sound] | Failure]:
        """One measurement a take."""
        return outcomes(sound.measure(_read(item.place), item.text) for item in items)
