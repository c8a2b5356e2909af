"""A run's budget while it is spent: whether a further dialogue may begin.

What is spent is what the ledgers of the run's folder hold, so going on after an interruption goes on counting, and each
driver of a slice counts what all of them have spent. What is under way is taken to cost what dialogues did so far.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from flows.goal import Goal
from flows.progress import Tally
from flows.road import Needs
from flows.spent import Spent
from flows.until import Until
from pipeline.config.run import LoadedRun
from pipeline.engine.errors import UsageError
from pipeline.plan.briefs import Planner
from pipeline.plan.expense import Expense, least, over_budget
from schemas.frozen import Seconds
from schemas.run import Budget

REQUESTS, HOURS = "requests", "speech_hours"
LAG: Seconds = 2.0
"""A result is counted so long after it was made, at the latest: small ones go to a part with those of a second."""

_SHARE, _RAREST = 20, 30.0
"""Counting may take a twentieth of the time, however many parts there are; but each so many seconds it is done."""

_HOUR = 3600.0


def amounts(spent: Spent) -> dict[str, float]:
    """What is spent, in the budget's words."""
    return {REQUESTS: spent.requests, HOURS: spent.speech / _HOUR}


def limits(budget: Budget, until: Until = Until.SHARD) -> dict[str, float]:
    """What may be spent of it; of speech no matter as long as none is made."""
    given = {REQUESTS: budget.requests, HOURS: budget.speech_hours if until is not Until.WRITE else None}
    return {key: limit for key, limit in given.items() if limit is not None}


def told(spent: Spent, given: Mapping[str, float]) -> str:
    """How much of it is spent, in words; nothing if there is no limit."""
    now = amounts(spent)
    asked = [f"{now[REQUESTS]:.0f} of {given[REQUESTS]:.0f} requests"] if REQUESTS in given else []
    spoken = [f"{now[HOURS]:.3g} of {given[HOURS]:g} hours of speech"] if HOURS in given else []
    return ", ".join(asked + spoken)


def refuse_out_of_reach(run: LoadedRun, spent: Spent) -> None:
    """Raise UsageError if takes as long as those in the folder put the run out of its budget's reach.

    A budget that is spent already begins nothing: then what there is may still be packed.
    """
    hours = run.config.budget.speech_hours
    if hours is None or amounts(spent.read())[HOURS] >= hours:
        return
    faults = [message for _, message in over_budget(run.config, _planner(run), spent.seconds_a_take)]
    if faults:
        raise UsageError("\n".join(faults))


def _planner(run: LoadedRun) -> Planner:
    return Planner(run.speakable, run.config.seed, run.config.shard.splits)


@dataclass
class Purse:
    """The budget of a driver. Its share of what is under way is taken for that of each of `drivers`."""

    limits: Mapping[str, float]
    spent: Spent
    each: Expense
    members: int = 1
    drivers: int = 1
    over: set[str] = field(default_factory=set)
    _ended: deque[Seconds] = field(default_factory=deque)
    _due: Seconds = 0.0

    @classmethod
    def of(cls, run: LoadedRun, spent: Spent, goal: Goal) -> "Purse":
        """That of a run on its way to a goal."""
        planner = _planner(run)
        one = run.config.model_copy(update={"size": 1})
        members = planner.pack.contrast.members if planner.pack.contrast else 1
        given = limits(run.config.budget, goal.until)
        return cls(given, spent, least(one, planner), members, goal.slice.count)

    def spent_stages(self) -> set[str]:
        """The stages that have nothing left to spend: what failed there stays so, and is packed as it was left."""
        if not self.limits:
            return set()
        now = amounts(self.spent.read())
        stages = {REQUESTS: {"write", "judge"}, HOURS: {"write", "judge", "speak"}}
        return {stage for key, limit in self.limits.items() if now[key] >= limit for stage in stages[key]}

    async def allows(self, under_way: int, tally: Tally) -> bool:
        """Whether a dialogue may begin beside those under way. Once none is and none may, a budget is over for good."""
        await self.count()
        while lacking := self._lacking(under_way, tally):
            if under_way:
                return False
            if not self._ended:
                self.over |= lacking
            else:
                await asyncio.sleep(LAG / 10)
                await self.count()
        return True

    def refuses(self, needs: Needs) -> set[str]:
        """The budgets that are over, and that a dialogue with these needs would draw on."""
        asks = bool(needs.write or needs.judge)
        draws = {REQUESTS: asks, HOURS: asks or bool(needs.speak)}
        return {key for key in self.over if draws[key]}

    def ended(self) -> None:
        """A dialogue that cost something has come to its end."""
        self._ended.append(monotonic())

    def told(self) -> str:
        """How much is spent, in words; nothing if there is no limit."""
        return told(self.spent, self.limits)

    async def count(self) -> None:
        """Read what was spent meanwhile, if it is time to."""
        started = monotonic()
        if not self.limits or started < self._due:
            return
        await asyncio.to_thread(self.spent.read)
        while self._ended and self._ended[0] < started - LAG:
            self._ended.popleft()
        self._due = monotonic() + min(max(LAG / 10, _SHARE * (monotonic() - started)), _RAREST)

    def _lacking(self, under_way: int, tally: Tally) -> set[str]:
        now, cost = amounts(self.spent), self._cost(tally)
        open_ones = (under_way + len(self._ended)) * self.drivers
        return {
            key
            for key, limit in self.limits.items()
            if key not in self.over and cost[key] > 0 and now[key] + open_ones * cost[key] >= limit
        }

    def _cost(self, tally: Tally) -> dict[str, float]:
        """What a dialogue costs: as much as those before, and at the least what it takes if all passes at once."""
        asked = self.spent.requests / max(1, self.spent.texts * self.members)
        spoken = tally.tries / max(1, tally.accepted + tally.rejected)
        hours = max(self.each.takes, spoken) * self.spent.seconds_a_take / _HOUR
        return {REQUESTS: max(self.each.requests, asked) if self.each.requests else 0.0, HOURS: hours}
