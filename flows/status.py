"""`warmline status`: how far a run is, read from its ledgers without making anything."""

from collections import Counter
from collections.abc import Iterator

from pydantic import TypeAdapter

from flows.budget import limits, told
from flows.frozen_run import thaw
from flows.road import Road
from flows.session import LEDGER, open_road
from flows.spent import Spent
from flows.walk import empty, walk
from flows.whole_corpus import WholeCorpus
from flows.workplaces import idle_workplaces
from pipeline.engine.errors import UsageError
from pipeline.engine.ledger import Ledger
from pipeline.engine.storage import Folder
from pipeline.plan.filling import Filling
from pipeline.shard.row import Decided
from schemas.dialogue import Usage, Written
from schemas.judgement import Judgement

_REASONS_SHOWN = 8
_CELLS_SHOWN = 12
_WRITTEN: TypeAdapter[Written | Judgement | Usage] = TypeAdapter(Written | Usage)
_JUDGED: TypeAdapter[Written | Judgement | Usage] = TypeAdapter(Judgement | Usage)


def status_lines(url: str) -> Iterator[str]:
    """What is done, what is missing, why dialogues were rejected. Raises UsageError if there is no run."""
    folder = Folder(url)
    run = thaw(folder)
    if run is None:
        raise UsageError(f"{url} holds no run: `warmline generate RUN.yaml --out {url}` makes one")
    road = open_road(run, folder, idle_workplaces(run.config), keep_failures=True)
    yield f"{url}: pack {run.pack.pack.name}, seed {run.config.seed}, {run.config.size} dialogues wanted"
    spent = Spent(folder.below(LEDGER))
    if given := limits(run.config.budget):
        yield f"spent {told(spent.read(), given)}"
    yield from _fates(road)
    yield from _usage("language model", road.memos.write.ledger, _WRITTEN)
    if road.memos.judge is not None:
        yield from _usage("judge", road.memos.judge.ledger, _JUDGED)
    for ledger in road.memos.ledgers:
        failed = f", {ledger.failures} failed" if ledger.failures else ""
        yield f"  {ledger.stage}: {len(ledger)} results{failed}"
        yield from (f"  {fault}" for fault in ledger.faults)


def _usage(who: str, ledger: Ledger, kept_as: TypeAdapter[Written | Judgement | Usage]) -> Iterator[str]:
    """What language models were asked for; nothing where none was."""
    used, failed_tries = Usage(), 0
    for text in ledger.values():
        kept = kept_as.validate_json(text)
        used += kept if isinstance(kept, Usage) else kept.usage
        failed_tries += kept.requests if isinstance(kept, Usage) else len(kept.failed_tries)
    if used.requests:
        yield (
            f"{who}: {used.requests} replies, {failed_tries} of no use; {used.prompt_tokens} tokens read "
            f"({used.cached_tokens} from its cache), {used.completion_tokens} written"
        )


def _fates(road: Road) -> Iterator[str]:
    """Walk the plan as far as its fate is known."""
    accepted, rejected, open_ones = 0, 0, 0
    wer, turns, matched, seconds = 0.0, 0, 0, 0.0
    reasons: Counter[str] = Counter()
    filling, whole = empty(road), WholeCorpus.of(road.pack.texts)
    for _, fate in walk(road, filling, whole):
        if not isinstance(fate, Decided):
            open_ones += 1
        elif not fate.accepted:
            rejected += 1
            reasons.update({objection.reason.check for objection in fate.objections})
        else:
            accepted += 1
            for turn in fate.turns:
                if turn.scores is not None and turn.take is not None:
                    turns += 1
                    wer += turn.scores.hearing.wer
                    matched += turn.scores.feeling.best in road.config.score.ser.names(turn.turn.emotion)
                    seconds += turn.take.duration
    yield f"{accepted} accepted, {rejected} rejected, {open_ones} under way or to be made"
    reasons -= whole.rejected
    if turns:
        yield (
            f"accepted: {turns} turns, {seconds / 60:.1f} minutes, mean WER {wer / turns:.2%}, "
            f"emotion check agrees on {matched / turns:.1%}"
        )
    for check, count in reasons.most_common(_REASONS_SHOWN):
        yield f"  rejected for {check}: {count}"
    for check, count in whole.rejected.most_common():
        yield f"  rejected when packed, for {check}: {count}"
    yield from _cells(filling)


def _cells(filling: Filling) -> Iterator[str]:
    """What each cell of the targets was to get, how many of its dialogues were begun, and how many passed."""
    if not filling.fields:
        return
    cells = sorted(filling.quotas, key=lambda cell: filling.taken[cell] / max(1, filling.quotas[cell]))
    yield f"  {' '.join(filling.fields):<24} {'asked':>7} {'begun':>7} {'accepted':>9}"
    for cell in cells[:_CELLS_SHOWN]:
        yield f"    {' '.join(cell):<22} {filling.quotas[cell]:>7} {filling.begun[cell]:>7} {filling.taken[cell]:>9}"
    if len(cells) > _CELLS_SHOWN:
        yield f"    and {len(cells) - _CELLS_SHOWN} more, filled as well or better"
