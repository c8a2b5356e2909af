"""DNSMOS with the weights of its wheel, on the embedded engine's voice."""

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.score.dnsmos import DnsMos, Settings, build
from pipeline.score.scorer import Utterance
from pipeline.speak import espeak
from schemas.pack import Pack
from schemas.scores import Quality
from schemas.take import Line, Take
from schemas.voice import Delivery, Style

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def judge() -> DnsMos:
    return build(Settings())


@pytest.fixture(scope="module")
def speech(empathy: Pack) -> Recording:
    speaker = espeak.build(espeak.Settings())
    voice = next(voice for voice in empathy.voices if voice.id == "julia")
    plain = Delivery(emotion="neutral", intensity=0.0, style=Style())
    take = next(
        speaker.speak([Line(text="I am so sorry to hear that.", language="en", voice=voice, delivery=plain, seed=1)])
    )
    speaker.close()
    assert isinstance(take, Take)
    return Recording(take.audio, take.sample_rate)


def rated(judge: DnsMos, recording: Recording) -> Quality:
    answer = next(judge.rate([Utterance(recording, "Hello", "en")]))
    assert isinstance(answer, Quality), answer
    return answer


def test_noise_costs_quality(judge: DnsMos, speech: Recording) -> None:
    noise = np.random.default_rng(0).normal(0.0, np.std(speech.audio), len(speech.audio)).astype(np.float32)

    clean, noisy = rated(judge, speech), rated(judge, Recording(speech.audio + noise, speech.sample_rate))

    assert 2.0 < clean.mos < 5.0
    assert noisy.mos < clean.mos - 0.5
    assert [part.name for part in clean.parts] == ["speech", "background", "p808"]


def test_the_same_take_is_rated_the_same_in_any_company(judge: DnsMos, speech: Recording) -> None:
    loud = Recording((0.9 * np.sign(speech.audio)).astype(np.float32), speech.sample_rate)  # overshoots when resampled
    takes = [Utterance(sound, "Hello", "en") for sound in (speech, loud)]
    assert list(judge.rate(takes)) == [rated(judge, speech), rated(judge, loud)]


def test_too_little_sound_is_a_failure(judge: DnsMos) -> None:
    answer = next(judge.rate([Utterance(Recording(np.zeros(0, np.float32), 16000), "Hello", "en")]))
    assert answer == Failure("0.00 s of sound is too short; it takes 0.1 s")
