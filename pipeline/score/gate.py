"""The gate: scores and thresholds to a verdict. Pure, so another threshold costs nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.scores import UNSPACED, Feeling, Limits, Reason, Scores, Verdict


@dataclass(frozen=True)
class Asked:
    """What a take was to be: its language and emotion, and what the recognisers call that emotion.

    >>> Asked("sad").labels
    ('sad',)
    """

    emotion: str
    language: str = "en"
    names: tuple[str, ...] = ()
    second_names: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The recogniser's labels that count as the emotion."""
        return self.names or (self.emotion,)

    @property
    def second_labels(self) -> tuple[str, ...]:
        """The second recogniser's labels that count as the emotion."""
        return self.second_names or (self.emotion,)


def judge(scores: Scores, asked: Asked, limits: Limits) -> Verdict:
    """Whether a take passes, and every reason why not.

    >>> judge(scores, Asked("sad"), Limits(wer=0.1)).reasons[0].message       # doctest: +SKIP
    'WER 0.25 is above 0.1 (language model: dialogue); heard: i was so glad'
    """
    checks = (_words(scores, asked, limits), _emotion(scores, asked, limits), _sound(scores, limits))
    return Verdict(reasons=tuple(reason for check in checks for reason in check))


def _words(scores: Scores, asked: Asked, limits: Limits) -> Iterator[Reason]:
    heard = scores.hearing
    by_characters = asked.language in UNSPACED
    name, rate, most = ("cer", heard.cer, limits.cer) if by_characters else ("wer", heard.wer, limits.wer)
    if rate > most:
        yield Reason(
            check=name,
            message=f"{name.upper()} {rate:.2f} is above {most:g} "
            f"(language model: {heard.language_model}); heard: {heard.transcript or 'nothing'}",
        )


def _emotion(scores: Scores, asked: Asked, limits: Limits) -> Iterator[Reason]:
    emotion, felt = asked.emotion, scores.feeling
    p = felt.p(*asked.labels)
    yield from _least("emotion", felt, emotion, p, limits.emotions.get(emotion, limits.emotion))
    if scores.plain is not None and emotion in limits.lifts:
        lift, wanted = p - scores.plain.p(*asked.labels), limits.lifts[emotion]
        if lift < wanted:
            message = f"p({emotion}) lies {lift:+.2f} against the voice's neutral rendering, less than {wanted:+g}"
            yield Reason(check="lift", message=message)
    if scores.second is not None:
        p, least = scores.second.p(*asked.second_labels), limits.second_emotions.get(emotion, limits.second_emotion)
        yield from _least("second_emotion", scores.second, emotion, p, least)


def _least(check: str, felt: Feeling, emotion: str, p: float, least: float) -> Iterator[Reason]:
    if p < least:
        yield Reason(check=check, message=f"p({emotion}) {p:.2f} is below {least:g}; sounds {felt.best}")


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
    least: dict[str, tuple[float, float, str]] = {
        "shortest": (sound.duration, limits.shortest, "s long"),
        "quietest_rms": (sound.rms, limits.quietest_rms, "dBFS"),
        "least_seconds_per_character": (pace, limits.least_seconds_per_character, "s a character"),
    }
    if scores.quality is not None:
        least |= {"mos": (scores.quality.mos, limits.mos, "MOS")}
    if scores.likeness is not None:
        least |= {"likeness": (scores.likeness.cosine, limits.likeness, "likeness to the voice")}
    for check, (measured, limit, what) in most.items():
        if measured > limit:
            yield Reason(check=check, message=f"{measured:.3g} {what} is above {limit:g}")
    for check, (measured, limit, what) in least.items():
        if measured < limit:
            yield Reason(check=check, message=f"{measured:.3g} {what} is below {limit:g}")
