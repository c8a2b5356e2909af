"""What a recogniser must do to be a backend of the score stage.

A backend is a module beside this one with

- `Settings`: a pydantic model that can be checked without the model's libraries,
- `VERSION`: raise it when the same take would score differently,
- `identity(settings)`: what all its scores depend on, as a fingerprint: settings that matter, a digest of the weights,
- one that recognises speech or aligns words, `LANGUAGES` (None for any); one that recognises emotions,
  `labels(settings)`: those it answers, None if they are only known once it is loaded, and `COMPARES`: whether it needs
  the `reference`,
- `build(settings)`, which gives one of the protocols below: the Async form where the entry in `backends.py` says that
  it waits for a server.

It is listed in `backends.py` and imported only when named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from schemas.scores import Feeling, Hearing, Likeness, Quality, WordTimes


@dataclass(frozen=True)
class Utterance:
    """A take as a recogniser gets it.

    `text` is what was to be said; `dialogue` the texts of all turns of its dialogue, in order, from which a small
    language model may be built. `reference` holds the same voice's neutral renderings of the pack's reference texts,
    `clips` the recording that the voice was cloned from, if it was.
    """

    recording: Recording
    text: str
    language: str
    dialogue: tuple[str, ...] = ()
    reference: tuple[Recording, ...] = ()
    clips: tuple[Recording, ...] = ()


class SpeechRecogniser(Protocol):
    """Hears what was said."""

    def hear(self, utterances: Iterable[Utterance]) -> Iterator[Hearing | Failure]:
        """Yield one hearing an utterance, in order. It depends on that utterance alone, not on those before.

        Utterances are read as they are asked for: take as many at once as a batch needs, and no more.
        """
        ...


class EmotionRecogniser(Protocol):
    """Hears how it was said."""

    def feel(self, utterances: Iterable[Utterance]) -> Iterator[Feeling | Failure]:
        """Yield one feeling an utterance, in order. It depends on that utterance alone."""
        ...


class QualityJudge(Protocol):
    """Guesses how good it sounds."""

    def rate(self, utterances: Iterable[Utterance]) -> Iterator[Quality | Failure]:
        """Yield one guess an utterance, in order. It depends on that utterance alone."""
        ...


class VoiceComparer(Protocol):
    """Hears who said it."""

    def compare(self, utterances: Iterable[Utterance]) -> Iterator[Likeness | Failure]:
        """Yield how like the utterance's `clips` (without those, its `reference`) each utterance is, in order."""
        ...


class WordAligner(Protocol):
    """Finds when each word was said."""

    def align(self, utterances: Iterable[Utterance]) -> Iterator[WordTimes | Failure]:
        """Yield the word times of each utterance, in order. They depend on that utterance alone."""
        ...


class AsyncSpeechRecogniser(Protocol):
    """A transcription server. Many utterances are asked for at once."""

    async def hear_one(self, utterance: Utterance) -> Hearing | Failure:
        """What was heard. Raises WarmlineError for what stops the whole run."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
