"""The stages as Prefect tasks: one task makes what dialogues ask of a stage in some seconds.

Each dialogue goes on as soon as its own items are there; the task ends with its last one. So a slow answer holds up
nobody else, and Prefect, to which a task costs some milliseconds and a few events, sees tens of tasks, not thousands
of items.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.frozen import Seconds

Wanted = TypeVar("Wanted")

LINGER = 0.02
"""Seconds in which the needs of several dialogues come together, to be made in common batches."""

OPEN = 3.0
"""Seconds in which a task takes what is asked for."""

_work: ContextVar[Callable[[], Awaitable[None]]] = ContextVar("work")


@task(name="stage", task_run_name="{stage} from item {first}", cache_policy=NO_CACHE, persist_result=False)
async def _make(stage: str, first: int) -> None:  # noqa: ARG001 -- shown in the task's name
    """Only words and numbers pass through Prefect; the items stay in this process."""
    await _work.get()()


@dataclass
class _Batch(Generic[Wanted]):
    """What was asked for together; `begun` has the making, once that has begun."""

    items: list[Wanted] = field(default_factory=list)
    begun: asyncio.Future[asyncio.Future[None]] = field(default_factory=lambda: asyncio.Future())


@dataclass
class _Shift(Generic[Wanted]):
    """One Prefect task: makes the batches that are handed in while it is open."""

    begin: Callable[[Sequence[Wanted]], Awaitable[None]]
    is_open: bool = True
    _handed_in: "asyncio.Queue[_Batch[Wanted] | None]" = field(default_factory=asyncio.Queue)
    _waiting: list[_Batch[Wanted]] = field(default_factory=list)
    _under_way: set[asyncio.Future[None]] = field(default_factory=set)

    def start(self, stage: str, first: int) -> "asyncio.Future[None]":
        """Open it, for a while; what is answered is its end."""
        _work.set(self._make_all)
        alarm = asyncio.get_running_loop().call_later(OPEN, self.close)
        end = asyncio.ensure_future(_make(stage, first))
        end.add_done_callback(self._end)
        end.add_done_callback(lambda _: alarm.cancel())
        return end

    def hand_in(self, batch: _Batch[Wanted]) -> None:
        """Have it made."""
        self._waiting.append(batch)
        self._handed_in.put_nowait(batch)

    @property
    def is_idle(self) -> bool:
        """Whether all that was handed in is made."""
        return not self._waiting and not self._under_way

    def close(self) -> None:
        """Take nothing more."""
        if self.is_open:
            self.is_open = False
            self._handed_in.put_nowait(None)

    async def _make_all(self) -> None:
        try:
            while (batch := await self._handed_in.get()) is not None:
                making = asyncio.ensure_future(self.begin(batch.items))
                making.add_done_callback(self._made)
                self._under_way.add(making)
                self._waiting.remove(batch)
                batch.begun.set_result(making)
            await asyncio.gather(*self._under_way)
        finally:
            for one in self._under_way:
                one.cancel()

    def _made(self, making: "asyncio.Future[None]") -> None:
        """Forget what went well; the task ends, broken, with what did not."""
        if making.cancelled() or making.exception() is None:
            self._under_way.discard(making)
        else:
            self.close()

    def _end(self, end: "asyncio.Future[None]") -> None:
        """Tell those whose batch did not come to be made."""
        self.is_open = False
        error = None if end.cancelled() else end.exception()
        for batch in self._waiting:
            if error is None:
                batch.begun.cancel()
            else:
                batch.begun.set_exception(error)
                batch.begun.exception()  # asyncio would print what nobody asked for


@dataclass
class Desk(Generic[Wanted]):
    """Where dialogues ask for a stage's items.

    `begin` starts the making of items and answers something to wait for; `wait` returns when the given items, whose
    making has begun, are there.
    """

    stage: str
    begin: Callable[[Sequence[Wanted]], Awaitable[None]]
    wait: Callable[[Sequence[Wanted]], Awaitable[None]]
    linger: Seconds = LINGER
    ordered: int = 0
    _gathering: _Batch[Wanted] | None = None
    _shift: _Shift[Wanted] | None = None
    _alarm: asyncio.TimerHandle | None = None
    _ends: "dict[asyncio.Future[None], _Shift[Wanted]]" = field(default_factory=dict)

    async def order(self, items: Sequence[Wanted]) -> None:
        """Have a dialogue's items made, together with what others ask for now. Raises what stops the making."""
        if not items:
            return
        batch = self._gathering
        if batch is None:
            batch = self._gathering = _Batch()
            self._alarm = asyncio.get_running_loop().call_later(self.linger, self._hand_in)
        batch.items += items
        making = await asyncio.shield(batch.begun)
        await _first(self.wait(items), making)

    def _hand_in(self) -> None:
        if self._gathering is None:
            return
        batch, self._gathering = self._gathering, None
        if self._shift is None or not self._shift.is_open:
            self._shift = _Shift(self.begin)
            end = self._shift.start(self.stage, self.ordered + 1)
            self._ends[end] = self._shift
            end.add_done_callback(self._ends.pop)
        self.ordered += len(batch.items)
        self._shift.hand_in(batch)

    async def close(self) -> None:
        """Let tasks end whose items are made, and stop the others."""
        if self._alarm is not None:
            self._alarm.cancel()
        for end, shift in list(self._ends.items()):
            shift.close() if shift.is_idle else end.cancel()
        await asyncio.gather(*self._ends, return_exceptions=True)


async def _first(own: Awaitable[None], whole: "asyncio.Future[None]") -> None:
    """Wait for `own`, which `whole` brings about: if that breaks, so does this."""
    waiting = asyncio.ensure_future(own)
    try:
        await asyncio.wait({waiting, whole}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            whole.result()
        await waiting
    finally:
        waiting.cancel()
