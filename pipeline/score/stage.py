"""The score stage: takes to scores. A map for each recogniser, so that another one leaves the others' work alone."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import ClassVar, Generic

from pydantic import BaseModel

from pipeline.audio.recording import Recording, decode_flac
from pipeline.engine.backends import Registry
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import Ingredient, fingerprint
from pipeline.engine.ledger import Place
from pipeline.engine.stage import Outcome, Result, outcomes
from pipeline.engine.storage import Folder
from pipeline.score import sound
from pipeline.score.backends import (
    EMOTION_RECOGNISERS,
    QUALITY_JUDGES,
    SPEECH_RECOGNISERS,
    VOICE_COMPARERS,
    WORD_ALIGNERS,
)
from pipeline.score.scorer import (
    AsyncSpeechRecogniser,
    EmotionRecogniser,
    QualityJudge,
    SpeechRecogniser,
    Utterance,
    VoiceComparer,
    WordAligner,
)
from schemas.run import Backend
from schemas.scores import Feeling, Hearing, Likeness, Quality, Sound, WordTimes


@dataclass(frozen=True)
class ClipPlace:
    """Where the recording lies that a voice was cloned from."""

    folder: Folder
    name: str
    digest: str


@dataclass(frozen=True)
class Spoken:
    """A take to be scored: where its audio lies and its digest, what was to be said, and the voice to compare with."""

    place: Place
    digest: str
    text: str
    language: str
    dialogue: tuple[str, ...]
    references: tuple[tuple[Place, str], ...] = ()
    clips: tuple[ClipPlace, ...] = ()

    def utterance(self) -> Utterance:
        """Read the audio."""
        return Utterance(
            recording=_read(self.place),
            text=self.text,
            language=self.language,
            dialogue=self.dialogue,
            reference=tuple(_read(place) for place, _ in self.references),
            clips=tuple(decode_flac(clip.folder.read(clip.name)) for clip in self.clips),
        )


def _read(place: Place) -> Recording:
    return decode_flac(place.blob())


@dataclass(frozen=True)
class _ScoreStage:
    """What the maps have in common: a backend by name, and keys that begin with what all its scores depend on."""

    backend: Backend
    registry: ClassVar[Registry]

    @property
    def _module(self) -> ModuleType:
        return self.registry.load(self.backend.backend)

    @property
    def _settings(self) -> BaseModel:
        settings: BaseModel = self._module.Settings.model_validate(self.backend.settings)
        return settings

    @cached_property
    def identity(self) -> str:
        """What all scores of this backend depend on."""
        return fingerprint(self.backend.backend, self._module.VERSION, self._module.identity(self._settings))

    def key(self, item: Spoken) -> str:
        """What one score depends on."""
        return fingerprint(self.identity, *self._reads(item))

    @abstractmethod
    def _reads(self, item: Spoken) -> Sequence[Ingredient]: ...

    @property
    def waits(self) -> bool:
        """Whether the scores come from a server."""
        return self.registry.entry(self.backend.backend).waits


@dataclass(frozen=True)
class ScoreRunner(Generic[Result]):
    """A backend at work: `listen` is its one method."""

    listen: Callable[[Iterable[Utterance]], Iterator[Result | Failure]]

    def run(self, items: Sequence[Spoken]) -> Iterator[Outcome[Result] | Failure]:
        """One score a take."""
        return outcomes(self.listen(item.utterance() for item in items))


@dataclass(frozen=True)
class AsyncHearRunner:
    """A transcription server at work."""

    recogniser: AsyncSpeechRecogniser

    async def run_one(self, item: Spoken) -> Outcome[Hearing] | Failure:
        """What was heard of one take."""
        heard = await self.recogniser.hear_one(await asyncio.to_thread(item.utterance))
        return heard if isinstance(heard, Failure) else Outcome(heard)

    async def close(self) -> None:
        """Let go of the server."""
        await self.recogniser.close()


@dataclass(frozen=True)
class HearStage(_ScoreStage):
    """What an ASR heard."""

    name: ClassVar[str] = "score.asr"
    result: ClassVar[type[Hearing]] = Hearing
    registry: ClassVar[Registry] = SPEECH_RECOGNISERS

    def _reads(self, item: Spoken) -> Sequence[Ingredient]:
        return item.digest, item.text, item.language, item.dialogue

    def build(self) -> ScoreRunner[Hearing] | AsyncHearRunner:
        """Load the recogniser."""
        if self.waits:
            return AsyncHearRunner(self._module.build(self._settings))
        recogniser: SpeechRecogniser = self._module.build(self._settings)
        return ScoreRunner(recogniser.hear)


@dataclass(frozen=True)
class FeelStage(_ScoreStage):
    """What a speech-emotion recogniser answered. The second one keeps a ledger of its own."""

    name: str = "score.ser"
    result: ClassVar[type[Feeling]] = Feeling
    registry: ClassVar[Registry] = EMOTION_RECOGNISERS

    def _reads(self, item: Spoken) -> Sequence[Ingredient]:
        return (item.digest, [digest for _, digest in item.references]) if self._module.COMPARES else (item.digest,)

    def build(self) -> ScoreRunner[Feeling]:
        """Load the recogniser."""
        recogniser: EmotionRecogniser = self._module.build(self._settings)
        return ScoreRunner(recogniser.feel)


@dataclass(frozen=True)
class QualityStage(_ScoreStage):
    """How good it sounds to a model of listeners."""

    name: ClassVar[str] = "score.mos"
    result: ClassVar[type[Quality]] = Quality
    registry: ClassVar[Registry] = QUALITY_JUDGES

    def _reads(self, item: Spoken) -> Sequence[Ingredient]:
        return (item.digest,)

    def build(self) -> ScoreRunner[Quality]:
        """Load the judge."""
        judge: QualityJudge = self._module.build(self._settings)
        return ScoreRunner(judge.rate)


@dataclass(frozen=True)
class LikenessStage(_ScoreStage):
    """How like its voice a take sounds."""

    name: ClassVar[str] = "score.likeness"
    result: ClassVar[type[Likeness]] = Likeness
    registry: ClassVar[Registry] = VOICE_COMPARERS

    def _reads(self, item: Spoken) -> Sequence[Ingredient]:
        references = () if item.clips else item.references
        return item.digest, [digest for _, digest in references], [clip.digest for clip in item.clips]

    def build(self) -> ScoreRunner[Likeness]:
        """Load the comparer."""
        comparer: VoiceComparer = self._module.build(self._settings)
        return ScoreRunner(comparer.compare)


@dataclass(frozen=True)
class WordsStage(_ScoreStage):
    """When each word of a take sounds whose engine did not tell."""

    name: ClassVar[str] = "score.words"
    result: ClassVar[type[WordTimes]] = WordTimes
    registry: ClassVar[Registry] = WORD_ALIGNERS

    def _reads(self, item: Spoken) -> Sequence[Ingredient]:
        return item.digest, item.text, item.language

    def build(self) -> ScoreRunner[WordTimes]:
        """Load the aligner."""
        aligner: WordAligner = self._module.build(self._settings)
        return ScoreRunner(aligner.align)


@dataclass(frozen=True)
class SoundStage:
    """The sound checks."""

    name: ClassVar[str] = "score.sound"
    result: ClassVar[type[Sound]] = Sound
    waits: ClassVar[bool] = False

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
