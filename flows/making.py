"""`warmline generate`: open the run, have a Prefect server, run the flow, say what came out."""

import asyncio
import os
import shlex
import signal
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from flows.goal import Goal
from flows.prefect_server import TemporaryServer, prefect_server
from flows.progress import Show, Tally, show_for_terminal
from flows.session import CORPUS, Session, open_session
from flows.until import Until
from pipeline.config.run import load_run
from pipeline.engine.errors import WarmlineError

_PATIENCE = 30.0


def make(run_file: Path, out: str, overrides: Sequence[str], goal: Goal) -> bool:
    """Make the corpus, or what `goal` says of it; answers whether it came out short of the size asked for.

    Raises WarmlineError for what a user can mend, KeyboardInterrupt (after saying how to go on) when stopped.
    """
    run = load_run(run_file, overrides)
    show = show_for_terminal()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        with prefect_server() as server, open_session(run, out, goal, show.say) as session:
            tally = _run_flow(server, session, show, str(run_file), overrides)
    except KeyboardInterrupt:
        show.close()
        show.say(f"stopped; what was finished is kept. To go on: {_command(run_file, out, overrides, goal)}")
        raise
    finally:
        show.close()
    for line in summary(tally, out.rstrip("/"), goal):
        print(line)
    if not (goal.packs or goal.slice.is_whole):
        print(f"when all {goal.slice.count} slices are done: {_command(run_file, out, overrides, Goal(goal.until))}")
    return tally.accepted < tally.wanted


def _run_flow(
    server: TemporaryServer | None, session: Session, show: Show, run_file: str, overrides: Sequence[str]
) -> Tally:
    import httpx  # a second's imports, while server and workers start

    from flows.generate import generate, prepared

    if server is not None:
        server.wait_until_ready()
    prepared.set((session, show))
    goal = session.goal
    try:
        httpx.get(f"{os.environ['PREFECT_API_URL']}/health", timeout=_PATIENCE)  # Prefect's own errors are less plain
        tally = asyncio.run(generate(run_file, session.folder.url, list(overrides), str(goal.slice), goal.until))
    except httpx.HTTPError as error:
        raise WarmlineError(
            f"the Prefect server at PREFECT_API_URL fails, {str(error)[:200]!r}: see to it, or unset the "
            "variable, then run the same command again: what was finished is kept"
        ) from error
    if not isinstance(tally, Tally):
        raise AssertionError("only a deployment answers with a state")
    return tally


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- a signal handler
    """Break off at once. asyncio's own handler only cancels the flow, and Prefect's client can swallow that."""
    raise KeyboardInterrupt


def _command(run_file: Path, out: str, overrides: Sequence[str], goal: Goal) -> str:
    words = ["warmline", "generate", str(run_file), "--out", out]
    words += [] if goal.slice.is_whole else ["--slice", str(goal.slice)]
    words += [] if goal.until is Until.SHARD else ["--until", goal.until]
    return shlex.join([*words, *(word for override in overrides for word in ("--set", override))])


def summary(tally: Tally, out: str, goal: Goal) -> list[str]:
    """What came out, in a few lines."""
    where = f"{out}/{CORPUS}" if goal.packs else out if goal.slice.is_whole else f"{out}, slice {goal.slice}"
    if goal.until is Until.VOICES:
        return [f"{where}: the voices' plain manner is rendered"]
    if goal.until is Until.WRITE:
        lines = [f"{where}: {tally.accepted} dialogues written, {tally.rejected} could not be"]
    else:
        lines = [_spoken(tally, where)]
    if tally.accepted < tally.wanted:
        lines.append(f"short of the {tally.wanted} wanted: {_mend(tally)}")
        lines += [f"  {cell:<24} {have:>6} of {quota}" for cell, have, quota in tally.short]
    return lines


def _mend(tally: Tally) -> str:
    if tally.over:
        keys = " and ".join(f"budget.{key}" for key in sorted(tally.over))
        return f"{keys} spent ({tally.spent}); raise it, and the same command goes on"
    return "`warmline status` tells why dialogues fail; raise budget.briefs, or loosen the gate"


def _spoken(tally: Tally, where: str) -> str:
    return (
        f"{where}: {tally.accepted} dialogues, {tally.turns} turns, {tally.audio_seconds / 60:.1f} minutes of speech; "
        f"{tally.rejected} rejected, {tally.tries} takes tried"
    )
