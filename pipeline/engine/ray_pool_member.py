"""One actor of a pool as the driver sees it: typed calls, and what Ray's errors mean."""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from pipeline.engine.errors import WarmlineError
from pipeline.engine.job import Job
from pipeline.engine.lost_worker import WorkerLostError
from pipeline.engine.ray_pool_actor import BackendActor, Done, Seat
from pipeline.engine.stage import Item, Loadable, Result
from pipeline.engine.storage import Folder
from schemas.run import RayShare

if TYPE_CHECKING:
    from ray import ObjectRef
    from ray.actor import ActorHandle

Answer = TypeVar("Answer")


@dataclass(eq=False)
class Member:
    """An actor, the machine it came to be on, and what it is doing."""

    handle: "ActorHandle[BackendActor]"
    place: Seat | None = None
    clock: int = 0
    under_way: "ObjectRef[Done] | None" = None

    @classmethod
    def ask_for(cls, share: RayShare) -> "Member":
        """One more actor, which may take its time to come to be."""
        import ray

        actor = ray.remote(BackendActor).options(
            num_gpus=share.gpus,
            num_cpus=share.cpus,
            resources=dict(share.resources),
            runtime_env=environment(share),
            scheduling_strategy="SPREAD",
            max_concurrency=2,  # `stop` has to be heard while a job runs
            max_restarts=0,
        )
        return cls(actor.remote(str(Path.cwd())))

    async def seat(self, ledger: Folder) -> Seat:
        """Wait until the actor's process is there, which is to write to `ledger`."""
        place: Seat = await self._answer(cast("ObjectRef[Seat]", self.handle.seat.remote(ledger)))
        self.place, self.clock = place, place.clock
        return place

    async def build(self, stage: Loadable) -> None:
        """Have the backend loaded. Raises WarmlineError if it cannot be."""
        await self._answer(cast("ObjectRef[None]", self.handle.build.remote(stage)))

    async def run(self, job: Job[Item, Result]) -> list[str]:
        """Have a job done. Raises WorkerLostError if the actor is lost meanwhile."""
        self.under_way = cast("ObjectRef[Done]", self.handle.run.remote(job))
        done: Done = await self._answer(self.under_way)
        self.under_way, self.clock = None, done.clock
        return done.parts

    def stop(self) -> None:
        """Ask it to finish its item."""
        self.handle.stop.remote()

    def kill(self) -> None:
        """End its process, wherever it is."""
        import ray

        with suppress(ray.exceptions.RayError):
            ray.kill(self.handle)

    async def _answer(self, reference: "ObjectRef[Answer]") -> Answer:
        from ray import exceptions as ray_errors

        try:
            return await answered(reference)
        except ray_errors.RayTaskError as error:
            raise error.cause from None
        except (ray_errors.RuntimeEnvSetupError, ray_errors.ActorUnschedulableError) as error:
            raise WarmlineError(f"Ray cannot start a worker: {_line(error)}") from error
        except ray_errors.ActorUnavailableError as error:
            raise WorkerLostError(self.clock, blameless=True) from error
        except ray_errors.RayActorError as error:
            if error.actor_init_failed:
                raise WarmlineError(f"a worker cannot start in its environment: {_line(error)}") from error
            raise WorkerLostError(self.clock, blameless=await asyncio.to_thread(self._has_lost_its_node)) from error
        except (ray_errors.WorkerCrashedError, ray_errors.ObjectLostError, ray_errors.OutOfMemoryError) as error:
            raise WorkerLostError(self.clock) from error

    def _has_lost_its_node(self) -> bool:
        import ray

        living = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        return self.place is not None and self.place.node not in living


async def answered(reference: "ObjectRef[Answer]") -> Answer:
    """What a call answers. Ceasing to wait leaves the call alone; Ray's own future would be cancelled, and break."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Answer] = loop.create_future()

    def settle(done: Future[Answer]) -> None:
        if answer.done():
            return
        error = done.exception()
        answer.set_result(done.result()) if error is None else answer.set_exception(error)

    def arrive(done: Future[Answer]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, done)

    reference.future().add_done_callback(arrive)
    return await answer


def environment(share: RayShare) -> Mapping[str, object]:
    """The runtime environment of a share's actors.

    Libraries get as many threads as the actor has cores, and the same everywhere: with another number some results
    differ in their last bits. An actor without a share of a GPU sees none.
    """
    threads = {
        name: str(max(1, int(share.cpus))) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    unseen = {} if share.gpus else {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1"}
    wanted: dict[str, object] = {"env_vars": threads | unseen | dict(share.variables)}
    if share.python:
        wanted["py_executable"] = interpreter(share.python)
    if share.packages:
        wanted["pip"] = list(share.packages)
    return wanted


def interpreter(python: str) -> str:
    """A relative path is one from the driver's folder; a bare name is looked for on each node."""
    return os.path.abspath(python) if os.sep in python else python  # noqa: PTH100 -- a link in an environment is meant


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[-300:]
