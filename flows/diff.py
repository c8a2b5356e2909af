"""`warmline diff A B`: what an edit would remake, and what that costs, before anything is made."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from flows.frozen_run import thaw
from flows.session import LEDGER, Stages
from pipeline.config.pack import MANIFEST
from pipeline.config.run import LoadedRun, load_run, shipped
from pipeline.engine.errors import UsageError
from pipeline.engine.ledger import Ledger
from pipeline.engine.storage import Folder
from pipeline.plan.briefs import Planner
from pipeline.plan.filling import Filling
from pipeline.speak.retake import line, reference_lines
from pipeline.write.writer import Commissions
from schemas.brief import Brief
from schemas.dialogue import Turn, Usage, Written
from schemas.slices import Slice
from schemas.take import TakeRecord
from schemas.voice import Role, Voice

_SECONDS_A_TAKE = 6.0
_REASONS_SHOWN = 10
_NOWHERE = "memory://diff"
_WRITTEN: TypeAdapter[Written | Usage] = TypeAdapter(Written | Usage)


@dataclass
class Made:
    """What a run file makes if every dialogue passes at once: the keys of its texts and of its lines."""

    briefs: dict[int, Brief] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    lines: set[str] = field(default_factory=set)
    renderings: set[str] = field(default_factory=set)
    requests: int = 1

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
        steps = len(pack.writing.steps) if pack.writing is not None else 1
        self.made.requests = steps

    def add(self, brief: Brief) -> None:
        """A dialogue and its lines. A text that is not written yet is known by its key."""
        text = self.stages.write.key(self._commissions.of(brief))
        self.made.briefs[brief.index] = brief
        self.made.texts.setdefault(text, brief.index)
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
        self.made.renderings.update(map(speak.key, reference_lines(self._pack, voice, brief.language)))


def diff_lines(before: str, after: str, overrides: Sequence[str]) -> Iterator[str]:
    """The difference in words. Each side is a run file, a run's folder or a pack's folder; `overrides` are for both."""
    (old_run, folder), (new_run, _) = _opened(before, overrides), _opened(after, overrides)
    old, new = Made.by(old_run, folder), Made.by(new_run, folder)
    write = [text for text in new.texts if text not in old.texts]
    speak, plain = new.lines - old.lines, new.renderings - old.renderings
    stand, dropped = len(new.texts) - len(write), sum(text not in new.texts for text in old.texts)
    yield f"{len(new.briefs)} dialogues; {stand} texts stand, {len(write)} to write, {dropped} dropped"
    voices = f", and {len(plain)} plain renderings of voices" if plain else ""
    yield f"{len(new.lines)} takes; {len(new.lines) - len(speak)} stand, {len(speak)} to speak{voices}"
    yield from _moved(old, new, write)
    if write or speak or plain:
        yield _costs(folder, new.requests, len(write), len(speak) + len(plain))


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


def _costs(folder: Folder, requests: int, texts: int, takes: int) -> str:
    """What the work takes: by what was measured in the run's folder if there is one."""
    lengths = [TakeRecord.model_validate_json(text).duration for text in _values(folder, "speak")]
    used = [_WRITTEN.validate_json(text) for text in _values(folder, "write")]
    counts = [kept.usage.requests for kept in used if isinstance(kept, Written)]
    seconds = sum(lengths) / len(lengths) if lengths else _SECONDS_A_TAKE
    each = sum(counts) / len(counts) if any(counts) else float(requests)
    source = "as measured in that run" if lengths else f"at {_SECONDS_A_TAKE:g} s a take"
    return f"about {texts * each:.0f} requests, {takes * seconds / 60:.1f} minutes of speech ({source}), and retakes"


def _values(folder: Folder, stage: str) -> Iterator[str]:
    if folder.url != _NOWHERE:
        yield from Ledger(folder.below(f"{LEDGER}/{stage}"), stage).values()
