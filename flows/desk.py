"""The stages as Prefect tasks: one task makes what many dialogues need of a stage at that moment.

Each dialogue goes on as soon as its own items are there; the task ends with its last one. So a slow answer holds up
nobody else, and Prefect, to which a task costs some milliseconds, sees tens of tasks, not thousands of items.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE

Wanted = TypeVar("Wanted")

LINGER = 0.05
"""Seconds in which the needs of several dialogues come together."""

_work: ContextVar[Callable[[], Awaitable[None]]] = ContextVar("work")


@task(
    name="stage",
    task_run_name="{stage} {count} items of {dialogues} dialogues",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def _make(stage: str, count: int, dialogues: int) -> None:  # noqa: ARG001 -- shown in the task's name
    """Only words and numbers pass through Prefect; the items stay in this process."""
    await _work.get()()


@dataclass
class _Batch(Generic[Wanted]):
    """What was asked for together."""

    items: list[Wanted] = field(default_factory=list)
    dialogues: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


@dataclass
class Desk(Generic[Wanted]):
    """Where dialogues ask for a stage's items.

    `begin` starts the making of items and answers something to wait for; `wait` returns when the given items, whose
    making has begun, are there.
    """

    stage: str
    begin: Callable[[Sequence[Wanted]], Awaitable[None]]
    wait: Callable[[Sequence[Wanted]], Awaitable[None]]
    _open: _Batch[Wanted] | None = None
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def order(self, items: Sequence[Wanted]) -> None:
        """Have a dialogue's items made, together with what others ask for now. Raises what stops the making."""
        if not items:
            return
        batch = self._batch()
        batch.items += items
        batch.dialogues += 1
        await _first(batch.begun.wait(), batch.task)
        await _first(self.wait(items), batch.task)

    def _batch(self) -> _Batch[Wanted]:
        if self._open is None:
            self._open = _Batch()
            self._open.task = asyncio.create_task(self._issue(self._open))
            self._under_way.add(self._open.task)
            self._open.task.add_done_callback(self._end)
        return self._open

    def _end(self, making: "asyncio.Task[None]") -> None:
        self._under_way.discard(making)
        if not making.cancelled():
            making.exception()  # told by the dialogues that wait; asyncio would print it once more

    async def _issue(self, batch: _Batch[Wanted]) -> None:
        await asyncio.sleep(LINGER)
        self._open = None

        async def work() -> None:
            making = self.begin(batch.items)
            batch.begun.set()
            await making

        _work.set(work)
        await _make(self.stage, len(batch.items), batch.dialogues)

    async def close(self) -> None:
        """Stop what is under way."""
        under_way = list(self._under_way)
        for one in under_way:
            one.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _first(own: Awaitable[object], whole: "asyncio.Task[None] | None") -> None:
    """Wait for `own`, which `whole` brings about: if that breaks, so does this."""
    waiting = asyncio.ensure_future(own)
    try:
        await asyncio.wait({waiting, whole} if whole else {waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done() and whole is not None:
            whole.result()
        await waiting
    finally:
        waiting.cancel()
