"""A stage, its ledger and its pool: look a result up, or have it made."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Generic

from pydantic import ValidationError

from pipeline.engine.failure import Failure
from pipeline.engine.job import MOST_PENDING, Job
from pipeline.engine.ledger import Kept, Ledger, Place
from pipeline.engine.pool import Pool
from pipeline.engine.stage import Item, Result, Stage

Keyed = Sequence[tuple[str, Item]]
"""Items, each under its key."""


@dataclass(frozen=True)
class Found(Generic[Result]):
    """A result out of the ledger, and where its blob lies."""

    key: str
    value: Result
    place: Place


@dataclass
class Memo(Generic[Item, Result]):
    """The memoised map of one stage.

    `workers` bounds how many of its jobs run at once, `batch` how many items a job has at the most (none: one, for
    backends that wait), and `made` counts what this session made (not what it found). Items of like `length` go in one
    job, so that a batch on a GPU is not mostly padding. Two callers that need the same item share one making of it.
    """

    stage: Stage[Item, Result]
    ledger: Ledger
    pool: Pool
    workers: int
    batch: int | None = MOST_PENDING
    length: Callable[[Item], float] | None = None
    made: int = 0
    _under_way: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.workers)

    def look(self, item: Item) -> Found[Result] | Failure | None:
        """The item's result, why it failed in this session, or None if it is still to be made."""
        key = self.stage.key(item)
        try:
            text = self.ledger.value(key)
            if text is not None:
                return Found(key, self.stage.result.model_validate_json(text), self.ledger.place(key))
        except (OSError, ValidationError) as error:
            return Failure(f"its ledger entry cannot be read: {' '.join(str(error).split())[:200]}")
        return self.ledger.failure(key)

    async def make(self, items: Iterable[Item]) -> None:
        """Have every item's result (or its failure) in the ledger when this returns."""
        await self.begin(items)

    def begin(self, items: Iterable[Item]) -> Awaitable[None]:
        """Start making the items; what is answered ends when every one is in the ledger."""
        wanted = {self.stage.key(item): item for item in items}
        waiting = [self._under_way[key] for key in wanted if key in self._under_way]
        missing = [(key, item) for key, item in wanted.items() if self._is_missing(key)]
        if self.length is not None:
            length = self.length
            missing.sort(key=lambda one: length(one[1]))
        for key, _ in missing:
            self._under_way[key] = asyncio.get_running_loop().create_future()
        return asyncio.create_task(self._finish(list(self._jobs(missing)), waiting))

    async def wait(self, items: Iterable[Item]) -> None:
        """Return when none of the items is being made any more."""
        keys = (self.stage.key(item) for item in items)
        for done in [self._under_way[key] for key in keys if key in self._under_way]:
            await asyncio.shield(done)

    async def _finish(self, jobs: Sequence[Keyed[Item]], waiting: Sequence[asyncio.Future[None]]) -> None:
        try:
            await _all(asyncio.create_task(self._run(job)) for job in jobs)
        except BaseException as error:
            for job in jobs:
                self._let_go(job, error)
            raise
        for done in waiting:
            await asyncio.shield(done)

    def _let_go(self, job: Keyed[Item], error: BaseException | None = None) -> None:
        """Tell those that wait for the job's items that they are made, or what keeps them from being made."""
        for key, _ in job:
            done = self._under_way.pop(key, None)
            if done is None or done.done():
                continue
            if isinstance(error, Exception):
                done.set_exception(error)
                done.exception()  # not every item has somebody who waits for it
            elif error is not None:
                done.cancel()
            else:
                done.set_result(None)

    def _jobs(self, missing: Keyed[Item]) -> Iterator[Keyed[Item]]:
        """The items in jobs: small ones while there is not enough for all workers."""
        size = 1 if self.batch is None else max(1, min(self.batch, ceil(len(missing) / (2 * self.workers))))
        for start in range(0, len(missing), size):
            yield missing[start : start + size]

    def _is_missing(self, key: str) -> bool:
        return key not in self.ledger and self.ledger.failure(key) is None and key not in self._under_way

    async def _run(self, items: Keyed[Item]) -> None:
        async with self._places:
            for part in await self.pool.run(Job(self.stage, self.ledger.folder, items)):
                self.ledger.learn(part) if isinstance(part, Kept) else self.ledger.take_in(part)
        self.made += len(items)
        self._let_go(items)


async def _all(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait for every task; when one breaks, end the others before its error goes on."""
    started = list(tasks)
    try:
        await asyncio.gather(*started)
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)
