"""Where jobs run: in this process, or in a pool of processes that outlives a worker's death."""

import asyncio
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from time import time_ns
from typing import Protocol, cast

from pipeline.engine.job import Job, run_job, stopping
from pipeline.engine.ledger import Kept
from pipeline.engine.lost_worker import WorkerLostError, outlast
from pipeline.engine.stage import Item, Loadable, Result, Runner, Stage
from pipeline.engine.worker import become_worker, end_workers, spawned


class Pool(Protocol):
    """Runs jobs; `run` answers the ledger parts that a job wrote: their names, or what stands in them."""

    async def run(self, job: Job[Item, Result]) -> Sequence[str | Kept]:
        """Do one job on some worker."""
        ...

    def close(self) -> None:
        """Stop the workers; each writes what it has finished."""
        ...


@dataclass
class _Bench:
    """The backends built in one process, each once."""

    runners: dict[str, object] = field(default_factory=dict)

    def load(self, stage: Loadable) -> object:
        key = f"{stage.name}:{stage.identity}"
        if key not in self.runners:
            self.runners[key] = stage.build()
        return self.runners[key]

    def runner(self, stage: Stage[Item, Result]) -> Runner[Item, Result]:
        return cast("Runner[Item, Result]", self.load(stage))


_bench = _Bench()


def _work(job: Job[Item, Result]) -> list[str]:
    return run_job(job, _bench.runner(job.stage))


def _prepare(stages: Sequence[Loadable]) -> None:
    """Make this process a worker: deaf to Ctrl-C, gone when its driver is gone, backends at hand."""
    become_worker()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    for stage in stages:
        with suppress(Exception):  # the stage's first job raises it again, where it can be told
            _bench.load(stage)


class InProcessPool:
    """One job at a time in a thread of this process: for tests, notebooks and backends that only wait."""

    def __init__(self) -> None:
        self._bench = _Bench()
        self._turn = asyncio.Lock()

    async def run(self, job: Job[Item, Result]) -> list[str]:
        """Do one job."""
        async with self._turn:
            return await asyncio.to_thread(run_job, job, self._bench.runner(job.stage))

    def close(self) -> None:
        """Nothing to stop."""


class ProcessPool:
    """`workers` processes, each with its own backends.

    A worker that dies (out of memory, a crash in a library) takes the pool with it: the pool is made anew and what is
    left of the jobs that were in flight runs again, one job at a time, halved until the deadly item is found.
    """

    def __init__(self, workers: int, stages: Sequence[Loadable] = ()) -> None:
        self._workers = workers
        self._stages = tuple(stages)
        self._executor = self._start()
        self._alone = asyncio.Lock()

    def _start(self) -> ProcessPoolExecutor:
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")  # the workers are the parallelism; threads under them only get in the way
        executor = ProcessPoolExecutor(self._workers, spawned, initializer=_prepare, initargs=(self._stages,))
        for _ in range(self._workers):
            executor.submit(os.getpid)  # processes start with the first jobs: let them load while the driver does
        return executor

    async def run(self, job: Job[Item, Result]) -> list[str]:
        """Do one job on some worker."""
        try:
            return await self._submit(job)
        except WorkerLostError as lost:
            async with self._alone:
                return await outlast(job, lost, self._submit)

    async def _submit(self, job: Job[Item, Result]) -> list[str]:
        executor, since = self._executor, time_ns()
        try:
            return await asyncio.wrap_future(executor.submit(_work, job))
        except BrokenProcessPool as error:
            if executor is self._executor:
                self._executor = self._start()
            raise WorkerLostError(since) from error

    def close(self) -> None:
        """Ask the workers to finish their item and write what they have; end those that do not within 10 s."""
        end_workers(self._executor)
