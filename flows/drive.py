"""Issues briefs, follows each dialogue along the road, and hands decided ones to the corpus in the plan's order."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

import httpx
from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

from flows.desk import LINGER, Desk
from flows.issue import Drawn, Issue
from flows.progress import Show, Tally
from flows.road import Needs
from flows.session import Session
from flows.until import Until
from flows.voices import plain_lines
from pipeline.engine.memo import Memo
from pipeline.engine.stage import Item, Result
from pipeline.judge.judge import Text
from pipeline.plan.filling import Filling
from pipeline.score.stage import Spoken
from pipeline.shard.row import Decided
from pipeline.units.stage import Sounded
from pipeline.write.writer import Commission
from schemas.brief import Brief
from schemas.dialogue import Dialogue
from schemas.take import Line

ARTIFACT_EVERY = 5.0


@dataclass
class Desks:
    """One for each stage."""

    write: Desk[Commission]
    speak: Desk[Line]
    score: Desk[Spoken]
    feel: Desk[Spoken]
    units: tuple[Desk[Sounded], ...]
    judge: tuple[Desk[Text], ...]

    @classmethod
    def of(cls, session: Session) -> "Desks":
        """Those of a session's memos."""
        memos = session.road.memos
        listeners = memos.listeners
        return cls(
            write=_desk("write", memos.write),
            speak=_desk("speak", memos.speak),
            score=Desk("score", listeners.begin, listeners.wait),
            feel=_desk("score plain voices", listeners.feel),
            units=tuple(_desk(f"units {name}", memo) for name, memo in memos.units.items()),
            judge=(_desk("judge", memos.judge),) if memos.judge is not None else (),
        )

    async def make(self, needs: Needs) -> None:
        """Have everything made that a dialogue needs now."""
        orders = [self.write.order(needs.write), self.speak.order(needs.speak), self.score.order(needs.score)]
        orders += [self.feel.order(needs.feel), *(desk.order(needs.units) for desk in self.units)]
        orders += [desk.order(needs.judge) for desk in self.judge]
        await asyncio.gather(*orders)

    async def close(self) -> None:
        """Stop what is under way."""
        single = (self.write.close(), self.speak.close(), self.score.close(), self.feel.close())
        await asyncio.gather(*single, *(desk.close() for desk in self.units), *(desk.close() for desk in self.judge))


def _desk(stage: str, memo: Memo[Item, Result]) -> Desk[Item]:
    waits = memo.batch is None
    return Desk(stage, memo.begin, memo.wait, 0.0 if waits else LINGER)


