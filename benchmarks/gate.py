"""How surely the gate rejects wrong renderings, with the right reason: `python -m benchmarks.gate [--tries 100]`.

Lines come from the shipped pack: texts by the phrasebook, voices, emotions and intensities as planned. Each kind of
wrong rendering takes the place of the right one: another dialogue's text in the same voice, noise as loud and as long,
digital silence, and the same text spoken in another emotion.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from benchmarks.planned_lines import PlannedLine, planned_dialogues, spoken
from pipeline.audio.recording import Recording
from pipeline.config.run import load_run, shipped
from pipeline.engine.failure import Failure
from pipeline.plan.briefs import Planner
from pipeline.score import pocketsphinx, prosody, sound
from pipeline.score.gate import Asked, judge
from pipeline.score.scorer import Utterance
from pipeline.speak import espeak
from pipeline.speak.retake import reference_lines
from schemas.scores import Reason, Scores, Verdict
from schemas.take import Line
from schemas.voice import Voice

EXPECTED = {
    "text": {"wer"},
    "noise": {"wer", "ser"},
    "silence": {"wer", "ser", "quietest_rms"},
    "emotion": {"emotion"},
}
"""The reasons that are right for each kind of wrong rendering; `ser`: there was no voice to judge."""


class Bench:
    """The embedded engines, with everything that the shipped run file sets."""

    def __init__(self) -> None:
        run = load_run(shipped("run.yaml"))
        self.pack, self.limits = run.pack.pack, run.config.gate
        self._planner = Planner(self.pack, 11, run.config.shard.splits)
        self._references: dict[str, tuple[Recording, ...]] = {}

    @cached_property
    def _speaker(self) -> espeak.Espeak:
        return espeak.build(espeak.Settings())

    @cached_property
    def _asr(self) -> pocketsphinx.Pocketsphinx:
        return pocketsphinx.build(pocketsphinx.Settings())

    @cached_property
    def _ser(self) -> prosody.Prosody:
        return prosody.build(prosody.Settings())

    def close(self) -> None:
        """End the speaker's process."""
        self._speaker.close()

    def trials(self, count: int) -> list[PlannedLine]:
        """One turn each of `count` dialogues, first, second, third ones in turn."""
        dialogues = planned_dialogues(self._planner, count)
        return [turns[number % len(turns)] for number, turns in enumerate(dialogues)]

    def speak(self, one: Line) -> Recording:
        """The line's rendering."""
        return spoken(self._speaker, one)

    def _reference(self, voice: Voice) -> tuple[Recording, ...]:
        if voice.id not in self._references:
            lines = reference_lines(self.pack, voice, "en")
            self._references[voice.id] = tuple(self.speak(one) for one in lines)
        return self._references[voice.id]

    def judged(self, trial: PlannedLine, recording: Recording) -> tuple[Verdict, str]:
        """What the gate says of a recording in the place of the trial's take, and the emotion that was heard."""
        text, voice = trial.line.text, trial.line.voice
        utterance = Utterance(recording, text, "en", trial.dialogue, self._reference(voice))
        (heard,), (felt,) = self._asr.hear([utterance]), self._ser.feel([utterance])
        measured = sound.measure(recording, text)
        failed = {"asr": heard, "ser": felt}
        reasons = [Reason(check=name, message=one.reason) for name, one in failed.items() if isinstance(one, Failure)]
        if isinstance(heard, Failure) or isinstance(felt, Failure):
            return Verdict(reasons=tuple(reasons)), "none"
        scores = Scores(hearing=heard, feeling=felt, sound=measured)
        return judge(scores, Asked(trial.line.delivery.emotion), self.limits), felt.best

    def in_emotion(self, one: Line, emotion: str) -> Line:
        """The same line in another emotion."""
        delivery = one.delivery.model_copy(update={"emotion": emotion, "style": self.pack.deliveries[emotion]})
        return one.model_copy(update={"delivery": delivery})


def wrong_renderings(bench: Bench, trials: Sequence[PlannedLine]) -> dict[str, Callable[[int], Recording]]:
    """For each kind: the wrong rendering of trial number i."""
    emotions = list(bench.pack.deliveries)

    def text(number: int) -> Recording:
        other = trials[(number + 1) % len(trials)].line.text
        return bench.speak(trials[number].line.model_copy(update={"text": other}))

    def noise(number: int) -> Recording:
        right = bench.speak(trials[number].line)
        level = float(np.sqrt(np.mean(np.square(right.audio))))
        samples = np.random.default_rng(number).normal(0.0, level, len(right.audio)).astype(np.float32)
        return Recording(np.clip(samples, -1.0, 1.0), right.sample_rate)

    def silence(number: int) -> Recording:
        right = bench.speak(trials[number].line)
        return Recording(np.zeros_like(right.audio), right.sample_rate)

    def emotion(number: int) -> Recording:
        asked = trials[number].line.delivery.emotion
        others = [one for one in emotions if one != asked]
        return bench.speak(bench.in_emotion(trials[number].line, others[number % len(others)]))

    return {"text": text, "noise": noise, "silence": silence, "emotion": emotion}


def rejected(bench: Bench, tries: int) -> dict[str, float]:
    """For each kind of wrong rendering, the part that was rejected with a right reason; `right`: that passed."""
    trials = bench.trials(tries)
    kinds = wrong_renderings(bench, trials)
    counts: Counter[str] = Counter()
    for number, trial in enumerate(trials):
        counts["right"] += bench.judged(trial, bench.speak(trial.line))[0].passed
        for kind, rendering in kinds.items():
            reasons = {reason.check for reason in bench.judged(trial, rendering(number))[0].reasons}
            counts[kind] += bool(reasons & EXPECTED[kind])
    return {kind: counts[kind] / tries for kind in ("right", *kinds)}


def confusion(bench: Bench, each: int) -> dict[str, Counter[str]]:
    """Asked emotion → how often each was heard, over the pack's own lines."""
    trials = bench.trials(each)
    heard: dict[str, Counter[str]] = {}
    for emotion in bench.pack.deliveries:
        lines = [(trial, bench.in_emotion(trial.line, emotion)) for trial in trials]
        heard[emotion] = Counter(bench.judged(trial, bench.speak(one))[1] for trial, one in lines)
    return heard


def main() -> None:
    """Print the rates, then the confusion matrix."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--each", type=int, default=0, help="lines an emotion for the confusion matrix")
    options = parser.parse_args()
    bench = Bench()
    rates = rejected(bench, options.tries)
    print(f"right renderings that pass at once: {rates.pop('right'):.0%} of {options.tries}")
    for kind, rate in rates.items():
        print(f"wrong {kind:<8} rejected for {' or '.join(sorted(EXPECTED[kind])):<20} {rate:.0%} of {options.tries}")
    if options.each:
        matrix = confusion(bench, options.each)
        print("asked \\ heard " + " ".join(f"{name[:9]:>9}" for name in matrix))
        for asked, heard in matrix.items():
            print(f"{asked:<13} " + " ".join(f"{heard[name]:>9}" for name in matrix))
    bench.close()


if __name__ == "__main__":
    main()
