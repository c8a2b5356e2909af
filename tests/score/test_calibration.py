import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.score.calibration import Judged, calibrate, confusion, part
from schemas.scores import EmotionScore, Feeling

PROBABILITIES = st.lists(st.integers(0, 1000).map(lambda thousandths: thousandths / 1000), min_size=1, max_size=30)
LABELS = {"neutral": ("neutral",), "excited": ("happy", "surprised"), "sad": ("sad",)}


def feeling(**p: float) -> Feeling:
    return Feeling(emotion=tuple(EmotionScore(label=label, p=share) for label, share in p.items()))


def judged(asked: str, plain: Feeling | None = None, **p: float) -> Judged:
    return Judged(asked, feeling(**p), plain)


@given(PROBABILITIES, PROBABILITIES)
def test_no_other_threshold_parts_better(right: list[float], wrong: list[float]) -> None:
    found = part(right, wrong)
    for least in [*right, *wrong]:
        kept = sum(value >= least for value in right) / len(right)
        passed = sum(value >= least for value in wrong) / len(wrong)
        assert found.parts >= kept - passed - 1e-9


def test_several_labels_count_as_one_emotion() -> None:
    takes = [
        judged("excited", happy=0.5, surprised=0.3, sad=0.2, neutral=0.0),
        judged("sad", happy=0.1, surprised=0.0, sad=0.6, neutral=0.3),
        judged("neutral", happy=0.3, surprised=0.0, sad=0.3, neutral=0.4),
    ]
    found = {one.emotion: one for one in calibrate(takes, LABELS)}
    assert found["excited"].best.least == pytest.approx(0.55)
    assert confusion(takes, LABELS)["excited"]["excited"] == 1


def test_where_the_voice_itself_sounds_sad_the_lift_decides() -> None:
    gloomy, bright = feeling(sad=0.7, neutral=0.3), feeling(sad=0.0, neutral=1.0)
    takes = [
        judged("sad", gloomy, sad=0.9, neutral=0.1),
        judged("sad", bright, sad=0.3, neutral=0.7),
        judged("neutral", gloomy, sad=0.7, neutral=0.3),
        judged("neutral", bright, sad=0.0, neutral=1.0),
    ]
    (sad,) = [one for one in calibrate(takes, {"sad": ("sad",), "neutral": ("neutral",)}) if one.emotion == "sad"]
    assert sad.uses_lift
    assert (sad.best.right, sad.best.wrong) == (1.0, 0.0)
    assert sad.plain.parts < 1.0


def test_an_emotion_alone_cannot_be_told_from_others() -> None:
    assert calibrate([judged("sad", sad=1.0)], {"sad": ("sad",)}) == []
