"""How well, how fast and how sceptically the recogniser hears: `python -m benchmarks.hearing [--dialogues 100]`.

Lines come from the shipped pack: texts by the phrasebook, voices, emotions and intensities as planned. Then wrong sound
takes the place of the right one (another dialogue's turn, another turn of the same dialogue, noise, silence), and lines
are spoken with some of their words left out or replaced.
"""

import argparse
import random
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.planned_lines import planned_dialogues, spoken
from pipeline.audio.recording import Recording
from pipeline.config.pack import load_pack
from pipeline.config.run import shipped
from pipeline.engine.failure import Failure
from pipeline.plan.briefs import Planner
from pipeline.score.pocketsphinx import Pocketsphinx, Settings, Tuning, build, dialogue_decoder, unknown_words
from pipeline.score.scorer import Utterance
from pipeline.score.wording import error_rates, normalised
from pipeline.speak import espeak
from schemas.run import Shares
from schemas.take import Line


@dataclass(frozen=True)
class Trial:
    """A planned line, the texts of its dialogue, and its rendering."""

    line: Line
    dialogue: tuple[str, ...]
    recording: Recording

    def with_sound(self, recording: Recording) -> Utterance:
        """What the recogniser gets if `recording` is there instead."""
        return Utterance(recording, self.line.text, "en", self.dialogue)


def trials(speaker: espeak.Espeak, dialogues: int) -> Iterator[Trial]:
    """Every turn of the first dialogues of a plan that holds out enough to use all voices."""
    planner = Planner(load_pack(shipped("empathy")).pack, seed=7, shares=Shares(validation=0.2, test=0.2))
    for turns in planned_dialogues(planner, dialogues):
        for one in turns:
            yield Trial(one.line, one.dialogue, spoken(speaker, one.line))


def rates(recogniser: Pocketsphinx, utterances: Sequence[Utterance]) -> list[float]:
    """The WER of each utterance."""
    heard = list(recogniser.hear(utterances))
    failed = [one.reason for one in heard if isinstance(one, Failure)]
    if failed:
        raise SystemExit(failed[0])
    return [one.wer for one in heard if not isinstance(one, Failure)]


def right(recogniser: Pocketsphinx, all_trials: Sequence[Trial]) -> None:
    """Print speed, and word error rates by voice: errors over words, not the mean of takes."""
    began = time.process_time()
    wer = rates(recogniser, [trial.with_sound(trial.recording) for trial in all_trials])
    work = time.process_time() - began
    seconds = sum(trial.recording.duration for trial in all_trials)
    print(f"{len(all_trials)} takes, {seconds / 60:.1f} min; RTF {work / seconds:.4f}")
    print(f"words outside the dictionary: {len(unknown_words([trial.line.text for trial in all_trials]))}")
    groups: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for trial, rate in zip(all_trials, wer, strict=True):
        pair = rate, len(normalised(trial.line.text).split())
        groups["all voices"].append(pair)
        groups[trial.line.voice.id].append(pair)
    for name, pairs in groups.items():
        takes, words = zip(*pairs, strict=True)
        over = np.mean([rate > 0.2 for rate in takes])
        print(
            f"  {name:<12} {len(takes):4} takes   WER {np.average(takes, weights=words):6.2%}   over 0.2: {over:6.1%}"
        )


TUNINGS = {
    "as shipped": Tuning(),
    "no noise in the room": Tuning(room=0.0),
    "twice the noise": Tuning(room=2 * Tuning.room),
    "pocketsphinx's language weight": Tuning(language_weight=6.5),
    "a second pass": Tuning(second_pass=True),
    "pocketsphinx's lookahead": Tuning(lookahead=5),
    "all of these as pocketsphinx has": Tuning(room=0.0, language_weight=6.5, second_pass=True, lookahead=5),
}


def tune(all_trials: Sequence[Trial]) -> None:
    """Print speed and word error rate of other ways to run the decoder."""
    seconds = sum(trial.recording.duration for trial in all_trials)
    words = [len(normalised(trial.line.text).split()) for trial in all_trials]
    for name, tuning in TUNINGS.items():
        began = time.process_time()
        recogniser = Pocketsphinx(Settings(), tuning)
        wer = rates(recogniser, [trial.with_sound(trial.recording) for trial in all_trials])
        rtf = (time.process_time() - began) / seconds
        print(f"{name:<32} WER {np.average(wer, weights=words):6.2%}   RTF {rtf:.4f}")
    began = time.process_time()
    for trial in all_trials:
        dialogue_decoder(trial.dialogue, Tuning())
    print(f"making a dialogue's decoder takes {1000 * (time.process_time() - began) / len(all_trials):.0f} ms")


