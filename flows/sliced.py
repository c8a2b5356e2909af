"""The flow that has many drivers make one corpus: one renders what all share, one makes each slice, one packs.

It computes nothing itself, so it may run anywhere. Its drivers share only the run folder, which is also all that it
passes on. Whatever is interrupted, the way to go on is to start it again: finished work is found and not repeated.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from logging import Logger, LoggerAdapter
from pathlib import Path
from typing import Annotated
from uuid import UUID

import httpx
from prefect import flow, get_client, get_run_logger
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling, Completed, Failed
from pydantic import Field

from flows.frozen_run import settle
from flows.generate import anywhere
from flows.goal import Goal
from flows.until import Until
from pipeline.config.run import load_run
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.storage import Folder
from schemas.slices import Slice

GENERATE = "warmline generate/generate"
"""The deployment that a driver is a flow run of."""

POLL = 5.0
MOST_POLLS = 4.0
"""Questions a second to the Prefect server, whether slices are done."""

_UNFINISHED = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]

Log = Logger | LoggerAdapter[Logger]


@flow(
    name="warmline generate in slices",
    flow_run_name="make {out} from {run_file} in {slices} slices",
    persist_result=False,
)
async def generate_in_slices(
    run_file: str,
    out: str,
    slices: Annotated[int, Field(ge=1, le=1000)],
    overrides: Sequence[str] = (),
    deployment: str = GENERATE,
) -> State[None]:
    """Have `slices` drivers make the corpus of `run_file` in the run folder `out`, then one pack it.

    `run_file` and `out` are what the drivers see: absolute paths on a disk that they share, or a bucket's URL. Ends in
    a failed state with a line for each slice that did not end well; then nothing is packed.
    """
    log = get_run_logger()
    try:
        for change in settle(Folder(anywhere(out)), load_run(Path(run_file), overrides)):
            log.info("changed since last time: %s", change)
        drivers = Drivers(
            run_file, out, tuple(overrides), await _id_of(deployment), max(POLL, slices / MOST_POLLS), log
        )
        await drivers.end_earlier()
        steps = [
            [Goal(Until.VOICES)],
            [Goal(slice=Slice(number=number, count=slices)) for number in range(1, slices + 1)],
            [Goal()],
        ]
        faults: list[str] = []
        for goals in steps if slices > 1 else steps[-1:]:
            faults = faults or await drivers.make(goals)
    except WarmlineError as error:
        return Failed(message=str(error))
    if faults:
        return Failed(message="; ".join([*faults, "start it again to go on: what was finished is kept"]))
    return Completed(message=f"{out}: made in {slices} slices, and packed")


async def _id_of(deployment: str) -> UUID:
    try:
        async with get_client() as client:
            return (await client.read_deployment_by_name(deployment)).id
    except ObjectNotFound as error:
        raise UsageError(f"the Prefect server has no deployment {deployment!r}: prefect deploy --all") from error


@dataclass
class Drivers:
    """The flow runs of one run folder."""

    run_file: str
    out: str
    overrides: tuple[str, ...]
    deployment: UUID
    poll: float
    log: Log
    tags: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.tags = [f"warmline {self.out}"]

    async def end_earlier(self) -> None:
        """Stop drivers that an earlier flow run, which did not live to see their end, has left behind.

        Those whose machine is gone are given up by the Prefect server itself, some minutes after they were asked.
        """
        async with get_client() as client:
            asked: set[UUID] = set()
            while left := await client.read_flow_runs(flow_run_filter=self._unfinished()):
                for one in left:
                    if one.id not in asked:
                        self.log.info("stopping %r, which an earlier start left behind", one.name)
                        await client.set_flow_run_state(one.id, Cancelling(message="started again"))
                        asked.add(one.id)
                await asyncio.sleep(self.poll)

    def _unfinished(self) -> FlowRunFilter:
        return FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[self.deployment]),
            tags=FlowRunFilterTags(all_=self.tags),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNFINISHED)),
        )

    async def make(self, goals: Sequence[Goal]) -> list[str]:
        """Have all of them made at the same time; answers a line for each that did not end well."""
        faults = await asyncio.gather(*map(self._make, goals))
        return [fault for fault in faults if fault is not None]

    async def _make(self, goal: Goal) -> str | None:
        name = "packing" if goal.packs else goal.until if goal.slice.is_whole else f"slice {goal.slice}"
        try:
            run = await self._driven(goal)
        except httpx.HTTPError as error:
            return self._fault(f"{name}: lost the Prefect server: {error}")
        if run.state is None or not run.state.is_completed():
            return self._fault(f"{name}: {run.state.name}: {run.state.message}" if run.state else f"{name}: gone")
        self.log.info("%s: %s", name, run.state.message)
        return None

    def _fault(self, line: str) -> str:
        self.log.error(line)
        return line

    async def _driven(self, goal: Goal) -> FlowRun:
        parameters = {
            "run_file": self.run_file,
            "out": self.out,
            "overrides": self.overrides,
            "part": str(goal.slice),
            "until": goal.until,
        }
        return await arun_deployment(self.deployment, parameters=parameters, tags=self.tags, poll_interval=self.poll)
