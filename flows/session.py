"""One run: its stages, ledgers, workers and shards, opened together and closed together."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from math import ceil
from pathlib import PurePath

from flows.budget import Purse, refuse_out_of_reach
from flows.contrast_sets import ContrastSets
from flows.corpus import Corpus
from flows.frozen_run import PACK, Change, settle
from flows.goal import Goal
from flows.judged_texts import JudgedTexts
from flows.listeners import Listeners
from flows.lock import hold, voices_turn
from flows.road import Memos, Needs, Road
from flows.spent import Spent
from flows.walk import walk
from flows.whole_corpus import WholeCorpus
from flows.workplaces import Workplace, Workplaces, start_workplaces
from pipeline.config.run import LoadedRun
from pipeline.engine.journal import recover
from pipeline.engine.ledger import Ledger
from pipeline.engine.memo import Memo
from pipeline.engine.stage import Item, Loadable, Result, Stage
from pipeline.engine.storage import Folder
from pipeline.interleave.text_tokens import FileTokenizer, Words
from pipeline.judge.stage import JudgeStage
from pipeline.plan.briefs import Planner
from pipeline.score.stage import FeelStage, HearStage, LikenessStage, QualityStage, SoundStage, Spoken, WordsStage
from pipeline.shard.row import Decided, Provenance, RowMaker, UnitKind
from pipeline.shard.sequence import Sequencer
from pipeline.speak.stage import SpeakStage
from pipeline.units.stage import UnitsStage
from pipeline.write.stage import WriteStage
from pipeline.write.texts.listed import kept_clean
from pipeline.write.writer import Commissions, tags_of
from schemas.run import Backend, RunConfig

LEDGER = "ledger"
OPEN_A_PROCESS = 16
OPEN_A_PLACE = 4
CORPUS = "corpus"


@dataclass(frozen=True)
class Stages:
    """The run file's stages, as values that travel to workers."""

    write: WriteStage
    judge: JudgeStage | None
    speak: SpeakStage
    hear: HearStage
    feel: FeelStage
    sound: SoundStage
    second_feel: FeelStage | None
    quality: QualityStage | None
    likeness: LikenessStage | None
    words: WordsStage | None
    units: tuple[UnitsStage, ...]

    @classmethod
    def of(cls, run: LoadedRun, folder: Folder) -> "Stages":
        """The stages that a run file names, for a run in `folder`."""
        config, score, pack = run.config, run.config.score, run.pack.pack
        speak = SpeakStage(config.speak, folder.below(PACK))
        return cls(
            write=WriteStage(config.write, pack),
            judge=JudgeStage(config.judge, pack.rubric) if config.judge and pack.rubric else None,
            speak=speak,
            hear=HearStage(score.asr),
            feel=FeelStage(score.ser),
            sound=SoundStage(),
            second_feel=FeelStage(score.second_ser, "score.second_ser") if score.second_ser else None,
            quality=QualityStage(score.mos) if score.mos else None,
            likeness=LikenessStage(score.likeness) if score.likeness else None,
            words=WordsStage(score.words) if score.words and not speak.abilities.word_times else None,
            units=tuple(UnitsStage(kind) for kind in config.units),
        )

    def of_processes(self, config: RunConfig) -> list[Loadable]:
        """Those whose backends the pool of processes loads beforehand."""
        score = config.score
        pairs: list[tuple[Loadable | None, Backend | None]] = [
            (self.speak, config.speak),
            (self.hear, score.asr),
            (self.feel, score.ser),
            (self.second_feel, score.second_ser),
            (self.quality, score.mos),
            (self.likeness, score.likeness),
            (self.words, score.words),
        ]
        chosen = [stage for stage, backend in pairs if stage and backend and not (stage.waits or backend.ray)]
        return [*chosen, *(stage for stage in self.units if stage.config.ray is None)]


@contextmanager
def start_pools(run: LoadedRun, folder: Folder, say: Callable[[str], None]) -> Iterator[Workplaces]:
    """The run's workers; they load the backends while the driver gets ready."""
    stages = Stages.of(run, folder)
    with start_workplaces(run.config, stages.of_processes(run.config), say) as places:
        yield places


