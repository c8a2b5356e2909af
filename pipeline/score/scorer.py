"""What a recogniser must do to be a backend of the score stage.

A backend is a module beside this one with `Settings` (a pydantic model), `VERSION` (raise it when the same take would
score differently) and `build(settings)`. It is listed in `backends.py` and imported only when named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from schemas.scores import Feeling, Hearing


@dataclass(frozen=True)
class Utterance:
    """A take as a recogniser gets it.

    `text` is what was to be said; `dialogue` the texts of all turns of its dialogue, in order, from which a small
    language model may be built. `reference` holds the same voice's neutral renderings of the pack's reference texts.
    """

    recording: Recording
    text: str
    language: str
    dialogue: tuple[str, ...] = ()
    reference: tuple[Recording, ...] = ()


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
