"""`warmline calibrate`: how well the run's recognisers hear the emotions that its speaker renders.

It has every voice say a few texts in every emotion and in its plain manner, asks the recognisers, prints who is taken
for what, and writes thresholds that the gate then uses. Takes and scores lie in the run's ledgers like any others, so
the same command goes on after an interruption, and another recogniser speaks nothing anew.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import yaml

from flows.goal import Goal
from flows.listeners import mean_feeling
from flows.progress import show_for_terminal
from flows.road import Road
from flows.session import Session, open_session
from flows.until import Until
from pipeline.config.run import load_run
from pipeline.engine.errors import UsageError
from pipeline.engine.failure import Failure
from pipeline.engine.memo import Found, Memo
from pipeline.engine.stage import Item, Result
from pipeline.engine.storage import Folder
from pipeline.score.calibration import Calibrated, Judged, Labels, calibrate, confusion
from pipeline.score.stage import Spoken
from pipeline.speak.casting import abilities_of, emotions, speaks_plainly
from pipeline.speak.retake import reference_lines, rendering
from schemas.run import EmotionBackend
from schemas.scores import Feeling
from schemas.take import Line, TakeRecord
from schemas.voice import Voice

_TOLD_APART = 0.5
"""Below this Youden's J an emotion is said not to be told apart."""


@dataclass(frozen=True)
class Sample:
    """One rendering: its line and its voice's plain ones, if all voices have those."""

    line: Line
    plain: tuple[Line, ...]


@dataclass(frozen=True)
class Ear:
    """One emotion recogniser: what it is called in the run file, and its memo."""

    name: str
    backend: EmotionBackend
    memo: Memo[Spoken, Feeling]

    def labels(self, road: Road) -> Labels:
        """Its labels for each emotion of the pack that is drawn."""
        return {emotion: self.backend.names(emotion) for emotion in emotions(road.pack)}


def run_calibration(
    run_file: Path, out: str, overrides: Sequence[str], *, texts: int, voices: int | None, write: Path
) -> Iterator[str]:
    """Render, listen, write thresholds to `write`; yields what to print. Raises WarmlineError as `generate` does."""
    run = load_run(run_file, overrides)
    show = show_for_terminal()
    with open_session(run, out, Goal(Until.UNITS), show.say) as session:
        samples = _samples(session.road, texts, voices)
        heard = asyncio.run(_listen(session, samples, show.say))
        voices_heard = len({sample.line.voice.id for sample in samples})
        yield f"{len(samples)} renderings of {voices_heard} voices; {len(heard.failures)} failed"
        yield from (f"  {count}× {reason}" for reason, count in Counter(heard.failures).most_common(5))
        yield from _errors(heard.errors)
        tables: dict[str, dict[str, float]] = {}
        for ear in _ears(session):
            labels = ear.labels(session.road)
            yield from _matrix(f"{ear.name} ({ear.backend.backend})", confusion(heard.judged[ear.name], labels))
            found = calibrate(heard.judged[ear.name], labels)
            yield from map(_line, found)
            tables |= _tables(ear.name, found)
    header = f"# How high each emotion's probability must be; `gate: {{calibration: {write.name}}}` uses it.\n"
    command = f"# Made by: warmline calibrate {run_file.name} --texts {texts}; {len(samples)} renderings.\n"
    Folder(str(write.parent)).write(write.name, (header + command + yaml.safe_dump(tables, sort_keys=False)).encode())
    yield f"{write}: written; in the run file: gate: {{calibration: {write.name}}}"


def _samples(road: Road, texts: int, voices: int | None) -> list[Sample]:
    """Every speakable voice, every emotion that is drawn, the pack's first texts. Raises UsageError if too few."""
    chosen = [(voice, language) for voice in road.pack.voices[:voices] for language in _languages(road, voice)]
    if len(emotions(road.pack)) < 2 or not chosen or texts < 1:
        raise UsageError("there is nothing to tell apart: it takes a voice, a text and two emotions at least")
    speak, able = road.config.speak, abilities_of(road.config.speak)
    plain = all(speaks_plainly(able, speak.backend, voice) for voice, _ in chosen)  # a lift is one for all, or for none
    return [
        Sample(
            rendering(road.pack, voice, language, emotion, text, number),
            reference_lines(road.pack, voice, language) if plain else (),
        )
        for voice, language in chosen
        for emotion in emotions(road.pack)
        if voice.can_show([emotion])
        for number, text in enumerate(road.pack.calibrations_in(language)[:texts])
    ]


def _languages(road: Road, voice: Voice) -> list[str]:
    return [language for language in voice.languages if road.pack.languages.get(language, 0) > 0]


def _ears(session: Session) -> list[Ear]:
    score, listeners = session.run.config.score, session.road.memos.listeners
    ears = [Ear("ser", score.ser, listeners.feel)]
    if score.second_ser is not None and listeners.second_feel is not None:
        ears.append(Ear("second_ser", score.second_ser, listeners.second_feel))
    return ears


