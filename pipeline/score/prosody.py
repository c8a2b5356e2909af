"""SER backend `prosody`: whether a take's prosody is that of the emotion asked for.

It compares the take with the same voice's neutral renderings and asks a small classifier which delivery the
difference looks like. The classifier is fitted on the embedded engine's own renderings (`python -m
training.prosody`), so an answer says how a line was spoken, not what a person feels.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.score.prosody_features import NAMES, TooLittleVoiceError, measure
from pipeline.score.scorer import Utterance
from schemas.frozen import Frozen
from schemas.scores import EmotionScore, Feeling

Vector = NDArray[np.float64]
"""float64 [len(NAMES)], or [N, len(NAMES)]."""

MODEL = Path(__file__).with_name("prosody_model.npz")
VERSION = "1"
COMPARES = True


class Settings(Frozen):
    """There is nothing to set: the model is the one that ships."""


def identity(settings: Settings) -> str:  # noqa: ARG001 -- every backend's gets its settings
    """The model's digest."""
    return blake2b(MODEL.read_bytes(), digest_size=8).hexdigest()


def labels(settings: Settings) -> tuple[str, ...]:  # noqa: ARG001
    """What the model was fitted on."""
    return Classifier.load(MODEL).labels


@dataclass(frozen=True)
class Classifier:
    """Multinomial logistic regression on standardised differences.

    `labels` [L]; `mean` and `scale` [F] standardise; `weights` [F, L] and `bias` [L] give the logits.
    """

    labels: tuple[str, ...]
    mean: Vector
    scale: Vector
    weights: Vector
    bias: Vector

    def probabilities(self, difference: Vector) -> Vector:
        """[…, L] from […, F]: each row sums to 1."""
        logits = (difference - self.mean) / self.scale @ self.weights + self.bias
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares: Vector = odds / odds.sum(axis=-1, keepdims=True)
        return shares

    def save(self, path: Path) -> None:
        """Write an npz without pickles."""
        np.savez(
            path,
            labels=np.array(self.labels),
            names=np.array(NAMES),
            mean=self.mean.astype(np.float32),
            scale=self.scale.astype(np.float32),
            weights=self.weights.astype(np.float32),
            bias=self.bias.astype(np.float32),
        )

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """Read what `save` wrote; ValueError if it was fitted on other features than these."""
        with np.load(path, allow_pickle=False) as stored:
            if tuple(stored["names"].tolist()) != NAMES:
                raise ValueError(f"{path} was fitted on other features; run: python -m training.prosody")
            numbers = {name: stored[name].astype(np.float64) for name in ("mean", "scale", "weights", "bias")}
            return cls(labels=tuple(stored["labels"].tolist()), **numbers)


def build(settings: Settings) -> "Prosody":  # noqa: ARG001 - every backend's `build` takes its settings
    """Load the model."""
    return Prosody(Classifier.load(MODEL))


def reference_vector(references: Sequence[Recording]) -> Vector:
    """The mean vector of a voice's neutral renderings; raises TooLittleVoiceError if one has no prosody."""
    mean: Vector = np.mean([measure(recording) for recording in references], axis=0)
    return mean


class Prosody:
    """Answers for each utterance on its own; a voice's reference is measured once."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._references: dict[bytes, Vector] = {}

    def feel(self, utterances: Iterable[Utterance]) -> Iterator[Feeling | Failure]:
        """Yield every label's probability for each utterance, or why there is none."""
        for utterance in utterances:
            yield self._feeling(utterance)

    def _feeling(self, utterance: Utterance) -> Feeling | Failure:
        if not utterance.reference:
            return Failure("prosody compares with neutral renderings of the same voice, and there are none")
        try:
            difference = measure(utterance.recording) - self._reference(utterance.reference)
        except TooLittleVoiceError as error:
            return Failure(f"no prosody to judge: {error}")
        shares = self._classifier.probabilities(difference)
        scores = zip(self._classifier.labels, shares.tolist(), strict=True)
        return Feeling(emotion=tuple(EmotionScore(label=label, p=p) for label, p in scores))

    def _reference(self, references: Sequence[Recording]) -> Vector:
        content = blake2b(digest_size=16)
        for recording in references:
            content.update(f"{recording.sample_rate} {len(recording.audio)} ".encode())
            content.update(np.ascontiguousarray(recording.audio).data)
        key = content.digest()
        if key not in self._references:
            self._references[key] = reference_vector(references)
        return self._references[key]
