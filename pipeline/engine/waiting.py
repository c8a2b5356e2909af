"""Where stages run whose backend waits for a server: in the driver's own event loop, hundreds of items at once.

How many requests are in flight is the backend's matter (pipeline.engine.limit). A result is on disk before anything is
made of it, noted in a journal if it is small and the folder local, else in a part: a driver killed with -9 asks hardly
any answered request again.
"""

import asyncio
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol, cast

from pipeline.engine.errors import WarmlineError
from pipeline.engine.job import Job, broken, entry_of
from pipeline.engine.journal import Journal
from pipeline.engine.ledger import Entry, Kept, part_name, write_part
from pipeline.engine.stage import AsyncRunner, Item, Result, Stage
from pipeline.engine.storage import Folder

MOST_NOTED, LONGEST_NOTED = 256, 1.0
MOST_UNNOTED, LONGEST_UNNOTED = 6, 0.1
"""So many results make a part, or those that came in so many seconds: few where each waits for its part."""

MOST_AHEAD = 1024
"""So many noted results may be ahead of the parts, where the disk is slow."""


@dataclass
class _Part:
    """Results on their way into one part. It is closed when it is `full`, and told when it is `written`."""

    journal: Journal
    name: str = field(default_factory=part_name)
    entries: list[Entry] = field(default_factory=list)
    unnoted: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)
    written: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def add(self, entry: Entry) -> bool:
        """Whether the entry is on disk already."""
        self.entries.append(entry)
        is_noted = self.journal.note(entry)
        self.unnoted += not is_noted
        if len(self.entries) >= MOST_NOTED or self.unnoted >= MOST_UNNOTED:
            self.full.set()
        elif self.unnoted == 1 and not is_noted:
            asyncio.get_running_loop().call_later(LONGEST_UNNOTED, self.full.set)
        return is_noted


@dataclass
class _Shelf:
    """Results of one ledger that are in no part yet. One part is written at a time, beside the event loop."""

    folder: Folder
    stage: str
    parts: list[_Part] = field(default_factory=list)
    """The last one is open; those before it are being written, or could not be."""
    writer: "asyncio.Task[None] | None" = None
    error: Exception | None = None

    async def keep(self, entry: Entry) -> Kept:
        """Where the entry is to be found, once it is on disk. Raises StorageError if it cannot be written."""
        if self.error is not None:
            raise self.error
        part = self._open()
        row = len(part.entries)
        is_noted = part.add(entry)
        if not is_noted or sum(len(one.entries) for one in self.parts) > MOST_AHEAD:
            await asyncio.shield(part.written)
        return Kept(part.name, row, part.entries)

    def _open(self) -> _Part:
        if not self.parts:
            self.parts.append(_Part(Journal(self.folder)))
        if self.writer is None:
            self.writer = asyncio.create_task(self._write_all())
        return self.parts[-1]

    async def _write_all(self) -> None:
        try:
            while self.parts:
                part = self.parts[-1]
                with suppress(TimeoutError):
                    await asyncio.wait_for(part.full.wait(), LONGEST_NOTED)
                self.parts.append(_Part(Journal(self.folder)))
                await asyncio.to_thread(write_part, self.folder, self.stage, part.entries, part.name)
                part.journal.remove()
                part.written.set_result(None)
                self.parts.remove(part)
                if not self.parts[-1].entries:
                    self.parts.clear()
        except Exception as error:  # noqa: BLE001 -- told to whoever waits, and to the next who comes
            self.error = error
            for part in self.parts:
                part.written.set_exception(error)
                part.written.exception()  # those that are noted have nobody who waits
        finally:
            self.writer = None

    async def settle(self) -> None:
        """Have what is left written."""
        while self.parts and self.writer is not None:
            self.parts[-1].full.set()
            await asyncio.wait({self.writer})

    def flush(self) -> None:
        """Write what is left, at once. Raises StorageError if it cannot be written; what is noted stays so."""
        for part in self.parts:
            if part.entries:
                write_part(self.folder, self.stage, part.entries, part.name)
            part.journal.remove()
        self.parts.clear()


class _Connected(Protocol):
    """Any AsyncRunner, where it is only to be let go."""

    async def close(self) -> None: ...


class WaitingPool:
    """Runs the jobs of AsyncRunners. A job is done when each of its results is on disk."""

    def __init__(self) -> None:
        self._runners: dict[str, _Connected] = {}
        self._shelves: dict[str, _Shelf] = {}

    async def run(self, job: Job[Item, Result]) -> list[Kept]:
        """Do one job, all its items at once."""
        runner = self._runner(job.stage)
        shelf = self._shelf(job.ledger, job.stage.name)
        started = [asyncio.create_task(_one(runner, shelf, key, item)) for key, item in job.items]
        try:
            return await asyncio.gather(*started)
        finally:
            for one in started:
                one.cancel()
            await asyncio.gather(*started, return_exceptions=True)

    def _shelf(self, ledger: Folder, stage: str) -> _Shelf:
        if ledger.url not in self._shelves:
            self._shelves[ledger.url] = _Shelf(ledger, stage)
        return self._shelves[ledger.url]

    def _runner(self, stage: Stage[Item, Result]) -> AsyncRunner[Item, Result]:
        key = f"{stage.name}:{stage.identity}"
        if key not in self._runners:
            self._runners[key] = cast("_Connected", stage.build())
        return cast("AsyncRunner[Item, Result]", self._runners[key])

    async def disconnect(self) -> None:
        """Let go of connections and write what came in; to be called in the loop that the jobs ran in."""
        await asyncio.gather(*(shelf.settle() for shelf in self._shelves.values()))
        runners, self._runners = list(self._runners.values()), {}
        await asyncio.gather(*(runner.close() for runner in runners), return_exceptions=True)

    def close(self) -> None:
        """Write what came in and is not on disk."""
        with ExitStack() as closing:
            for shelf in self._shelves.values():
                closing.callback(shelf.flush)


async def _one(runner: AsyncRunner[Item, Result], shelf: _Shelf, key: str, item: Item) -> Kept:
    started = perf_counter()
    try:
        outcome = await runner.run_one(item)
    except WarmlineError:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever a backend raises, its text is the reason
        outcome = broken(error)
    return await shelf.keep(entry_of(key, outcome, perf_counter() - started))
