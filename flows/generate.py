"""The flow that makes a corpus: plan → write → speak → score → gate (→ retake) → units → shard.

Dialogues travel the road side by side under a bound, so some are written while others are spoken and scored. What each
still needs is asked of the road again after every step, until its fate is known. New briefs are issued only as
dialogues turn out not to pass, in the plan's order: so the corpus is the first `size` dialogues of the plan that pass,
however many workers there are and however often the run was interrupted.
"""

import asyncio
import gc
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path

from prefect import flow, get_client, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run
from prefect.states import Completed, Failed

from flows.card import write_card
from flows.drive import Drive
from flows.goal import Goal
from flows.making import summary
from flows.progress import PlainLines, Show, Tally, show_for_terminal
from flows.session import Session, open_session
from flows.until import Until
from pipeline.config.run import load_run
from pipeline.engine.errors import UsageError, WarmlineError
from schemas.slices import Slice

HEALTH_EVERY = 15.0

prepared: ContextVar[tuple[Session, Show] | None] = ContextVar("prepared", default=None)
"""A session that the command line has opened already, so that workers load while Prefect does."""


def _run_name() -> str:
    given = flow_run.get_parameters()
    part = "" if given["part"] == str(Slice()) else f"slice {given['part']} of "
    part = "the voices of " if given["until"] == Until.VOICES else part
    return f"make {part}{given['out']} from {given['run_file']}"


@flow(name="warmline generate", flow_run_name=_run_name, persist_result=False)
async def generate(
    run_file: str,
    out: str,
    overrides: Sequence[str] = (),
    part: str = "1/1",
    until: Until = Until.SHARD,
) -> Tally | State[Tally]:
    """Make, or go on making, the corpus of `run_file` in the run folder `out`, or a part of the work towards it.

    `part` is the slice of the plan, such as 3/16; 1/1 is all of it, and packs the corpus.

    Raises WarmlineError, with one line to tell the user, for bad input and for what a user can mend; as a deployment it
    ends in a failed state with that line. The outcome is then the state's message, for nobody there reads the tally.
    """
    ready = prepared.get()
    if ready is not None:
        return await _make(*ready)
    if deployment.get_id() is None:
        return await _open_and_make(run_file, out, overrides, _goal(part, until), show_for_terminal())
    return await _driven(run_file, out, overrides, part, until)


async def _driven(run_file: str, out: str, overrides: Sequence[str], part: str, until: Until) -> State[Tally]:
    log = RunLog()
    try:
        goal = _goal(part, until)
        tally = await _open_and_make(run_file, anywhere(out), overrides, goal, log)
    except WarmlineError as error:
        return Failed(message=str(error))
    finally:
        await _server_is_there(log)
    name = "Completed" if tally.accepted >= tally.wanted else "Short"
    return Completed(name=name, message="; ".join(summary(tally, out.rstrip("/"), goal)), data=tally)


async def _server_is_there(log: Show) -> None:
    """Wait for a Prefect server that is away: an end that it does not hear of is no end to those who wait for it."""
    async with get_client() as client:
        while (fault := await client.api_healthcheck()) is not None:
            log.say(f"done, and waiting for the Prefect server: {fault}")
            await asyncio.sleep(HEALTH_EVERY)


class RunLog(PlainLines):
    """Lines in the flow run's log, where the Prefect server shows them."""

    def __init__(self) -> None:
        super().__init__()
        self._log = get_run_logger()

    def say(self, message: str) -> None:
        """Log it."""
        self._log.info(message)


def anywhere(out: str) -> str:
    """A run folder that every flow run can find. Raises UsageError for a relative path.

    >>> anywhere("s3://bucket/runs/mine")
    's3://bucket/runs/mine'
    """
    if "://" in out or Path(out).is_absolute():
        return out

    raise UsageError(f"out {out!r}: a flow run starts in a folder of its own: give an absolute path or a bucket's URL")


def _goal(part: str, until: Until) -> Goal:
    try:
        return Goal(until, Slice.parse(part))
    except ValueError as error:
        raise UsageError(f"part {error}") from error


async def _open_and_make(run_file: str, out: str, overrides: Sequence[str], goal: Goal, show: Show) -> Tally:
    try:
        with open_session(load_run(Path(run_file), overrides), out, goal, show.say) as session:
            return await _make(session, show)
    finally:
        show.close()


def _spare_what_stays() -> None:
    """Take all that is loaded out of the garbage collector's sight: a full collection stops the loop for 0.2 s else."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _make(session: Session, show: Show) -> Tally:
    _spare_what_stays()
    drive = Drive(session, show)
    await drive.run()
    if session.corpus is not None:
        await asyncio.to_thread(session.corpus.close)
        await asyncio.to_thread(write_card, session, session.corpus, drive.tally)
    return drive.tally
