"""One run: its stages, ledgers, workers and shards, opened together and closed together."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

from filelock import FileLock, Timeout

from flows.corpus import Corpus
from flows.frozen_run import Change, changes, freeze, thaw
from flows.road import Memos, Needs, Road
from pipeline.config.run import LoadedRun
from pipeline.engine.errors import StorageError, UsageError
from pipeline.engine.ledger import Ledger
from pipeline.engine.memo import Memo
from pipeline.engine.pool import Pool, ProcessPool
from pipeline.engine.stage import Item, Result, Stage
from pipeline.engine.storage import Folder
from pipeline.plan.briefs import Planner
from pipeline.score.stage import FeelStage, HearStage, SoundStage
from pipeline.shard.row import Decided, Provenance, RowMaker, UnitKind
from pipeline.speak.stage import SpeakStage
from pipeline.units.stage import UnitsStage
from pipeline.write.stage import WriteStage

LEDGER = "ledger"
CORPUS = "corpus"


@dataclass(frozen=True)
class Stages:
    """The run file's stages, as values that travel to workers."""

    write: WriteStage
    speak: SpeakStage
    hear: HearStage
    feel: FeelStage
    sound: SoundStage
    units: tuple[UnitsStage, ...]

    @classmethod
    def of(cls, run: LoadedRun) -> "Stages":
        """The stages that a run file names."""
        config = run.config
        return cls(
            write=WriteStage(config.write, run.pack.pack),
            speak=SpeakStage(config.speak),
            hear=HearStage(config.score.asr),
            feel=FeelStage(config.score.ser),
            sound=SoundStage(),
            units=tuple(UnitsStage(kind) for kind in config.units),
        )


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(run: LoadedRun) -> int:
    """Processes of the run's pool: the most that any stage asks for, else one a core."""
    config = run.config
    asked = [config.write, config.speak, config.score.asr, config.score.ser]
    counts = [one.workers for one in asked] + [kind.workers for kind in config.units]
    return max((count for count in counts if count is not None), default=cores())


class IdlePool:
    """Stands where nothing is to be made: asking how far a run is, or what an edit would remake."""

    async def run(self, job: object) -> list[str]:
        """Never called by whoever only looks."""
        raise AssertionError(f"nothing is made here, not {job}")

    def close(self) -> None:
        """Nothing to stop."""


@contextmanager
def start_pool(run: LoadedRun) -> Iterator[ProcessPool]:
    """The run's worker processes; they load the backends while the driver gets ready."""
    stages = Stages.of(run)
    pool = ProcessPool(workers(run), [stages.speak, stages.hear, stages.feel, *stages.units])
    try:
        yield pool
    finally:
        pool.close()


def open_road(run: LoadedRun, folder: Folder, pool: Pool, *, keep_failures: bool = False) -> Road:
    """The run's stages over its ledgers."""
    stages, most = Stages.of(run), workers(run)

    def memo(stage: Stage[Item, Result], limit: int | None) -> Memo[Item, Result]:
        place = folder.below(f"{LEDGER}/{stage.name}")
        return Memo(stage, Ledger(place, stage.name, keep_failures=keep_failures).open(), pool, limit or most)

    config = run.config
    memos = Memos(
        write=memo(stages.write, config.write.workers),
        speak=memo(stages.speak, config.speak.workers),
        hear=memo(stages.hear, config.score.asr.workers),
        feel=memo(stages.feel, config.score.ser.workers),
        sound=memo(stages.sound, None),
        units={stage.config.backend: memo(stage, stage.config.workers) for stage in stages.units},
    )
    pack = run.pack.pack
    planner = Planner(pack, config.seed, config.shard.splits)
    return Road(config, pack, planner, memos, {situation.id: situation for situation in pack.situations})


def open_corpus(run: LoadedRun, folder: Folder) -> Corpus:
    """The run's shards."""
    config = run.config
    provenance = Provenance(
        pack=run.pack.pack.name,
        pack_digest=run.pack.digest,
        seed=config.seed,
        writer=config.write.backend,
        speaker=config.speak.backend,
        asr=config.score.asr.backend,
        ser=config.score.ser.backend,
        words=f"{config.speak.backend} events",
        warmline=version("warmline"),
        units={kind.backend: UnitKind(kind.rate, kind.size) for kind in config.units},
    )
    maker = RowMaker(config.interleave, provenance)
    return Corpus(folder.below(CORPUS), maker, config.shard.target_mb * 1e6)


@dataclass(frozen=True)
class Session:
    """A run that is open for making."""

    run: LoadedRun
    folder: Folder
    road: Road
    corpus: Corpus
    workers: int

    @property
    def faults(self) -> list[str]:
        """Files in the ledgers that are torn or foreign: ignored, and left where they are."""
        return [fault for ledger in self.road.memos.ledgers for fault in ledger.faults]


@contextmanager
def open_session(run: LoadedRun, out: str, say: Callable[[str], None]) -> Iterator[Session]:
    """Open a run folder for making: lock it, say what changed since it was last made, start the workers.

    Raises UsageError if the folder is another run's, not a run's, or at work already.
    """
    folder = Folder(out)
    with exclusive(folder, say):
        before = thaw(folder)
        changed = changes(before, run) if before is not None else []
        with start_pool(run) as pool:
            road = open_road(run, folder, pool)
            for line in announce(changed, road):
                say(line)
            freeze(folder, run)
            session = Session(run, folder, road, open_corpus(run, folder), workers(run))
            for fault in session.faults:
                say(fault)
            try:
                yield session
            finally:
                session.corpus.abandon()


def announce(changed: Sequence[Change], road: Road) -> Iterator[str]:
    """What changed since the run was last made, and what of it has to be made anew."""
    if not changed:
        return
    shown = ", ".join(map(str, changed[:6])) + (f", and {len(changed) - 6} more" if len(changed) > 6 else "")
    yield f"changed since last time: {shown}"
    briefs = road.planner.briefs(0, road.config.size)
    fates = [road.resolve(brief) for brief in briefs]
    needs = Needs()
    for fate in fates:
        if isinstance(fate, Needs):
            needs.add(fate)
    stands = sum(isinstance(fate, Decided) for fate in fates)
    yield (
        f"of {len(briefs)} dialogues {stands} stand; to make now: {len(needs.write)} texts, {len(needs.speak)} takes, "
        f"{len(needs.score)} scores, {len(needs.units)} unit sequences, and what follows from them"
    )


@contextmanager
def exclusive(folder: Folder, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the run's folder for this driver. Raises UsageError if another driver on this machine has it.

    The operating system drops the lock when the process ends, however it ends.
    """
    if not folder.is_local:
        say(f"{folder.url} is no local folder, so it is not locked: run one driver at a time")
        yield
        return
    lock = FileLock(folder.path(".lock"), blocking=False)
    try:
        folder.filesystem.makedirs(folder.path(), exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise UsageError(f"{folder.url} is being made by another process: wait for it, or stop it first") from error
    except OSError as error:
        raise StorageError(f"{folder.url} cannot be written: {error.strerror}: choose another --out") from error
    try:
        yield
    finally:
        lock.release()
