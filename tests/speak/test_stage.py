import numpy as np
import pytest

from pipeline.engine.failure import Failure
from pipeline.engine.stage import Outcome
from pipeline.engine.storage import Folder
from pipeline.speak.stage import SpeakStage, kept
from schemas.run import Backend
from schemas.take import Line, Take, TakeRecord
from schemas.voice import Age, Delivery, Gender, Prosody, Style, Voice

STAGE = SpeakStage(Backend(backend="espeak"), Folder("memory://no-clips"))


def take(samples: list[float]) -> Take:
    return Take(np.array(samples, dtype=np.float32), 16000, engine="none")


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ([], "the engine gave no audio"),
        ([0.1, float("nan"), 0.2], "the engine's audio holds NaN or infinite samples"),
        ([0.1, float("inf")], "the engine's audio holds NaN or infinite samples"),
        ([0.0] * 16000, "the engine gave silence"),
    ],
)
def test_nothing_nan_and_silence_are_failures_with_their_reason(samples: list[float], reason: str) -> None:
    assert kept(take(samples)) == Failure(reason)


def test_a_take_is_kept_as_flac_with_its_digest() -> None:
    outcome = kept(take([0.1, -0.1] * 8000))
    assert isinstance(outcome, Outcome)
    assert isinstance(outcome.value, TakeRecord)
    assert outcome.blob is not None
    assert outcome.blob[:4] == b"fLaC"
    assert (outcome.value.duration, outcome.value.size) == (1.0, len(outcome.blob))


def line() -> Line:
    voice = Voice(
        id="ann",
        gender=Gender.FEMALE,
        age=Age.ADULT,
        engines={"espeak": {"variant": "f5"}},
        licence="CC0-1.0",
        consent="synthetic",
    )
    style = Style(prosody=Prosody(rate=1.1), instruction="Softly.")
    return Line(
        text="Hello.", language="en", voice=voice, delivery=Delivery(emotion="sad", intensity=1.0, style=style), seed=1
    )


def test_a_takes_key_follows_what_the_engine_reads_and_nothing_else() -> None:
    one = line()
    same = [
        one.model_copy(update={"attempt": 3}),
        one.model_copy(update={"voice": one.voice.model_copy(update={"licence": "CC-BY-4.0", "weight": 9.0})}),
        one.model_copy(
            update={"delivery": one.delivery.model_copy(update={"style": Style(prosody=Prosody(rate=1.1))})}
        ),
    ]
    other = [
        one.model_copy(update={"text": "Hello!"}),
        one.model_copy(update={"seed": 2}),
        one.model_copy(update={"delivery": one.delivery.model_copy(update={"intensity": 1.2})}),
        one.model_copy(update={"voice": one.voice.model_copy(update={"engines": {"espeak": {"variant": "f4"}}})}),
    ]
    assert {STAGE.key(edited) for edited in same} == {STAGE.key(one)}
    assert len({STAGE.key(edited) for edited in [one, *other]}) == 5
