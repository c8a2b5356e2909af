"""Where each stage's work runs: a pool of processes, the driver's own event loop, or Ray actors."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.engine.job import MOST_PENDING
from pipeline.engine.ledger import warm_up
from pipeline.engine.pool import Pool, ProcessPool
from pipeline.engine.stage import Loadable
from pipeline.engine.waiting import WaitingPool
from schemas.run import Backend, RayShare, RunConfig

WAITING = 64
"""Items at once of a stage that waits for a server, if its settings do not say."""


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Workplace:
    """Where one stage runs: its pool, how many jobs at once, and how many items a job has at the most (none: one)."""

    pool: Pool
    workers: int
    batch: int | None = MOST_PENDING


class Actors(Pool, Protocol):
    """A pool whose workers are other machines' processes."""

    def stop(self) -> None:
        """Ask the workers to write what they have, without waiting for them."""
        ...


@dataclass
class Workplaces:
    """The pools of one run. Processes and actors start with the first stage that needs them."""

    processes: Pool
    process_count: int
    waiting: WaitingPool = field(default_factory=WaitingPool)
    start_actors: Callable[[int, RayShare], Actors] | None = None
    _actors: list[Actors] = field(default_factory=list)

    def at_once(self, stage: Loadable, backend: Backend) -> int:
        """How many items of a stage are at work at once when there are enough of them."""
        if stage.waits:
            requests = backend.settings.get("requests")
            return requests if isinstance(requests, int) else WAITING
        if backend.ray is not None:
            return (backend.workers or 1) * (backend.batch or MOST_PENDING)
        return backend.workers or self.process_count

    def of(self, stage: Loadable, backend: Backend) -> Workplace:
        """The place of a stage that this backend does."""
        if stage.waits:
            return Workplace(self.waiting, 8 * self.at_once(stage, backend), None)  # the backend's own limit counts
        batch = backend.batch or MOST_PENDING
        if backend.ray is None or self.start_actors is None:
            return Workplace(self.processes, backend.workers or self.process_count, batch)
        actors = self.start_actors(backend.workers or 1, backend.ray)
        self._actors.append(actors)
        return Workplace(actors, backend.workers or 1, batch)

    def in_processes(self, workers: int | None = None) -> Workplace:
        """The place of a stage that is always computed in the pool of processes."""
        return Workplace(self.processes, workers or self.process_count)

    def close(self) -> None:
        """Stop all workers; each writes what it has finished."""
        for actors in self._actors:
            actors.stop()
        pools: list[Pool] = [*self._actors, self.waiting, self.processes]
        for pool in pools:
            pool.close()


class IdlePool:
    """Stands where nothing is to be made: asking how far a run is, or what an edit would remake."""

    async def run(self, job: object) -> list[str]:
        """Never called by whoever only looks."""
        raise AssertionError(f"nothing is made here, not {job}")

    def close(self) -> None:
        """Nothing to stop."""


def process_count(config: RunConfig) -> int:
    """Processes of the run's pool: the most that any stage asks for that runs in it, else one a core."""
    counts = [backend.workers for backend in config.backends if backend.ray is None]
    counts += [kind.workers for kind in config.units if kind.ray is None]
    return max((count for count in counts if count is not None), default=cores())


def idle_workplaces(config: RunConfig) -> Workplaces:
    """For looking only."""
    return Workplaces(IdlePool(), process_count(config))


@contextmanager
def start_workplaces(config: RunConfig, stages: Sequence[Loadable], say: Callable[[str], None]) -> Iterator[Workplaces]:
    """The run's workers. Processes load `stages` while the driver gets ready; Ray is joined if a stage asks for it."""
    with ExitStack() as closing:
        actors = _join_ray(config, say, closing) if uses_ray(config) else None
        places = Workplaces(ProcessPool(process_count(config), stages), process_count(config), start_actors=actors)
        closing.callback(places.close)
        warm_up()
        yield places


def uses_ray(config: RunConfig) -> bool:
    """Whether a stage of the run asks for Ray actors."""
    return any(backend.ray is not None for backend in (*config.backends, *config.units))


def _join_ray(config: RunConfig, say: Callable[[str], None], closing: ExitStack) -> Callable[[int, RayShare], Actors]:
    from pipeline.engine.ray_pool import RayPool, connected

    closing.enter_context(connected(config.ray))
    return lambda workers, share: RayPool(workers, share, say=say)
