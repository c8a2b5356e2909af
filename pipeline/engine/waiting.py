"""Where stages run whose backend waits for a server: in the driver's own event loop, hundreds of items at once.

How many requests are in flight is the backend's matter (pipeline.engine.limit). Each result is on its way to disk as
soon as it is there, so that a driver killed with -9 asks hardly any answered request again.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol, cast

from pipeline.engine.errors import WarmlineError
from pipeline.engine.job import Job, broken, entry_of
from pipeline.engine.journal import Journal
from pipeline.engine.ledger import Entry, WrittenPart, write_part
from pipeline.engine.stage import AsyncRunner, Item, Result, Stage
from pipeline.engine.storage import Folder

MOST_WAITING = 32
MOST_UNNOTED = 6
LONGEST_WAITING = 0.1
"""A result is in a part with at most so many others, so many seconds after it came. It is noted in a journal at once,
where the folder has one; where not, few are written together."""


@dataclass
class _Shelf:
    """Results of one ledger that are not on disk yet. One part is written at a time, beside the event loop."""

    folder: Folder
    stage: str
    journal: Journal
    waiting: list[tuple[Entry, asyncio.Future[WrittenPart]]] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)
    writer: asyncio.Task[None] | None = None

    async def keep(self, entry: Entry) -> WrittenPart:
        """The part that holds the entry, once it is on disk."""
        kept: asyncio.Future[WrittenPart] = asyncio.get_running_loop().create_future()
        self.journal.note(entry)
        self.waiting.append((entry, kept))
        if len(self.waiting) >= (MOST_WAITING if entry.blob is None and self.folder.is_local else MOST_UNNOTED):
            self.full.set()
        if self.writer is None:
            self.writer = asyncio.create_task(self._write_all())
        return await kept

    async def _write_all(self) -> None:
        try:
            while self.waiting:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.full.wait(), LONGEST_WAITING)
                self.full.clear()
                await self._write_part()
        finally:
            self.writer = None

    async def _write_part(self) -> None:
        taken, self.waiting = self.waiting, []
        noted, self.journal = self.journal, Journal(self.folder)
        try:
            entries = tuple(entry for entry, _ in taken)
            part = WrittenPart(await asyncio.to_thread(write_part, self.folder, self.stage, entries), entries)
        except BaseException as error:
            self.waiting = taken + self.waiting  # for `flush`, if there is still time for it
            for _, kept in taken:
                if not kept.done():
                    kept.set_exception(error) if isinstance(error, Exception) else kept.cancel()
            raise
        noted.remove()
        for _, kept in taken:
            if not kept.done():
                kept.set_result(part)

    def flush(self) -> None:
        """Write what is left, at once."""
        taken, self.waiting = self.waiting, []
        if taken:
            write_part(self.folder, self.stage, [entry for entry, _ in taken])
        self.journal.remove()


class _Connected(Protocol):
    """Any AsyncRunner, where it is only to be let go."""

    async def close(self) -> None: ...


class WaitingPool:
    """Runs the jobs of AsyncRunners. A job is done when each of its results is on disk."""

    def __init__(self) -> None:
        self._runners: dict[str, _Connected] = {}
        self._shelves: dict[str, _Shelf] = {}

    async def run(self, job: Job[Item, Result]) -> list[WrittenPart]:
        """Do one job, all its items at once."""
        runner = self._runner(job.stage)
        shelf = self._shelf(job.ledger, job.stage.name)
        started = [asyncio.create_task(_one(runner, shelf, key, item)) for key, item in job.items]
        try:
            parts = await asyncio.gather(*started)
        finally:
            for one in started:
                one.cancel()
            await asyncio.gather(*started, return_exceptions=True)
        return list({part.name: part for part in parts}.values())

    def _shelf(self, ledger: Folder, stage: str) -> _Shelf:
        if ledger.url not in self._shelves:
            self._shelves[ledger.url] = _Shelf(ledger, stage, Journal(ledger))
        return self._shelves[ledger.url]

    def _runner(self, stage: Stage[Item, Result]) -> AsyncRunner[Item, Result]:
        key = f"{stage.name}:{stage.identity}"
        if key not in self._runners:
            self._runners[key] = cast("_Connected", stage.build())
        return cast("AsyncRunner[Item, Result]", self._runners[key])

    async def disconnect(self) -> None:
        """Let go of connections; to be called in the loop that the jobs ran in."""
        runners, self._runners = list(self._runners.values()), {}
        await asyncio.gather(*(runner.close() for runner in runners), return_exceptions=True)

    def close(self) -> None:
        """Write what came in and is not on disk."""
        for shelf in self._shelves.values():
            shelf.flush()


async def _one(runner: AsyncRunner[Item, Result], shelf: _Shelf, key: str, item: Item) -> WrittenPart:
    started = perf_counter()
    try:
        outcome = await runner.run_one(item)
    except WarmlineError:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever a backend raises, its text is the reason
        outcome = broken(error)
    return await shelf.keep(entry_of(key, outcome, perf_counter() - started))