def open_road(
    run: LoadedRun,
    folder: Folder,
    places: Workplaces,
    *,
    keep_failures: bool = False,
    final: Collection[str] = (),
) -> Road:
    """The run's stages over its ledgers. Failures are tried again, but for those of the stages that are `final`."""
    stages, config = Stages.of(run, folder), run.config

    def memo(
        stage: Stage[Item, Result], place: Workplace, length: Callable[[Item], float] | None = None
    ) -> Memo[Item, Result]:
        where = folder.below(f"{LEDGER}/{stage.name}")
        if not keep_failures:
            recover(where, stage.name)
        ledger = Ledger(where, stage.name, keep_failures=keep_failures or stage.name in final).open()
        return Memo(stage, ledger, place.pool, place.workers, place.batch, length)

    def of(stage: Stage[Item, Result], backend: Backend, length: Callable[[Item], float]) -> Memo[Item, Result]:
        return memo(stage, places.of(stage, backend), length if backend.ray is not None else None)

    score = config.score
    listeners = Listeners(
        hear=of(stages.hear, score.asr, _spoken_length),
        feel=of(stages.feel, score.ser, _spoken_length),
        sound=memo(stages.sound, places.in_processes()),
        second_feel=(
            of(stages.second_feel, score.second_ser, _spoken_length)
            if stages.second_feel and score.second_ser
            else None
        ),
        quality=of(stages.quality, score.mos, _spoken_length) if stages.quality and score.mos else None,
        likeness=(of(stages.likeness, score.likeness, _spoken_length) if stages.likeness and score.likeness else None),
        words=of(stages.words, score.words, _spoken_length) if stages.words and score.words else None,
    )
    memos = Memos(
        write=of(stages.write, config.write, lambda item: item.turns),
        speak=of(stages.speak, config.speak, lambda line: len(line.text)),
        listeners=listeners,
        units={stage.config.backend: memo(stage, places.of(stage, stage.config)) for stage in stages.units},
        judge=memo(stages.judge, places.of(stages.judge, config.judge)) if stages.judge and config.judge else None,
    )
    pack = run.speakable
    planner = Planner(pack, config.seed, config.shard.splits)
    return Road(
        config,
        pack,
        planner,
        memos,
        Commissions(pack),
        JudgedTexts(pack.texts, tags_of(pack), kept_clean(pack.texts.keep_clean, folder.below(PACK))),
        ContrastSets(planner),
        folder.below(PACK),
        sequencer_of(run),
    )


def sequencer_of(run: LoadedRun) -> Sequencer:
    """The run's recipe, ready to be applied."""
    tokenizer = FileTokenizer(run.tokenizer) if run.tokenizer is not None else Words()
    return Sequencer(run.config.interleave, {kind.backend: kind.rate for kind in run.config.units}, tokenizer)


def _spoken_length(item: Spoken) -> float:
    return len(item.text)


def open_corpus(run: LoadedRun, folder: Folder) -> Corpus:
    """The run's shards."""
    config = run.config
    provenance = Provenance(
        pack=run.pack.pack.name,
        pack_digest=run.pack.digest,
        seed=config.seed,
        writer=described(config.write),
        speaker=described(config.speak),
        asr=described(config.score.asr),
        ser=described(config.score.ser),
        second_ser=described(config.score.second_ser) if config.score.second_ser else None,
        mos=described(config.score.mos) if config.score.mos else None,
        likeness=described(config.score.likeness) if config.score.likeness else None,
        words=_source_of_words(config, Stages.of(run, folder)),
        warmline=version("warmline"),
        units={kind.backend: UnitKind(kind.rate, kind.size) for kind in config.units},
        judge=described(config.judge) if config.judge else None,
    )
    maker = RowMaker(sequencer_of(run), provenance, config.score)
    return Corpus(folder.below(CORPUS), maker, config.shard.target_mb * 1e6, WholeCorpus.of(run.pack.pack.texts))


