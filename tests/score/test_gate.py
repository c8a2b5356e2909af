import pytest

from pipeline.score.gate import Asked, judge
from schemas.scores import EmotionScore, Feeling, Hearing, Likeness, Limits, Quality, Scores, Sound

GOOD = Scores(
    hearing=Hearing(transcript="i am glad", wer=0.0, cer=0.0, language_model="dialogue"),
    feeling=Feeling(emotion=(EmotionScore(label="happy", p=0.9), EmotionScore(label="sad", p=0.1))),
    sound=Sound(
        duration=2.0,
        leading_silence=0.1,
        trailing_silence=0.1,
        longest_silence=0.3,
        clipping=0.0,
        rms=-20.0,
        seconds_per_character=0.07,
        waveform="00",
    ),
)


def with_sound(**changes: float) -> Scores:
    return GOOD.model_copy(update={"sound": GOOD.sound.model_copy(update=changes)})


def test_a_good_take_passes() -> None:
    assert judge(GOOD, Asked("happy"), Limits()).passed


@pytest.mark.parametrize(
    ("scores", "check"),
    [
        (GOOD.model_copy(update={"hearing": GOOD.hearing.model_copy(update={"wer": 0.5})}), "wer"),
        (with_sound(duration=0.2), "shortest"),
        (with_sound(duration=31.0), "longest"),
        (with_sound(leading_silence=0.9), "leading_silence"),
        (with_sound(trailing_silence=1.9), "trailing_silence"),
        (with_sound(longest_silence=1.6), "longest_silence"),
        (with_sound(clipping=0.01), "clipping"),
        (with_sound(rms=-60.0), "quietest_rms"),
        (with_sound(seconds_per_character=0.01), "least_seconds_per_character"),
        (with_sound(seconds_per_character=0.4), "most_seconds_per_character"),
    ],
)
def test_each_limit_rejects_with_its_own_reason_and_the_figures(scores: Scores, check: str) -> None:
    verdict = judge(scores, Asked("happy"), Limits())
    assert [reason.check for reason in verdict.reasons] == [check]
    assert any(character.isdigit() for character in verdict.reasons[0].message)


def test_every_reason_is_kept_not_only_the_first() -> None:
    bad = with_sound(clipping=0.5, rms=-60.0)
    assert [reason.check for reason in judge(bad, Asked("sad"), Limits()).reasons] == [
        "emotion",
        "clipping",
        "quietest_rms",
    ]


def test_an_emotion_may_have_a_limit_of_its_own() -> None:
    assert not judge(GOOD, Asked("sad"), Limits()).passed
    assert judge(GOOD, Asked("sad"), Limits(emotions={"sad": 0.05})).passed


def test_the_reason_for_a_wrong_emotion_says_how_it_sounds() -> None:
    assert "sounds happy" in judge(GOOD, Asked("sad"), Limits()).reasons[0].message


def test_an_emotion_may_be_several_of_the_recognisers_labels() -> None:
    assert not judge(GOOD, Asked("excited"), Limits()).passed
    assert judge(GOOD, Asked("excited", names=("happy", "surprised")), Limits()).passed


def test_a_lift_compares_with_the_voices_neutral_rendering() -> None:
    cheerful = GOOD.model_copy(update={"plain": GOOD.feeling})
    reasons = judge(cheerful, Asked("happy"), Limits(lifts={"happy": 0.1})).reasons
    assert [reason.check for reason in reasons] == ["lift"]
    assert "+0.00 against the voice's neutral rendering, less than +0.1" in reasons[0].message
    assert judge(cheerful, Asked("happy"), Limits(lifts={"sad": 0.1})).passed


def test_the_second_recogniser_has_to_agree() -> None:
    doubted = GOOD.model_copy(update={"second": Feeling(emotion=(EmotionScore(label="ang", p=1.0),))})
    assert [reason.check for reason in judge(doubted, Asked("happy"), Limits()).reasons] == ["second_emotion"]
    assert judge(doubted, Asked("happy", second_names=("ang",)), Limits()).passed


def test_quality_and_likeness_are_judged_where_they_were_measured() -> None:
    poor = GOOD.model_copy(update={"quality": Quality(mos=2.5), "likeness": Likeness(cosine=0.3)})
    limits = Limits(mos=3.0, likeness=0.5)
    assert [reason.check for reason in judge(poor, Asked("happy"), limits).reasons] == ["mos", "likeness"]
    assert judge(GOOD, Asked("happy"), limits).passed


def test_languages_without_spaces_are_judged_by_characters() -> None:
    misheard = GOOD.model_copy(update={"hearing": GOOD.hearing.model_copy(update={"wer": 1.0, "cer": 0.1})})
    assert judge(misheard, Asked("happy", "zh"), Limits()).passed
    assert [reason.check for reason in judge(misheard, Asked("happy", "zh"), Limits(cer=0.05)).reasons] == ["cer"]
