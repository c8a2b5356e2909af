"""Where stages run that need GPUs or other machines: Ray actors, each with one backend that keeps its model.

A job goes to an actor whole; the actor writes the results to the ledger itself and answers the names of the parts.
Imported only when a run file asks for Ray.
"""

import asyncio
import sys
from collections.abc import Callable

from pipeline.engine.errors import WarmlineError
from pipeline.engine.job import Job
from pipeline.engine.lost_worker import WorkerLostError, outlast
from pipeline.engine.ray_pool_cluster import connected
from pipeline.engine.ray_pool_hiring import Hiring
from pipeline.engine.ray_pool_member import Member
from pipeline.engine.stage import Item, Loadable, Result
from pipeline.engine.storage import Folder
from schemas.frozen import Seconds
from schemas.run import RayShare

__all__ = ["RayPool", "connected"]

_CLOSING: Seconds = 10.0


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


class RayPool:
    """`workers` actors for one stage, asked for when its first job comes. To be used in one event loop.

    An actor that is lost, alone or with its node, is replaced. What it had written stays; the rest of its job runs
    again, halved until the item is found on which actors die, whose entry is a recorded failure. If no actor comes
    to be within `patience` seconds, the user is told what is asked and what the cluster has.
    """

    def __init__(
        self, workers: int, share: RayShare, say: Callable[[str], None] = _to_stderr, *, patience: Seconds = 120.0
    ) -> None:
        self._workers = workers
        self._hiring = Hiring(share, say, patience)
        self._coming: set[asyncio.Task[Member]] = set()
        self._idle: asyncio.Queue[Member | BaseException] = asyncio.Queue()

    async def run(self, job: Job[Item, Result]) -> list[str]:
        """Do one job on some actor. Raises WarmlineError if none finds a place, or its backend cannot be loaded."""
        if not self._hiring.members and not self._coming:
            for _ in range(self._workers):
                self._hire(job.stage, job.ledger)
        try:
            return await self._attempt(job)
        except WorkerLostError as lost:
            return await outlast(job, lost, self._attempt)

    async def _attempt(self, job: Job[Item, Result]) -> list[str]:
        member = await self._next_idle()
        try:
            parts = await member.run(job)
        except WorkerLostError:
            self._hiring.dismiss([member])
            self._hire(job.stage, job.ledger)
            raise
        except WarmlineError:
            self._idle.put_nowait(member)
            raise
        self._idle.put_nowait(member)
        return parts

    async def _next_idle(self) -> Member:
        first = await self._idle.get()
        if isinstance(first, Member):
            return first
        self._idle.put_nowait(first)  # what keeps one actor from coming to be is told to all who wait for one
        raise first

    def _hire(self, stage: Loadable, ledger: Folder) -> None:
        coming = asyncio.create_task(self._hiring.hire(stage, ledger))
        self._coming.add(coming)
        coming.add_done_callback(self._welcome)

    def _welcome(self, coming: "asyncio.Task[Member]") -> None:
        self._coming.discard(coming)
        if not coming.cancelled():
            self._idle.put_nowait(coming.exception() or coming.result())

    def stop(self) -> None:
        """Ask the actors to finish their item and write what they have, without waiting for them."""
        for coming in self._coming:
            coming.cancel()
        for member in self._hiring.members:
            member.stop()

    def close(self) -> None:
        """Stop the actors; end them after 10 s at the most."""
        import ray

        if not ray.is_initialized():
            return
        self.stop()
        members = self._hiring.members
        busy = [member.under_way for member in members if member.under_way is not None]
        if busy:
            ray.wait(busy, num_returns=len(busy), timeout=_CLOSING)
        self._hiring.dismiss(members)
