"""Drivers as flow runs of a Prefect deployment: started, awaited, stopped."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from logging import Logger, LoggerAdapter
from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from flows.goal import Goal
from pipeline.engine.errors import UsageError

GENERATE = "warmline generate/generate"
"""The deployment that a driver is a flow run of."""

_POLL = 5.0
_MOST_POLLS = 4.0
"""Questions a second to the Prefect server, whether drivers are done."""

_UNFINISHED = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]

Log = Logger | LoggerAdapter[Logger]


@dataclass(frozen=True)
class Drivers:
    """The drivers of one run folder."""

    deployment: UUID
    tags: tuple[str, ...]
    poll: float
    log: Log

    @classmethod
    async def of(cls, deployment: str, out: str, count: int, log: Log) -> "Drivers":
        """Those of the run folder `out`, `count` at once. Raises UsageError if the server lacks the deployment."""
        try:
            async with get_client() as client:
                found = await client.read_deployment_by_name(deployment)
        except ObjectNotFound as error:
            raise UsageError(f"the Prefect server has no deployment {deployment!r}: prefect deploy --all") from error
        return cls(found.id, (f"warmline {out}",), max(_POLL, count / _MOST_POLLS), log)

    async def stop(self) -> None:
        """Stop those that are at work, and wait for their end.

        Those whose machine is gone are given up by the Prefect server itself, some minutes after they were asked.
        """
        unfinished = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[self.deployment]),
            tags=FlowRunFilterTags(all_=list(self.tags)),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNFINISHED)),
        )
        async with get_client() as client:
            asked: set[UUID] = set()
            while left := await client.read_flow_runs(flow_run_filter=unfinished):
                for one in left:
                    if one.id not in asked:
                        self.log.info("stopping %r", one.name)
                        await client.set_flow_run_state(one.id, Cancelling(message="stopped, or started again"))
                        asked.add(one.id)
                await asyncio.sleep(self.poll)

    async def make(self, goal: Goal, given: Mapping[str, str | Sequence[str]]) -> str | None:
        """Have a driver reach its goal; answers a line if it does not."""
        name = "packing" if goal.packs else goal.until if goal.slice.is_whole else f"slice {goal.slice}"
        parameters = {**given, "part": str(goal.slice), "until": goal.until}
        run = await arun_deployment(self.deployment, parameters=parameters, tags=self.tags, timeout=0)
        state = run.state
        async with get_client() as client:
            while state is None or not state.is_final():
                await asyncio.sleep(self.poll)
                try:
                    state = (await client.read_flow_run(run.id)).state
                except httpx.HTTPError as error:
                    self.log.warning("%s: the Prefect server cannot be asked, waiting: %s", name, error)
                except ObjectNotFound:
                    return self._fault(f"{name}: its flow run was deleted")
        if not state.is_completed():
            return self._fault(f"{name}: {state.name}: {state.message}")
        self.log.info("%s: %s", name, state.message)
        return None

    def _fault(self, line: str) -> str:
        self.log.error(line)
        return line
