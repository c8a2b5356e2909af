"""SER backend `transformers`: any audio classifier of that library whose labels are emotions.

Wav2vec 2.0, HuBERT, WavLM and UniSpeech models with a layer-normalised feature encoder are run in padded batches, since
padding changes nothing there. Models that hear a fixed window (AST, Whisper) are stacked, and cut what is longer than
their window. All others hear one take after another.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pipeline.audio.batches import MOST, Batches, Heard, waveform
from pipeline.engine.errors import UsageError
from pipeline.engine.failure import Failure
from pipeline.engine.model_library import versions
from pipeline.engine.model_settings import ModelSettings, config, identity
from pipeline.score.scorer import Utterance
from pipeline.score.speech_encoder import SpeechEncoder, finite, load
from schemas.frozen import Seconds
from schemas.scores import EmotionScore, Feeling
from schemas.take import Waveform

VERSION = f"1, {versions('transformers', 'torch')}"
COMPARES = False

_SHORTEST: Seconds = 0.1

__all__ = ["COMPARES", "VERSION", "AudioClassifier", "Settings", "build", "identity", "labels"]


class Settings(ModelSettings):
    """The model, and where it runs."""


def labels(settings: Settings) -> tuple[str, ...] | None:
    """What the folder's config.json calls its classes, in their order; None if the folder is not on this machine."""
    known = config(settings.model)
    named = known["id2label"] if known and "id2label" in known else None
    if not isinstance(named, dict):
        return None
    return tuple(str(named[number]) for number in sorted(named, key=int))


def build(settings: Settings) -> "AudioClassifier":
    """Load the model. Raises UsageError or WarmlineError for what is no classifier."""
    encoder = load(settings, "transformers", "AudioClassification")
    if encoder.model.config.problem_type == "regression" or encoder.model.config.num_labels < 2:
        raise UsageError(f"{settings.model} measures dimensions; what is wanted is a classifier of emotions")
    return AudioClassifier(encoder)


class AudioClassifier:
    """Answers for batches on a GPU and for one take after another elsewhere."""

    def __init__(self, encoder: SpeechEncoder, most: int | None = None) -> None:
        self.encoder = encoder
        self._most = most or (MOST if encoder.device == "cuda" else 1)
        named = encoder.model.config.id2label
        self._labels = tuple(named[number] for number in sorted(named))
        self._exclusive = encoder.model.config.problem_type != "multi_label_classification"

    def feel(self, utterances: Iterable[Utterance]) -> Iterator[Feeling | Failure]:
        """Yield every label's probability for each utterance, or why there is none."""
        return Batches(self._prepared, self._felt, self._most).run(utterances)

    def _prepared(self, utterance: Utterance) -> Waveform:
        return waveform(utterance.recording, self.encoder.rate, _SHORTEST)

    def _felt(self, batch: Sequence[Heard[Utterance]]) -> list[Feeling | Failure]:
        answers = self.encoder.logits([one.audio for one in batch])
        return [self._feeling(answer.numpy().astype(np.float64)) for answer in answers]

    def _feeling(self, logits: np.ndarray) -> Feeling | Failure:
        if not finite(logits.tolist()):
            return Failure("the model's answer is no number; precision: float32 may mend it")
        odds = np.exp(logits - logits.max()) if self._exclusive else 1.0 / (1.0 + np.exp(-logits))
        return feeling(self._labels, (odds / odds.sum()).tolist())


def feeling(labels: Sequence[str], shares: Sequence[float]) -> Feeling:
    """Every label with its part of 1."""
    return Feeling(
        emotion=tuple(EmotionScore(label=label, p=min(1.0, p)) for label, p in zip(labels, shares, strict=True))
    )
