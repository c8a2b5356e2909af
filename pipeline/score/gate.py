"""The gate: scores and thresholds to a verdict. Pure, so another threshold costs nothing."""

from collections.abc import Iterator, Mapping

from schemas.scores import Limits, Reason, Scores, Verdict


def judge(scores: Scores, emotion: str, limits: Limits) -> Verdict:
    """Whether a take that was to sound `emotion` passes, and every reason why not.

    >>> judge(scores, "sad", Limits(wer=0.1)).reasons[0].message       # doctest: +SKIP
    'WER 0.25 is above 0.1 (language model: dialogue); heard: i was so glad'
    """
    return Verdict(reasons=(*_words(scores, limits), *_emotion(scores, emotion, limits), *_sound(scores, limits)))


def _words(scores: Scores, limits: Limits) -> Iterator[Reason]:
    heard = scores.hearing
    if heard.wer > limits.wer:
        yield Reason(
            check="wer",
            message=f"WER {heard.wer:.2f} is above {limits.wer:g} "
            f"(language model: {heard.language_model}); heard: {heard.transcript or 'nothing'}",
        )


def _emotion(scores: Scores, emotion: str, limits: Limits) -> Iterator[Reason]:
    least = limits.emotions.get(emotion, limits.emotion)
    p = scores.feeling.p(emotion)
    if p < least:
        yield Reason(check="emotion", message=f"p({emotion}) {p:.2f} is below {least:g}; sounds {scores.feeling.best}")


def _sound(scores: Scores, limits: Limits) -> Iterator[Reason]:
    sound = scores.sound
    pace = sound.seconds_per_character
    most: Mapping[str, tuple[float, float, str]] = {
        "longest": (sound.duration, limits.longest, "s long"),
        "leading_silence": (sound.leading_silence, limits.leading_silence, "s of silence before speech"),
        "trailing_silence": (sound.trailing_silence, limits.trailing_silence, "s of silence after speech"),
        "longest_silence": (sound.longest_silence, limits.longest_silence, "s of silence inside"),
        "clipping": (sound.clipping, limits.clipping, "of the samples clipped"),
        "most_seconds_per_character": (pace, limits.most_seconds_per_character, "s a character"),
    }
    least: Mapping[str, tuple[float, float, str]] = {
        "shortest": (sound.duration, limits.shortest, "s long"),
        "quietest_rms": (sound.rms, limits.quietest_rms, "dBFS"),
        "least_seconds_per_character": (pace, limits.least_seconds_per_character, "s a character"),
    }
    for check, (measured, limit, what) in most.items():
        if measured > limit:
            yield Reason(check=check, message=f"{measured:.3g} {what} is above {limit:g}")
    for check, (measured, limit, what) in least.items():
        if measured < limit:
            yield Reason(check=check, message=f"{measured:.3g} {what} is below {limit:g}")
