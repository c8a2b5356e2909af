"""`warmline diff A B`: what an edit would remake, and what that costs, before anything is made."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.frozen_run import thaw
from flows.judgements import text_to_judge
from flows.references import wanted_references
from flows.session import LEDGER, Stages
from flows.spent import Spent
from pipeline.config.pack import MANIFEST
from pipeline.config.run import LoadedRun, load_run, shipped
from pipeline.engine.errors import UsageError
from pipeline.engine.storage import Folder
from pipeline.plan.briefs import Planner
from pipeline.plan.expense import requests_a_text
from pipeline.plan.filling import Filling
from pipeline.speak.retake import line
from pipeline.write.writer import Commissions
from schemas.brief import Brief, Kind
from schemas.dialogue import Dialogue, Turn
from schemas.slices import Slice
from schemas.voice import Role, Voice

_REASONS_SHOWN = 10
_NOWHERE = "memory://diff"


@dataclass
class Made:
    """What a run file makes if every dialogue passes at once: the keys of its texts, judgements and lines."""

    briefs: dict[int, Brief] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    judgements: set[str] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)
    renderings: set[str] = field(default_factory=set)

    @classmethod
    def by(cls, run: LoadedRun, folder: Folder) -> "Made":
        """Of a run file whose run folder is, or would be, `folder`."""
        found = _Making(run, Stages.of(run, folder))
        planner = Planner(run.speakable, run.config.seed, run.config.shard.splits)
        filling = Filling.of(planner, run.config.size, Slice())
        for brief in planner.in_order():
            if filling.is_full:
                break
            if filling.has_room(filling.cell(brief)):
                filling.take(filling.cell(brief))
                found.add(brief)
        return found.made


@dataclass
class _Making:
    run: LoadedRun
    stages: Stages
    made: Made = field(default_factory=Made)

    def __post_init__(self) -> None:
        pack = self.run.speakable
        self._pack, self._commissions = pack, Commissions(pack)
        self._voices: Mapping[str, Voice] = {voice.id: voice for voice in pack.voices}

    def add(self, brief: Brief) -> None:
        """A dialogue, its judgement and its lines. A text that is not written yet is known by its key."""
        ordered = self._commissions.of(brief)
        text = self.stages.write.key(ordered)
        self.made.briefs[brief.index] = brief
        self.made.texts.setdefault(text, brief.index)
        if self.stages.judge is not None and brief.kind is not Kind.INSTRUCTION:
            stands_for = Turn(role=Role.USER, text=f"{text} {brief.member}", emotion=brief.user.emotion, intensity=1.0)
            judged = text_to_judge(brief, ordered, Dialogue(turns=(stands_for,)))
            self.made.judgements.add(self.stages.judge.key(judged))
        for role in Role:
            if brief.is_spoken(role):
                self._speak(brief, role, text)

    def _speak(self, brief: Brief, role: Role, text: str) -> None:
        side, speak = brief.speaker(role), self.stages.speak
        voice = self._voices[side.voice]
        for exchange in range(brief.turns // 2):
            place = 2 * exchange + (role is Role.ASSISTANT)
            emotion = side.emotion_of(exchange)
            turn = Turn(role=role, text=f"{text} {brief.member} {place}", emotion=emotion, intensity=side.intensity)
            self.made.lines.add(speak.key(line(self._pack, brief, turn, place, voice, tries=0, step=0)))
        plain = wanted_references(self.run.config, self._pack, voice, brief.language)
        self.made.renderings.update(map(speak.key, plain))


def diff_lines(before: str, after: str, overrides: Sequence[str]) -> Iterator[str]:
    """The difference in words. Each side is a run file, a run's folder or a pack's folder; `overrides` are for both."""
    (old_run, folder), (new_run, _) = _opened(before, overrides), _opened(after, overrides)
    old, new = Made.by(old_run, folder), Made.by(new_run, folder)
    write = [text for text in new.texts if text not in old.texts]
    speak, plain = new.lines - old.lines, new.renderings - old.renderings
    judge = len(new.judgements - old.judgements)
    stand, dropped = len(new.texts) - len(write), sum(text not in new.texts for text in old.texts)
    yield f"{len(new.briefs)} dialogues; {stand} texts stand, {len(write)} to write, {dropped} dropped"
    if new.judgements:
        yield f"{len(new.judgements)} judgements; {len(new.judgements) - judge} stand, {judge} to make"
    voices = f", and {len(plain)} plain renderings of voices" if plain else ""
    yield f"{len(new.lines)} takes; {len(new.lines) - len(speak)} stand, {len(speak)} to speak{voices}"
    yield from _moved(old, new, write)
    if write or judge or speak or plain:
        turns = (new.briefs[new.texts[text]].turns for text in write)
        least = [requests_a_text(new_run.config, new_run.pack.pack, count) for count in turns]
        yield _costs(Spent(folder.below(LEDGER)).read(), least, judge, len(speak) + len(plain))


def _opened(place: str, overrides: Sequence[str]) -> tuple[LoadedRun, Folder]:
    """A run, and its folder, real or not. A pack is planned with the run file that ships."""
    path = Path(place)
    if path.is_file():
        return load_run(path, overrides), Folder(_NOWHERE)
    if (path / MANIFEST).is_file():
        return load_run(shipped("run.yaml"), [f"pack={path.resolve()}", *overrides]), Folder(_NOWHERE)
    run = thaw(Folder(place)) if "://" in place or path.is_dir() else None
    if run is None:
        raise UsageError(f"{place} is no run file, no run's folder and no pack (which has a {MANIFEST})")
    return run, Folder(place)


def _moved(old: Made, new: Made, write: Sequence[str]) -> Iterator[str]:
    """Which choices moved in the briefs that have to be written."""
    fields: Counter[str] = Counter()
    for index in (new.texts[text] for text in write):
        if index in old.briefs:
            changed = list(_changed(old.briefs[index], new.briefs[index]))
            fields.update(changed or ["what it is written by"])
        else:
            fields["new in the plan"] += 1
    if fields:
        yield "because of: " + ", ".join(f"{name} {count}" for name, count in fields.most_common(_REASONS_SHOWN))


def _changed(one: Brief, other: Brief) -> Iterator[str]:
    """The choices in which two briefs differ."""
    for name in ("split", "language", "kind", "situation", "turns", "arc", "length", "text_seed"):
        if getattr(one, name) != getattr(other, name):
            yield name.replace("text_seed", "seed")
    for role in Role:
        mine, theirs = one.speaker(role), other.speaker(role)
        names = type(mine).model_fields
        yield from (f"{role} {name}" for name in names if getattr(mine, name) != getattr(theirs, name))


def _costs(spent: Spent, least: Sequence[int], judge: int, takes: int) -> str:
    """What the work takes: by what was measured in the run's folder if there is one. `least`: requests of each text."""
    writing = len(least) * spent.writing / spent.texts if spent.writing and spent.texts else sum(least)
    judging = judge * spent.judging / spent.judgements if spent.judgements else judge
    minutes = takes * spent.seconds_a_take / 60
    source = "as measured in that run" if spent.takes else f"at {spent.seconds_a_take:g} s a take"
    return f"about {writing + judging:.0f} requests, {minutes:.1f} minutes of speech ({source}), and retakes"
