"""How a pool comes to its actors: places found or refused with reasons, environments looked at, backends loaded."""

import asyncio
from collections.abc import Callable, Iterable

from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.lost_worker import WorkerLostError
from pipeline.engine.ray_pool_actor import Seat
from pipeline.engine.ray_pool_capacity import Capacity, asked_by, capacity
from pipeline.engine.ray_pool_member import Member, answered, interpreter
from pipeline.engine.ray_pool_probe import fault
from pipeline.engine.stage import Loadable
from pipeline.engine.storage import Folder
from schemas.frozen import Seconds
from schemas.run import RayShare

_FIRST_LOOK: Seconds = 10.0
_MOST_PROBED = 3
_TRIES = 3


class Hiring:
    """Asks Ray for actors of one stage. `members` are those that the pool has, or waits for."""

    def __init__(self, share: RayShare, say: Callable[[str], None], patience: Seconds) -> None:
        self.members: set[Member] = set()
        self._share, self._say, self._patience = share, say, patience
        self._asked = asked_by(share)
        self._told = False
        self._probe: asyncio.Task[None] | None = None

    async def hire(self, stage: Loadable, ledger: Folder) -> Member:
        """One more actor with its backend loaded. Raises WarmlineError if there is no place for it, or it cannot be."""
        if self._share.python is not None:
            self._probe = self._probe or asyncio.create_task(self._look_at(interpreter(self._share.python), stage.name))
            await self._probe
        if ledger.is_local:
            ledger.filesystem.makedirs(ledger.path(), exist_ok=True)
        deaths = 0
        while deaths < _TRIES:
            member = Member.ask_for(self._share)
            self.members.add(member)
            try:
                seat = await self._seated(member, stage.name, ledger)
                await asyncio.to_thread(self._refuse_lost_folder, seat, ledger)
                await member.build(stage)
            except WorkerLostError as lost:
                self.dismiss([member])
                deaths += not lost.blameless
            else:
                return member
        died = f"{_TRIES} workers in a row died while they loaded the backend"
        raise WarmlineError(f"{stage.name}: {died} (out of memory, or a crash in it)")

    def dismiss(self, gone: Iterable[Member]) -> None:
        """End actors that are lost, or no longer needed."""
        for member in list(gone):
            self.members.discard(member)
            member.kill()

    async def _look_at(self, python: str, stage: str) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        places = (await asyncio.to_thread(capacity)).fitting(self._asked)[:_MOST_PROBED]
        probe = ray.remote(num_cpus=0)(fault)
        for place in places:
            there = probe.options(scheduling_strategy=NodeAffinitySchedulingStrategy(place.id, soft=False))
            try:
                found: str | None = await answered(there.remote(python, ray.__version__))
            except ray.exceptions.RayError:
                continue  # the node is gone; actors will be on others
            if found is not None:
                raise WarmlineError(f"{stage}: ray.python {python} cannot run a worker on {place.host}: {found}")

    async def _seated(self, member: Member, stage: str, ledger: Folder) -> Seat:
        """Wait for the actor's process; where it does not come, say why, or give up if waiting cannot help."""
        coming = asyncio.create_task(member.seat(ledger))
        first = min(_FIRST_LOOK, self._patience)
        for seconds in (first, self._patience - first):
            done, _ = await asyncio.wait({coming}, timeout=seconds)
            if done or any(other.place for other in self.members):
                return await coming
            found = await asyncio.to_thread(capacity)
            if found.is_hopeless(self._asked):
                coming.cancel()
                raise WarmlineError(f"{stage}: the cluster cannot hold a worker: {found.words(self._asked)}")
        self._tell(stage, found)
        return await coming

    def _tell(self, stage: str, found: Capacity) -> None:
        if not self._told:
            self._told = True
            why = "its environment may still be in the making" if found.has_free(self._asked) else "waiting"
            self._say(f"{stage}: no worker yet after {self._patience:.0f} s ({why}): {found.words(self._asked)}")

    def _refuse_lost_folder(self, seat: Seat, ledger: Folder) -> None:
        """Raises UsageError where actors would write to folders of machines that the driver does not see."""
        mend = "give --out a bucket (s3://…), or a folder that all nodes see, and set ray.shared_folder"
        if not seat.sees_folder:
            raise UsageError(f"{ledger.url} is a folder of this machine that is not to be seen on {seat.host}: {mend}")
        strangers = [] if seat.shared_folder or not ledger.is_local else capacity().strangers(self._asked)
        if strangers:
            where = ", ".join(strangers[:3])
            raise UsageError(f"{ledger.url} is a folder of this machine, and workers may be on {where}: {mend}")
