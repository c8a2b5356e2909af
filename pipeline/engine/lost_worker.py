"""A worker that is gone in the middle of a job: what it had written stays, the rest runs again elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from pipeline.engine.job import Job
from pipeline.engine.ledger import Entry, Ledger, write_part
from pipeline.engine.stage import Item, Result

_SPARE = 3


class WorkerLostError(Exception):
    """A job's worker is gone. What it had written, in parts named after the moment `since` or a later one, is there.

    `blameless` says that the job cannot have been the cause: the machine went, or the way to it.
    """

    def __init__(self, since: int, *, blameless: bool = False) -> None:
        super().__init__("a worker is gone")
        self.since, self.blameless = since, blameless


async def outlast(
    job: Job[Item, Result],
    lost: WorkerLostError,
    attempt: Callable[[Job[Item, Result]], Awaitable[list[str]]],
    spare: int = _SPARE,
) -> list[str]:
    """Finish a job whose worker is gone: what was written stays, the rest is attempted again.

    A job that takes a second worker down is halved until the item is found that does it; its entry is a failure.
    `spare` losses without blame are not held against the job.
    """
    parts, left = await asyncio.to_thread(rescued, job, lost.since)
    return parts + (await _narrowed(left, attempt, spare) if left.items else [])


async def _narrowed(
    job: Job[Item, Result], attempt: Callable[[Job[Item, Result]], Awaitable[list[str]]], spare: int
) -> list[str]:
    try:
        return await attempt(job)
    except WorkerLostError as lost:
        if lost.blameless and spare:
            return await outlast(job, lost, attempt, spare - 1)
        parts, left = await asyncio.to_thread(rescued, job, lost.since)
    if len(job.items) == 1:
        reason = "the worker process died on this item (out of memory, or a crash in the engine)"
        dead = [Entry(key, reason=reason) for key, _ in left.items]
        return parts + ([write_part(job.ledger, job.stage.name, dead)] if dead else [])
    middle = (len(left.items) + 1) // 2
    for half in (left.items[:middle], left.items[middle:]):
        if half:
            parts += await _narrowed(replace(job, items=half), attempt, spare)
    return parts


def rescued(job: Job[Item, Result], since: int) -> tuple[list[str], Job[Item, Result]]:
    """What a lost worker had written of a job: the parts' names, and the job that is left.

    `since` is a moment of the worker's own clock, so that clocks of several machines need not agree.
    """
    parts: list[str] = []
    left = dict(job.items)
    for name in job.ledger.names():
        if name >= f"part-{since:020d}":
            part = Ledger(job.ledger, job.stage.name)
            part.take_in(name)
            found = [key for key in left if key in part or part.failure(key) is not None]
            parts += [name] if found else []
            left = {key: item for key, item in left.items() if key not in found}
    return parts, replace(job, items=tuple(left.items()))
