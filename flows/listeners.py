"""Everyone who listens to a take, as one: the recognisers and checks that the run file names."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Generic

from pipeline.engine.failure import Failure
from pipeline.engine.ledger import Ledger
from pipeline.engine.memo import Memo
from pipeline.engine.stage import Result
from pipeline.score.stage import Spoken
from schemas.scores import EmotionScore, Feeling, Hearing, Likeness, Quality, Reason, Scores, Sound, WordTimes


@dataclass(frozen=True)
class Unscored:
    """Why a take could not be scored."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class _Looked(Generic[Result]):
    """What one listener's ledger holds of a take: missing, failed, or the score; nothing if it is not asked."""

    missing: bool = False
    failure: Failure | None = None
    value: Result | None = None


def _look(memo: Memo[Spoken, Result] | None, item: Spoken) -> _Looked[Result]:
    if memo is None:
        return _Looked()
    found = memo.look(item)
    if found is None:
        return _Looked(missing=True)
    return _Looked(failure=found) if isinstance(found, Failure) else _Looked(value=found.value)


@dataclass(frozen=True)
class Listeners:
    """The memoised maps of the score stage; those that the run does not name are None."""

    hear: Memo[Spoken, Hearing]
    feel: Memo[Spoken, Feeling]
    sound: Memo[Spoken, Sound]
    second_feel: Memo[Spoken, Feeling] | None = None
    quality: Memo[Spoken, Quality] | None = None
    likeness: Memo[Spoken, Likeness] | None = None
    words: Memo[Spoken, WordTimes] | None = None

    @property
    def ledgers(self) -> list[Ledger]:
        """Those of all that the run names."""
        named = [self.second_feel, self.quality, self.likeness, self.words]
        further = [memo.ledger for memo in named if memo is not None]
        return [self.hear.ledger, self.feel.ledger, self.sound.ledger, *further]

    def begin(self, takes: Sequence[Spoken]) -> Awaitable[None]:
        """Have each of them listen to the takes; what is answered ends when all have."""
        named = [self.second_feel, self.quality, self.likeness, self.words]
        further = [memo.begin(takes) for memo in named if memo is not None]
        return all_of([self.hear.begin(takes), self.feel.begin(takes), self.sound.begin(takes), *further])

    async def wait(self, takes: Sequence[Spoken]) -> None:
        """Return when nobody listens to any of the takes any more."""
        for memo in (self.hear, self.feel, self.sound, self.second_feel, self.quality, self.likeness, self.words):
            if memo is not None:
                await memo.wait(takes)

    def look(self, item: Spoken) -> Scores | Unscored | None:
        """All that was measured of a take; None while one of them has not listened yet.

        Words that cannot be aligned are no reason to say the take again: it goes on without their times.
        """
        heard, felt, sound = _look(self.hear, item), _look(self.feel, item), _look(self.sound, item)
        second = _look(self.second_feel, item)
        quality, likeness = _look(self.quality, item), _look(self.likeness, item)
        words = _look(self.words, item)
        if any(one.missing for one in (heard, felt, sound, second, quality, likeness, words)):
            return None
        failures = {"asr": heard.failure, "ser": felt.failure, "sound": sound.failure, "second_ser": second.failure}
        failures |= {"mos": quality.failure, "likeness": likeness.failure}
        failed = [Reason(check=name, message=failure.reason) for name, failure in failures.items() if failure]
        if failed or heard.value is None or felt.value is None or sound.value is None:
            return Unscored(tuple(failed))
        return Scores(
            hearing=heard.value,
            feeling=felt.value,
            sound=sound.value,
            second=second.value,
            quality=quality.value,
            likeness=likeness.value,
            words=words.value,
        )

    def plain(self, references: Sequence[Spoken]) -> Feeling | Failure | Sequence[Spoken]:
        """What the emotion recogniser hears in a voice's neutral renderings (mean), or those it has not heard yet."""
        found = [_look(self.feel, item) for item in references]
        missing = [item for item, one in zip(references, found, strict=True) if one.missing]
        failure = next((one.failure for one in found if one.failure is not None), None)
        if missing or failure is not None:
            return missing or Failure(f"the plain voice could not be judged: {failure.reason if failure else ''}")
        return mean_feeling([one.value for one in found if one.value is not None])


async def all_of(makings: Sequence[Awaitable[None]]) -> None:
    """Wait for all of them; when one breaks, the others are not waited for."""
    await asyncio.gather(*makings)


def mean_feeling(feelings: Sequence[Feeling]) -> Feeling:
    """The mean probability of each label."""
    labels = [score.label for score in feelings[0].emotion]
    return Feeling(emotion=tuple(EmotionScore(label=label, p=fmean(f.p(label) for f in feelings)) for label in labels))
