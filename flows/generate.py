"""The flow that makes a corpus: plan → write → speak → score → gate (→ retake) → units → shard.

Dialogues travel the road side by side under a bound, so some are written while others are spoken and scored. What each
still needs is asked of the road again after every step, until its fate is known. New briefs are issued only as
dialogues turn out not to pass, in the plan's order: so the corpus is the first `size` dialogues of the plan that pass,
however many workers there are and however often the run was interrupted.
"""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path

from prefect import flow

from flows.card import write_card
from flows.drive import Drive
from flows.goal import Goal
from flows.progress import Show, Tally, show_for_terminal
from flows.session import Session, open_session
from flows.until import Until
from pipeline.config.run import load_run
from schemas.slices import Slice

prepared: ContextVar[tuple[Session, Show] | None] = ContextVar("prepared", default=None)
"""A session that the command line has opened already, so that workers load while Prefect does."""


@flow(name="warmline generate", flow_run_name="make {out} from {run_file}", persist_result=False)
async def generate(
    run_file: str,
    out: str,
    overrides: Sequence[str] = (),
    part: str = "1/1",
    until: str = Until.SHARD,
) -> Tally:
    """Make, or go on making, the corpus of `run_file` in the run folder `out`, or a part of the work towards it.

    Raises WarmlineError, with one line to tell the user, for bad input and for what a user can mend.
    """
    ready = prepared.get()
    if ready is not None:
        return await _make(*ready)
    show = show_for_terminal()
    goal = Goal(Until(until), Slice.parse(part))
    with open_session(load_run(Path(run_file), overrides), out, goal, show.say) as session:
        return await _make(session, show)


async def _make(session: Session, show: Show) -> Tally:
    drive = Drive(session, show)
    await drive.run()
    if session.corpus is not None:
        await asyncio.to_thread(session.corpus.close)
        await asyncio.to_thread(write_card, session, session.corpus, drive.tally)
    return drive.tally