@dataclass(frozen=True)
class Rendered:
    """A sample's take and its voice's plain ones, as recognisers get them."""

    emotion: str
    take: Spoken
    plain: tuple[Spoken, ...]


@dataclass(frozen=True)
class Heard:
    """What came of the samples: judgements by recogniser, word error rates by emotion, and why others failed."""

    judged: dict[str, list[Judged]]
    errors: dict[str, list[float]]
    failures: list[str]


async def _listen(session: Session, samples: Sequence[Sample], say: Callable[[str], None]) -> Heard:
    """Speak the samples and have them heard."""
    memos, ears = session.road.memos, _ears(session)
    hear = memos.listeners.hear
    lines = [line for sample in samples for line in (sample.line, *sample.plain)]
    try:
        await _watched("spoken", memos.speak, lines, say)
        answers = [_rendered(session.road, sample) for sample in samples]
        takes = [one for one in answers if isinstance(one, Rendered)]
        for ear in ears:
            items = [item for one in takes for item in (one.take, *one.plain)]
            await _watched(f"judged by {ear.backend.backend}", ear.memo, items, say)
        await _watched("heard", hear, [one.take for one in takes], say)
    finally:
        await session.places.waiting.disconnect()
    heard = Heard({}, {}, [one for one in answers if isinstance(one, str)])
    for one in takes:
        if isinstance(found := hear.look(one.take), Found):
            heard.errors.setdefault(one.emotion, []).append(found.value.wer)
    for ear in ears:
        heard.judged[ear.name] = list(_judgements(ear, takes, heard.failures))
    return heard


def _rendered(road: Road, sample: Sample) -> Rendered | str:
    """What was spoken for the sample, or why nothing was."""
    found = [road.memos.speak.look(line) for line in (sample.line, *sample.plain)]
    failures = [one.reason for one in found if isinstance(one, Failure)]
    made = [one for one in found if isinstance(one, Found)]
    if failures or len(made) < len(found):
        return failures[0] if failures else "not made"
    plain = tuple((one.place, one.value.digest) for one in made[1:])

    def spoken(take: Found[TakeRecord], line: Line) -> Spoken:
        return Spoken(take.place, take.value.digest, line.text, line.language, (line.text,), plain)

    first, *others = (spoken(take, line) for take, line in zip(made, (sample.line, *sample.plain), strict=True))
    return Rendered(sample.line.delivery.emotion, first, tuple(others))


def _judgements(ear: Ear, takes: Sequence[Rendered], failures: list[str]) -> Iterator[Judged]:
    for one in takes:
        heard, neutral = ear.memo.look(one.take), [ear.memo.look(plain) for plain in one.plain]
        if isinstance(heard, Found):
            found = [plain.value for plain in neutral if isinstance(plain, Found)]
            yield Judged(one.emotion, heard.value, mean_feeling(found) if found else None)
        else:
            failures.append(f"{ear.name}: {heard.reason if heard else 'not judged'}")


async def _watched(what: str, memo: Memo[Item, Result], items: Sequence[Item], say: Callable[[str], None]) -> None:
    """Have the items made, with a line every few seconds."""
    task = asyncio.ensure_future(memo.begin(items))
    while not (await asyncio.wait({task}, timeout=5.0))[0]:
        say(f"{memo.made} {what}")
    task.result()


def _errors(errors: Mapping[str, Sequence[float]]) -> Iterator[str]:
    if errors:
        rates = ", ".join(f"{emotion} {fmean(rates):.1%}" for emotion, rates in errors.items())
        yield f"word errors: {rates}"


def _matrix(name: str, heard: Mapping[str, Counter[str]]) -> Iterator[str]:
    yield f"{name}, asked \\ heard " + " ".join(f"{emotion[:10]:>10}" for emotion in heard)
    for asked, counts in heard.items():
        yield f"  {asked:<28} " + " ".join(f"{counts[emotion]:>10}" for emotion in heard)


def _line(found: Calibrated) -> str:
    best = found.best
    measure = "lift over the plain voice" if found.uses_lift else "probability"
    doubt = "" if best.parts >= _TOLD_APART else "; NOT TOLD APART: do not trust this gate"
    return (
        f"  {found.emotion:<12} {measure} ≥ {best.least:g}: keeps {best.right:.0%} of {found.count} right ones, "
        f"lets {best.wrong:.0%} of the others pass{doubt}"
    )


def _tables(name: str, found: Sequence[Calibrated]) -> dict[str, dict[str, float]]:
    """The gate's keys. Where the lift decides, the probability does not."""
    if name == "second_ser":
        return {"second_emotions": {one.emotion: max(0.0, one.plain.least) for one in found}}
    plain = {one.emotion: 0.0 if one.uses_lift else max(0.0, one.plain.least) for one in found}
    return {"emotions": plain, "lifts": {one.emotion: one.lift.least for one in found if one.uses_lift}}