def wrong(recogniser: Pocketsphinx, all_trials: Sequence[Trial], tries: int) -> None:
    """Print how often wrong sound gets a high WER."""
    draw = random.Random(3)  # noqa: S311 - reproducible on purpose
    noise = np.random.default_rng(0)

    def elsewhere(trial: Trial) -> Recording:
        return draw.choice([one for one in all_trials if trial.line.text not in one.dialogue]).recording

    def beside(trial: Trial) -> Recording:
        texts = [one for one in all_trials if one.dialogue == trial.dialogue and one.line.text != trial.line.text]
        return draw.choice(texts).recording

    def noisy(trial: Trial) -> Recording:
        samples = noise.normal(0.0, 0.05, len(trial.recording.audio)).astype(np.float32)
        return Recording(samples, trial.recording.sample_rate)

    def silent(trial: Trial) -> Recording:
        return Recording(np.zeros_like(trial.recording.audio), trial.recording.sample_rate)

    kinds: dict[str, Callable[[Trial], Recording]] = {
        "another dialogue's turn": elsewhere,
        "the dialogue's other turn": beside,
        "white noise": noisy,
        "silence": silent,
    }
    chosen = draw.sample(list(all_trials), min(tries, len(all_trials)))
    for name, sound in kinds.items():
        wer = rates(recogniser, [trial.with_sound(sound(trial)) for trial in chosen])
        high = np.mean([rate >= 0.5 for rate in wer])
        print(f"{name:<26} WER of 0.5 and more in {high:.0%} of {len(wer)}; least {min(wer):.2f}")


def damaged(recogniser: Pocketsphinx, speaker: espeak.Espeak, all_trials: Sequence[Trial], tries: int) -> None:
    """Print the WER of lines spoken with words left out or replaced, beside the rate of what was really said."""
    draw = random.Random(5)  # noqa: S311 - reproducible on purpose
    words = [word for trial in all_trials for word in trial.line.text.split()]
    long = [trial for trial in all_trials if len(trial.line.text.split()) >= 8]
    for share in (0.15, 0.3, 0.5):
        for kind in ("left out", "replaced"):
            true, utterances = [], []
            for trial in draw.sample(long, min(tries, len(long))):
                text = trial.line.text.split()
                for at in sorted(draw.sample(range(len(text)), round(share * len(text))), reverse=True):
                    text[at : at + 1] = [draw.choice(words)] if kind == "replaced" else []
                true.append(error_rates(trial.line.text, " ".join(text))[0])
                changed = trial.line.model_copy(update={"text": " ".join(text)})
                utterances.append(trial.with_sound(spoken(speaker, changed)))
            wer = rates(recogniser, utterances)
            passed = np.mean([rate <= 0.2 for rate in wer])
            print(
                f"{share:.0%} of the words {kind:<9} true WER {np.mean(true):.2f}, heard {np.mean(wer):.2f}; "
                f"{passed:.0%} of {len(wer)} within 0.2"
            )


def main() -> None:
    """Print the figures of docs/score.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, default=100)
    parser.add_argument("--tries", type=int, default=100, help="of each kind of wrong sound")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--default", action="store_true", help="right sound with the general language model")
    only.add_argument("--tune", action="store_true", help="right sound with the decoder run in other ways")
    options = parser.parse_args()
    speaker = espeak.build(espeak.Settings())
    recogniser = build(Settings(language_model="default" if options.default else "dialogue"))
    all_trials = list(trials(speaker, options.dialogues))
    if options.tune:
        tune(all_trials)
    else:
        right(recogniser, all_trials)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        audio = sum(trial.recording.audio.nbytes for trial in all_trials) / 2**20
        print(f"peak memory {peak:.0f} MB, of which {audio:.0f} MB are the takes")
        if not options.default:
            wrong(recogniser, all_trials, options.tries)
            damaged(recogniser, speaker, all_trials, options.tries // 2)
    speaker.close()


if __name__ == "__main__":
    main()
