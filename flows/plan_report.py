"""`warmline plan`: the distribution asked for and the one drawn, as tables and as a picture."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from flows.plan_picture import picture
from flows.plan_tables import least_filled, tables
from pipeline.config.run import load_run
from pipeline.plan.briefs import Planner
from schemas.brief import Arc, Brief


def plan_report(run_file: Path, overrides: Sequence[str], preview: int, drawing: Path | None) -> Iterator[str]:
    """Tables for the run's first `size` briefs, the cells that are filled least, then sample briefs."""
    run = load_run(run_file, overrides)
    planner, size = Planner(run.speakable, run.config.seed, run.config.shard.splits), run.config.size
    yield f"{size} briefs of the pack {run.pack.pack.name}, seed {run.config.seed}"
    found = tables(planner, size)
    for table in found:
        yield from table.lines()
    yield from least_filled(planner, size)
    if drawing is not None:
        drawing.write_text(picture(f"{run.pack.pack.name}: {size} briefs, seed {run.config.seed}", found), "utf-8")
        yield f"{drawing}: the same as a picture"
    for brief in planner.briefs(0, min(preview, size)):
        yield describe(brief)


def describe(brief: Brief) -> str:
    """A brief in one line.

    A dialogue reads: id, split, kind, language, situation, the user and how they feel, the reply and how it sounds,
    number of turns.
    """
    user, reply = brief.user, brief.assistant
    moves = "" if brief.arc is Arc.STEADY else f" then {', '.join(user.path[1:])}"
    extras = [word for word in (brief.length, user.persona, reply.persona) if word]
    return (
        f"{brief.id} {brief.split} {brief.kind} {brief.language}: {brief.situation}; "
        f"{user.voice} ({user.gender}, {user.age}) feels {user.emotion}{moves} ×{user.intensity:g}; "
        f"{reply.voice} replies {reply.emotion} ×{reply.intensity:g}; {brief.turns} turns"
        + (f"; {', '.join(extras)}" if extras else "")
    )
