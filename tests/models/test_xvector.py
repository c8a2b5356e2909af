"""Speaker likeness by an x-vector model of random weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError
from pipeline.engine.failure import Failure
from pipeline.score.scorer import Utterance
from pipeline.score.xvector import Settings, XVector, build
from schemas.scores import Likeness
from tests.models.sounds import noise, utterances

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def comparer(xvector_folder: Path) -> XVector:
    return build(Settings(model=str(xvector_folder)))


def cosine(comparer: XVector, take: Recording, *clips: Recording, reference: tuple[Recording, ...] = ()) -> float:
    answer = next(comparer.compare([Utterance(take, "Hello", "en", reference=reference, clips=clips)]))
    assert isinstance(answer, Likeness), answer
    return answer.cosine


def test_a_recording_is_most_like_itself(comparer: XVector) -> None:
    mine, other = noise(2.0, 1), Recording(np.sin(np.arange(32000) / 20).astype(np.float32) * 0.2, 16000)
    assert cosine(comparer, mine, mine) == pytest.approx(1.0)
    assert cosine(comparer, mine, other) < 0.999


def test_clips_go_before_renderings(comparer: XVector) -> None:
    mine, tone = noise(2.0, 1), Recording(np.sin(np.arange(32000) / 20).astype(np.float32) * 0.2, 16000)
    assert cosine(comparer, mine, mine, reference=(tone,)) == pytest.approx(1.0)
    assert cosine(comparer, mine, reference=(mine,)) == pytest.approx(1.0)


def test_the_company_changes_nothing(comparer: XVector, xvector_folder: Path) -> None:
    takes = [replace(take, clips=(noise(2.0, number),)) for number, take in enumerate(utterances())]
    alone = [next(build(Settings(model=str(xvector_folder))).compare([take])) for take in takes]
    assert list(comparer.compare(takes)) == alone
    assert list(comparer.compare(takes[::-1])) == alone[::-1]


def test_a_short_take_is_repeated_until_it_tells_something(comparer: XVector) -> None:
    short = noise(0.25)
    again = Recording(np.tile(short.audio, 4), 16000)
    assert cosine(comparer, short, again) == pytest.approx(1.0)


def test_what_cannot_be_compared_is_a_failure(comparer: XVector) -> None:
    lone = Utterance(noise(1.0), "Hello", "en")
    empty = replace(lone, clips=(Recording(np.zeros(0, np.float32), 16000),))

    reasons = [answer.reason for answer in comparer.compare([lone, empty]) if isinstance(answer, Failure)]

    assert reasons == [
        "there is no recording of the voice to compare with: neither clips nor neutral renderings",
        "the voice's own recording cannot be used: 0.00 s of sound is too short; it takes 0.1 s",
    ]


def test_a_classifier_is_no_speaker_model(classifier_folder: Path) -> None:
    with pytest.raises(UsageError, match=r"was not trained for xvector: it has no weights that fit"):
        build(Settings(model=str(classifier_folder)))
