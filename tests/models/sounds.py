"""Sounds for tiny models of random weights: what they answer means nothing, but must always be the same."""

import numpy as np

from pipeline.audio.recording import Recording
from pipeline.score.scorer import Utterance

SECONDS = (1.0, 2.37, 0.6, 3.0, 1.71, 0.6)


def noise(seconds: float, seed: int = 0, rate: int = 16000) -> Recording:
    """White noise of one level."""
    samples = np.random.default_rng(seed).normal(0.0, 0.1, int(seconds * rate))
    return Recording(samples.clip(-1, 1).astype(np.float32), rate)


def utterances(language: str = "en") -> list[Utterance]:
    """Takes of several lengths, two of them equally long."""
    return [Utterance(noise(s, seed), "Hello, how are you?", language) for seed, s in enumerate(SECONDS)]
