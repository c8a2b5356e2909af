"""Likeness backend `xvector`: whether a take is the voice it is meant to be, by a speaker-verification model.

The model is any of transformers' x-vector models (`microsoft/wavlm-base-plus-sv` and its kin). It should not be the
encoder that conditions the speech engine: an engine can please its own encoder and still sound like somebody else.
Takes are compared one after another: transformers counts the frames of a padded batch wrongly before it pools them
(it leaves the dilation of the layers out), so that neighbours would change an embedding.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.batches import Batches, Heard, waveform
from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.engine.model_library import versions
from pipeline.engine.model_settings import ModelSettings, identity
from pipeline.score.scorer import Utterance
from pipeline.score.speech_encoder import SpeechEncoder, finite, load
from schemas.frozen import Seconds
from schemas.scores import Likeness
from schemas.take import Waveform

VERSION = f"1, {versions('transformers', 'torch')}"

_SHORTEST: Seconds = 0.1
_ENOUGH: Seconds = 1.0

Embedding = NDArray[np.float64]
"""float64 [D], of length 1."""

__all__ = ["VERSION", "Settings", "XVector", "build", "identity"]


class Settings(ModelSettings):
    """The model, and where it runs."""


def build(settings: Settings) -> "XVector":
    """Load the model."""
    return XVector(load(settings, "xvector", "AudioXVector"))


class XVector:
    """Cosine between a take and the mean of the voice's own recordings, each voice's being embedded once."""

    def __init__(self, encoder: SpeechEncoder) -> None:
        self._encoder = encoder
        self._voices: dict[bytes, Embedding] = {}

    def compare(self, utterances: Iterable[Utterance]) -> Iterator[Likeness | Failure]:
        """Yield the likeness of each utterance to its `clips`, without those to its `reference`."""
        return Batches(self._prepared, self._compared, most=1).run(utterances)

    def _prepared(self, utterance: Utterance) -> Waveform:
        if not (utterance.clips or utterance.reference):
            raise ValueError("there is no recording of the voice to compare with: neither clips nor neutral renderings")
        return self._repeated(utterance.recording)

    def _repeated(self, recording: Recording) -> Waveform:
        """The samples; a take under a second again and again until it is one, which tells a voice better."""
        audio = waveform(recording, self._encoder.rate, _SHORTEST)
        enough = int(_ENOUGH * self._encoder.rate)
        return audio if len(audio) >= enough else np.resize(audio, enough)

    def _compared(self, batch: Sequence[Heard[Utterance]]) -> list[Likeness | Failure]:
        return [self._likeness(one) for one in batch]

    def _likeness(self, heard: Heard[Utterance]) -> Likeness | Failure:
        try:
            voice = self._voice(heard.item.clips or heard.item.reference)
        except ValueError as error:
            return Failure(f"the voice's own recording cannot be used: {error}")
        cosine = float(self._embedding(heard.audio) @ voice)
        return Likeness(cosine=cosine) if finite([cosine]) else Failure("the model's answer is no number")

    def _voice(self, recordings: Sequence[Recording]) -> Embedding:
        content = blake2b(digest_size=16)
        for recording in recordings:
            content.update(f"{recording.sample_rate} {len(recording.audio)} ".encode())
            content.update(np.ascontiguousarray(recording.audio).data)
        key = content.digest()
        if key not in self._voices:
            self._voices[key] = _unit(np.sum([self._embedding(self._repeated(one)) for one in recordings], axis=0))
        return self._voices[key]

    def _embedding(self, audio: Waveform) -> Embedding:
        return _unit(self._encoder.embedding(audio).numpy().astype(np.float64))


def _unit(vector: Embedding) -> Embedding:
    unit: Embedding = vector / np.linalg.norm(vector)
    return unit
