"""From judged renderings to thresholds: how well a recogniser hears the emotions that this engine was asked for.

A threshold is put where it best parts the renderings of an emotion from those of all others (the greatest Youden's J:
the part of right ones that pass, less the part of wrong ones that do), half way between the nearest two of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.scores import Feeling

Labels = Mapping[str, tuple[str, ...]]
"""Emotion of the pack → the recogniser's labels that count as it."""

_CLEARLY = 0.05
"""A lift replaces the plain probability if it parts right from wrong better by at least this."""


@dataclass(frozen=True)
class Judged:
    """One rendering: the emotion asked, what the recogniser heard, and what it hears in the voice's plain manner."""

    asked: str
    heard: Feeling
    plain: Feeling | None = None

    def p(self, labels: Sequence[str]) -> float:
        """The probability of the labels together."""
        return self.heard.p(*labels)

    def lift(self, labels: Sequence[str]) -> float:
        """How far the labels' probability lies above that in the voice's plain manner."""
        return self.p(labels) - (self.plain.p(*labels) if self.plain is not None else 0.0)


@dataclass(frozen=True)
class Threshold:
    """At least `least` passes; then `right` of the renderings of the emotion do, and `wrong` of all others."""

    least: float
    right: float
    wrong: float

    @property
    def parts(self) -> float:
        """Youden's J: 1 parts all right ones from all wrong ones, 0 is no better than chance."""
        return self.right - self.wrong


@dataclass(frozen=True)
class Calibrated:
    """What was found for one emotion: on the probability, on the lift, and which of the two to use."""

    emotion: str
    count: int
    plain: Threshold
    lift: Threshold

    @property
    def uses_lift(self) -> bool:
        """Whether the lift parts right from wrong clearly better."""
        return self.lift.parts > self.plain.parts + _CLEARLY

    @property
    def best(self) -> Threshold:
        """The one to use."""
        return self.lift if self.uses_lift else self.plain


def part(right: Sequence[float], wrong: Sequence[float]) -> Threshold:
    """The threshold that parts `right` (higher) from `wrong` values best. Both must hold something.

    >>> part([0.9, 0.8, 0.4], [0.1, 0.2, 0.5])
    Threshold(least=0.3, right=1.0, wrong=0.3333333333333333)
    """
    good, bad = np.array(right), np.array(wrong)
    values = np.unique(np.concatenate([good, bad]))
    middles = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2])
    kept = (good[None, :] >= middles[:, None]).mean(axis=1)
    passed = (bad[None, :] >= middles[:, None]).mean(axis=1)
    best = int(np.argmax(kept - passed))
    return Threshold(round(float(middles[best]), 3), float(kept[best]), float(passed[best]))


def calibrate(judged: Sequence[Judged], labels: Labels) -> list[Calibrated]:
    """For each emotion that was rendered, its thresholds; an emotion needs others to be told from."""
    found = []
    for emotion, names in labels.items():
        right = [one for one in judged if one.asked == emotion]
        wrong = [one for one in judged if one.asked != emotion]
        if right and wrong:
            plain = part([one.p(names) for one in right], [one.p(names) for one in wrong])
            lift = part([one.lift(names) for one in right], [one.lift(names) for one in wrong])
            found.append(Calibrated(emotion, len(right), plain, lift))
    return found


def confusion(judged: Sequence[Judged], labels: Labels) -> dict[str, Counter[str]]:
    """Asked emotion → how often each emotion of the pack was heard as the likeliest."""
    heard: dict[str, Counter[str]] = {emotion: Counter() for emotion in labels}
    for one in judged:
        heard[one.asked][max(labels, key=lambda emotion: one.p(labels[emotion]))] += 1
    return heard