@dataclass
class Drive:
    """One `generate`, from the first brief to the last."""

    session: Session
    show: Show
    tally: Tally = field(init=False)
    over: bool = False
    _issue: Issue = field(init=False)
    _decided: dict[int, Decided | Dialogue] = field(default_factory=dict)
    _artifact: "Artifact" = field(default_factory=lambda: Artifact())

    def __post_init__(self) -> None:
        goal, config = self.session.goal, self.session.run.config
        planner = self.session.road.planner
        size = 0 if goal.until is Until.VOICES else config.size
        filling = Filling.of(planner, size, goal.slice, config.budget.briefs)
        self.tally = Tally(filling.size, done=goal.done)
        self._issue = Issue(planner, goal.slice, filling)
        self._desks = Desks.of(self.session)
        self._open = self.session.most_open

    async def run(self) -> None:
        """Until there are as many dialogues as wanted, or the briefs are spent."""
        under_way: set[asyncio.Task[None]] = set()
        ended: asyncio.Queue[asyncio.Task[None]] = asyncio.Queue()
        try:
            await self._speak_plainly()
            while True:
                while await self._may_begin(len(under_way)) and (drawn := self._issue.next()) is not None:
                    task = asyncio.create_task(self._follow(drawn))
                    task.add_done_callback(ended.put_nowait)
                    under_way.add(task)
                if not under_way:
                    self.tally.short = tuple(self._issue.filling.short())
                    await self._artifact.close(self.tally)
                    return
                under_way.discard(finished := await ended.get())
                finished.result()
                await self._hand_over()
        finally:
            self.over = True
            for one in under_way:
                one.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            await self._desks.close()
            await self.session.places.waiting.disconnect()

    async def _may_begin(self, under_way: int) -> bool:
        return under_way < self._open and await self.session.purse.allows(under_way, self.tally)

    async def _speak_plainly(self) -> None:
        """Render what all slices share, then let the next driver do so."""
        if self.session.goal.shares_voices:
            await self._desks.speak.order(plain_lines(self.session.road))
        self.session.voices_turn.close()

    async def _follow(self, drawn: Drawn) -> None:
        """Bring one dialogue to its end, stage by stage, unless the budget is spent before it begins."""
        fate = self._fate(drawn.brief)
        refused = self.session.purse.refuses(fate) if isinstance(fate, Needs) else ()
        if refused:
            self.tally.over.update(refused)
            self._issue.leave(drawn)
            return
        while isinstance(fate, Needs) and not self.over:
            await self._desks.make(fate)
            fate = self._fate(drawn.brief)
            if not isinstance(fate, Needs):
                self.session.purse.ended()
        if not isinstance(fate, Needs):
            self._decided[drawn.place] = fate
            if isinstance(fate, Decided) and not fate.accepted:
                self._issue.failed(drawn)

    def _fate(self, brief: Brief) -> Decided | Dialogue | Needs:
        road = self.session.road
        return road.text(brief) if self.session.goal.until is Until.WRITE else road.resolve(brief)

    async def _hand_over(self) -> None:
        while (drawn := self._issue.earliest()) is not None and drawn.place in self._decided:
            await self._settle(drawn, self._decided.pop(drawn.place))
        self._report()

    async def _settle(self, drawn: Drawn, fate: Decided | Dialogue) -> None:
        """A dialogue whose turn it is: into the corpus, or to the rejected ones."""
        if isinstance(fate, Dialogue):
            self._issue.passed(drawn)
            self._issue.settle()
            self.tally.count(accepted=True, durations=(), tries=0)
            return
        had_passed = fate.accepted
        if self.session.corpus is not None:
            fate = await asyncio.to_thread(self.session.corpus.take_in, fate)
        if fate.accepted:
            self._issue.passed(drawn)
        elif had_passed:
            self._issue.failed(drawn)
        self._issue.settle()
        durations = [turn.take.duration for turn in fate.turns if turn.take is not None]
        self.tally.count(accepted=fate.accepted, durations=durations, tries=fate.takes)

    def _report(self) -> None:
        memos = self.session.road.memos
        judged = {"judged": memos.judge.made} if memos.judge is not None else {}
        self.tally.made = {
            "written": memos.write.made,
            **judged,
            "spoken": memos.speak.made,
            "scored": memos.listeners.hear.made,
            "encoded": sum(memo.made for memo in memos.units.values()),
        }
        self.tally.spent = self.session.purse.told()
        self.show.update(self.tally)
        self._artifact.update(self.tally)


@dataclass
class Artifact:
    """The run's progress as the Prefect server shows it. The work neither waits for it nor depends on it."""

    _told: float = 0.0
    _id: UUID | None = None
    _telling: asyncio.Task[None] | None = None

    def update(self, tally: Tally) -> None:
        """Tell the server, now and then."""
        if monotonic() - self._told >= ARTIFACT_EVERY and (self._telling is None or self._telling.done()):
            self._told = monotonic()
            self._telling = asyncio.create_task(self._tell(tally))

    async def close(self, tally: Tally) -> None:
        """Tell the server what came out, unless it is slow to listen."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ARTIFACT_EVERY):
                if self._telling is not None:
                    await self._telling
                await self._tell(tally)

    async def _tell(self, tally: Tally) -> None:
        share = 100.0 * tally.accepted / max(1, tally.wanted)
        with suppress(httpx.HTTPError):  # a server that is away: what is done stands in the run's folder
            if self._id is None:
                self._id = await acreate_progress_artifact(share, key="accepted-dialogues", description=tally.line())
            else:
                await aupdate_progress_artifact(self._id, share, description=tally.line())
