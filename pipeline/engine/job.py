"""A batch of one stage's items, as a worker does it: run the backend, write the results as ledger parts."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Timer
from time import perf_counter
from typing import Generic

from pipeline.engine.errors import StorageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.ledger import Entry, write_part
from pipeline.engine.stage import Item, Outcome, Result, Runner, Stage
from pipeline.engine.storage import Folder
from schemas.frozen import Frozen

MOST_PENDING = 32
LONGEST_PENDING = 4.0
"""A finished result is on its way to disk within this many results or seconds, whichever comes first.

The writing itself takes well under a second, so nothing finished is ever more than 5 s from being kept.
"""

stopping = Event()
"""Set in a worker that was asked to stop: it finishes its item, writes what it has, and takes no further one."""


@dataclass(frozen=True)
class Job(Generic[Item, Result]):
    """Items to run, each under its key; the results go to `ledger`."""

    stage: Stage[Item, Result]
    ledger: Folder
    items: Sequence[tuple[str, Item]]


@dataclass
class _Pending:
    """Results not yet on disk. A timer writes them when no further result comes in time."""

    folder: Folder
    stage: str
    parts: list[str] = field(default_factory=list)
    _entries: list[Entry] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _timer: Timer | None = None

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)
            if self._timer is None:
                self._timer = Timer(LONGEST_PENDING, self._flush_in_time)
                self._timer.daemon = True
                self._timer.start()
            full = len(self._entries) >= MOST_PENDING
        if full:
            self.flush()

    def _flush_in_time(self) -> None:
        with suppress(StorageError):  # the results stay, and the job's own flush tells it
            self.flush()

    def flush(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._entries:
                self.parts.append(write_part(self.folder, self.stage, self._entries))
                self._entries = []


def run_job(job: Job[Item, Result], runner: Runner[Item, Result]) -> list[str]:
    """Do the job and answer the names of the parts written. What is done when something breaks is written first."""
    pending = _Pending(job.ledger, job.stage.name)
    keys = [key for key, _ in job.items]
    try:
        started = perf_counter()
        for key, outcome in zip(keys, _outcomes(runner, [item for _, item in job.items]), strict=True):
            seconds, started = perf_counter() - started, perf_counter()
            pending.add(entry_of(key, outcome, seconds))
            if stopping.is_set():
                break
    finally:
        pending.flush()
    return pending.parts


def _outcomes(runner: Runner[Item, Result], items: Sequence[Item]) -> Iterator[Outcome[Result] | Failure]:
    """What the runner yields. Where it breaks, the items left are run one by one, and the one it breaks on has failed.

    So a single bad item in a batch of thirty costs itself, never the batch or the run.
    """
    done = 0
    try:
        for outcome in runner.run(items):
            yield outcome
            done += 1
    except WarmlineError:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever a backend raises, its text is the reason
        if len(items) == 1:
            yield broken(error)
        else:
            for item in items[done:]:
                yield from _outcomes(runner, [item])


def broken(error: Exception) -> Failure:
    """The failure of an item on which a backend raised something unforeseen."""
    return Failure(f"the backend broke: {type(error).__name__}: {' '.join(str(error).split())[:300]}")


def entry_of(key: str, outcome: Outcome[Frozen] | Failure, seconds: float) -> Entry:
    """An outcome as the ledger keeps it. Of a failure the value is what it cost, if that is counted."""
    if isinstance(outcome, Failure):
        spent = outcome.spent.model_dump_json() if outcome.spent is not None else None
        return Entry(key, value=spent, reason=outcome.reason, seconds=seconds)
    try:
        return Entry(key, value=outcome.value.model_dump_json(), blob=outcome.blob, seconds=seconds)
    except ValueError as error:
        return Entry(key, reason=f"the result cannot be stored: {error}", seconds=seconds)
