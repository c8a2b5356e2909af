"""The flow that makes a corpus: plan → write → speak → score → gate (→ retake) → units → shard.

Batches of briefs travel the road side by side under a bound, so one batch is written while another is spoken and a
third is scored. One Prefect task is one stage of one batch; what a batch still needs is asked of the road again after
each, until every dialogue's fate is known. New briefs are issued only as dialogues turn out not to pass, in the plan's
order: so the corpus is the first `size` dialogues of the plan that pass, however many workers there are and however
often the run was interrupted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact
from prefect.cache_policies import NO_CACHE

from flows.card import write_card
from flows.progress import Show, Tally, show_for_terminal
from flows.road import Memos, Needs
from flows.session import Session, open_session
from pipeline.config.run import load_run
from pipeline.shard.row import Decided
from schemas.brief import Brief

MOST_A_BATCH = 8
BATCHES_A_WORKER = 4
ARTIFACT_EVERY = 5.0

prepared: ContextVar[tuple[Session, Show] | None] = ContextVar("prepared", default=None)
"""A session that the command line has opened already, so that workers load while Prefect does."""

_work: ContextVar[tuple[Memos, Needs]] = ContextVar("work")


async def _write(memos: Memos, needs: Needs) -> None:
    await memos.write.make(needs.write)


async def _speak(memos: Memos, needs: Needs) -> None:
    await memos.speak.make(needs.speak)


async def _score(memos: Memos, needs: Needs) -> None:
    await asyncio.gather(*(memo.make(needs.score) for memo in (memos.hear, memos.feel, memos.sound)))


async def _units(memos: Memos, needs: Needs) -> None:
    await asyncio.gather(*(memo.make(needs.units) for memo in memos.units.values()))


def _task(name: str, work: Callable[[Memos, Needs], Awaitable[None]]) -> Callable[[int, str, int], Awaitable[None]]:
    """A Prefect task of one stage. Only words and numbers pass through Prefect; the items stay in this process."""

    @task(
        name=name,
        task_run_name=f"{name} {{count}} items of dialogues {{dialogues}} (batch {{batch}})",
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    async def stage(batch: int, dialogues: str, count: int) -> None:  # noqa: ARG001 -- shown in the task's name
        await work(*_work.get())

    return stage


_TASKS = {
    name: _task(name, work)
    for name, work in {"write": _write, "speak": _speak, "score": _score, "units": _units}.items()
}


@flow(name="warmline generate", flow_run_name="make {out} from {run_file}", persist_result=False)
async def generate(run_file: str, out: str, overrides: Sequence[str] = ()) -> Tally:
    """Make, or go on making, the corpus of `run_file` in the run folder `out`.

    Raises WarmlineError, with one line to tell the user, for bad input and for what a user can mend.
    """
    ready = prepared.get()
    if ready is not None:
        return await _make_corpus(*ready)
    show = show_for_terminal()
    with open_session(load_run(Path(run_file), overrides), out, show.say) as session:
        return await _make_corpus(session, show)


async def _make_corpus(session: Session, show: Show) -> Tally:
    drive = _Drive(session, show, Tally(session.run.config.size))
    await drive.run()
    await asyncio.to_thread(session.corpus.close)
    await asyncio.to_thread(write_card, session, drive.tally)
    return drive.tally


@dataclass
class _Drive:
    """Issues briefs, follows their batches, and hands decided dialogues to the corpus in the plan's order."""

    session: Session
    show: Show
    tally: Tally
    issued: int = 0
    taken: int = 0
    batches: int = 0
    over: bool = False
    decided: dict[int, Decided] = field(default_factory=dict)
    artifact: "_Artifact" = field(default_factory=lambda: _Artifact())

    def _next_batch(self) -> list[Brief]:
        """The next briefs to try: no more than could still be wanted if all that is under way passes."""
        config = self.session.run.config
        hopeful = self.issued - self.taken - sum(not one.accepted for one in self.decided.values())
        usual = max(1, min(MOST_A_BATCH, config.size // (BATCHES_A_WORKER * self.session.workers)))
        wanted = config.size - self.session.corpus.accepted - hopeful
        count = max(0, min(usual, wanted, config.briefs_to_try - self.issued))
        self.issued += count
        return self.session.road.planner.briefs(self.issued - count, self.issued)

    async def run(self) -> None:
        """Until the corpus has its size, or the briefs are spent."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(under_way) < 2 * self.session.workers and (batch := self._next_batch()):
                    self.batches += 1
                    under_way.add(asyncio.create_task(self._follow(self.batches, batch)))
                if not under_way:
                    return
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for finished in done:
                    finished.result()
                await self._hand_over()
        finally:
            self.over = True
            for one in under_way:
                one.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _follow(self, number: int, batch: Sequence[Brief]) -> None:
        """Bring one batch to its end, stage by stage."""
        still_open = list(batch)
        dialogues = f"{batch[0].index} to {batch[-1].index}"
        while still_open and not self.over:
            needs = Needs()
            for brief in list(still_open):
                fate = self.session.road.resolve(brief)
                if isinstance(fate, Decided):
                    self.decided[brief.index] = fate
                    still_open.remove(brief)
                else:
                    needs.add(fate)
            await self._make(number, dialogues, needs)

    async def _make(self, number: int, dialogues: str, needs: Needs) -> None:
        _work.set((self.session.road.memos, needs))
        counts = {name: len(items) for name, items in vars(needs).items() if items}
        await asyncio.gather(*(_TASKS[name](number, dialogues, count) for name, count in counts.items()))
        await self._report()

    async def _hand_over(self) -> None:
        while self.taken in self.decided:
            one = await asyncio.to_thread(self.session.corpus.take_in, self.decided.pop(self.taken))
            self.taken += 1
            durations = [turn.take.duration for turn in one.turns if turn.take is not None]
            self.tally.count(accepted=one.accepted, durations=durations, tries=one.takes)
        await self._report()

    async def _report(self) -> None:
        memos = self.session.road.memos
        self.tally.made = {
            "written": memos.write.made,
            "spoken": memos.speak.made,
            "scored": memos.hear.made,
            "encoded": sum(memo.made for memo in memos.units.values()),
        }
        self.show.update(self.tally)
        await self.artifact.update(self.tally)


@dataclass
class _Artifact:
    """The run's progress as the Prefect server shows it."""

    told: float = 0.0
    id: UUID | None = None

    async def update(self, tally: Tally) -> None:
        """Tell the server, now and then."""
        if monotonic() - self.told < ARTIFACT_EVERY and tally.accepted < tally.wanted:
            return
        self.told = monotonic()
        share = 100.0 * tally.accepted / tally.wanted
        if self.id is None:
            self.id = await acreate_progress_artifact(share, key="accepted-dialogues", description=tally.line())
        else:
            await aupdate_progress_artifact(self.id, share, description=tally.line())