def _source_of_words(config: RunConfig, stages: Stages) -> str:
    """Where word times come from; nowhere if the engine tells none and nobody aligns."""
    if stages.speak.abilities.word_times:
        return f"{config.speak.backend} events"
    return f"{described(config.score.words)} alignment" if config.score.words else ""


def described(backend: Backend) -> str:
    """A backend and its model, as provenance names them: of a model in a folder the folder's name.

    >>> described(Backend(backend="openai", settings={"model": "/models/Qwen3-32B"}))
    'openai Qwen3-32B'
    >>> described(Backend(backend="openai", settings={"model": "Qwen/Qwen3-32B"}))
    'openai Qwen/Qwen3-32B'
    """
    model = backend.settings.get("model")
    if not isinstance(model, str):
        return backend.backend
    return f"{backend.backend} {PurePath(model).name if PurePath(model).is_absolute() else model}"


@dataclass(frozen=True)
class Session:
    """A run that is open for making."""

    run: LoadedRun
    folder: Folder
    road: Road
    goal: Goal
    corpus: Corpus | None
    places: Workplaces
    purse: Purse
    voices_turn: ExitStack
    """Open while no other slice's driver renders the voices' plain manner."""

    @property
    def most_open(self) -> int:
        """How many dialogues are on the road at once: enough for every worker and every place at a server."""
        config, turns = self.run.config, self.run.pack.pack.turns
        stages = Stages.of(self.run, self.folder)
        average = sum(count * weight for count, weight in turns.items()) / sum(turns.values())
        spoken = ceil(self.places.at_once(stages.speak, config.speak) / average)
        judged = self.places.at_once(stages.judge, config.judge) if stages.judge and config.judge else 0
        return OPEN_A_PROCESS * self.places.process_count + OPEN_A_PLACE * (
            self.places.at_once(stages.write, config.write) + judged + spoken
        )

    @property
    def faults(self) -> list[str]:
        """Files in the ledgers that are torn or foreign: ignored, and left where they are."""
        return [fault for ledger in self.road.memos.ledgers for fault in ledger.faults]


@contextmanager
def open_session(run: LoadedRun, out: str, goal: Goal, say: Callable[[str], None]) -> Iterator[Session]:
    """Open a run folder for making: lock it, say what changed since it was last made, start the workers.

    Raises UsageError if the folder is another run's, not a run's, or at work already, or if the budget cannot do.
    """
    folder = Folder(out)
    spent = Spent(folder.below(LEDGER))
    refuse_out_of_reach(run, spent)
    with hold(folder, goal, say):
        changed = settle(folder, run)  # before there are workers, who may read the pack's clips
        turn = voices_turn(folder, say) if goal.shares_voices else ExitStack()
        with start_pools(run, folder, say) as places, turn as held:
            purse = Purse.of(run, spent, goal)
            road = open_road(run, folder, places, final=purse.spent_stages())
            for line in announce(changed, road):
                say(line)
            corpus = open_corpus(run, folder) if goal.packs else None
            session = Session(run, folder, road, goal, corpus, places, purse, held)
            for fault in session.faults:
                say(fault)
            try:
                yield session
            finally:
                if corpus is not None:
                    corpus.abandon()


def announce(changed: Sequence[Change], road: Road) -> Iterator[str]:
    """What changed since the run was last made, and what of it has to be made anew."""
    if not changed:
        return
    shown = ", ".join(map(str, changed[:6])) + (f", and {len(changed) - 6} more" if len(changed) > 6 else "")
    yield f"changed since last time: {shown}"
    fates = [fate for _, fate in walk(road)]
    needs = Needs()
    for fate in fates:
        if isinstance(fate, Needs):
            needs.add(fate)
    stands = sum(isinstance(fate, Decided) for fate in fates)
    judgements = f"{len(needs.judge)} judgements, " if needs.judge else ""
    yield (
        f"of {len(fates)} dialogues {stands} stand; to make now: {len(needs.write)} texts, {judgements}"
        f"{len(needs.speak)} takes, "
        f"{len(needs.score)} scores, {len(needs.units)} unit sequences, and what follows from them"
    )
