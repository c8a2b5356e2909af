"""The flow that has many drivers make one corpus: one renders what all share, one makes each slice, one packs.

It computes nothing itself, so it may run anywhere. Its drivers share only the run folder, which is also all that it
passes on. Whatever is interrupted, the way to go on is to start it again: finished work is found and not repeated.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import FlowRun, State
from prefect.logging.loggers import flow_run_logger
from prefect.states import Completed, Failed
from pydantic import Field

from flows.drivers import GENERATE, Drivers
from flows.frozen_run import settle
from flows.generate import anywhere
from flows.goal import Goal
from flows.until import Until
from pipeline.config.run import load_run
from pipeline.engine.errors import WarmlineError
from pipeline.engine.storage import Folder
from schemas.slices import Slice


async def _stop_drivers(flow: object, flow_run: FlowRun, state: object) -> None:  # noqa: ARG001 -- Prefect's names
    """Cancelling the flow that waits stops those that it waits for, which Prefect itself leaves running."""
    given = flow_run.parameters
    deployment = str(given["deployment"]) if "deployment" in given else GENERATE
    await (await Drivers.of(deployment, str(given["out"]), 1, flow_run_logger(flow_run))).stop()


@flow(
    name="warmline generate in slices",
    flow_run_name="make {out} from {run_file} in {slices} slices",
    persist_result=False,
    on_cancellation=[_stop_drivers],
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
        drivers = await Drivers.of(deployment, out, slices, log)
        await drivers.stop()
        given = {"run_file": run_file, "out": out, "overrides": list(overrides)}
        faults: list[str] = []
        for goals in _steps(slices):
            made = [drivers.make(goal, given) for goal in goals] if not faults else []
            faults += [fault for fault in await asyncio.gather(*made) if fault is not None]
    except WarmlineError as error:
        return Failed(message=str(error))
    if faults:
        return Failed(message="; ".join([*faults, "start it again to go on: what was finished is kept"]))
    return Completed(message=f"{out}: made in {slices} slices, and packed")


def _steps(slices: int) -> list[list[Goal]]:
    """What is made one after the other; of each step all at the same time."""
    if slices == 1:
        return [[Goal()]]
    parts = [Goal(slice=Slice(number=number, count=slices)) for number in range(1, slices + 1)]
    return [[Goal(Until.VOICES)], parts, [Goal()]]
