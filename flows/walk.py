"""A run's plan as its corpus takes it: which briefs have room, and what became of each."""

from collections import Counter
from collections.abc import Iterator

from flows.road import Needs, Road
from flows.whole_corpus import WholeCorpus
from pipeline.plan.briefs import Planner
from pipeline.plan.cells import Cell
from pipeline.plan.filling import Filling
from pipeline.shard.row import Decided
from schemas.brief import Brief
from schemas.slices import Slice


def empty(road: Road) -> Filling:
    """The run's cells with nothing in them."""
    return Filling.of(road.planner, road.config.size, Slice(), road.config.budget.briefs)


def walk(
    road: Road, filling: Filling | None = None, whole: WholeCorpus | None = None
) -> Iterator[tuple[Brief, Decided | Needs]]:
    """The briefs that the corpus has room for, in the plan's order, as far as their fates are known, each with its own.

    What is still to be made is taken to pass. The cells of `filling`, empty at first, are filled on the way; `whole`
    turns away what packing would.
    """
    filling, open_ones = filling or empty(road), Counter[Cell]()
    for brief, cell in _wanted(road.planner, filling, open_ones):
        filling.begun[cell] += 1
        fate = road.resolve(brief)
        if not isinstance(fate, Decided):
            open_ones[cell] += 1
            yield brief, fate
            continue
        fate = whole.judged(fate) if whole is not None else fate
        if fate.accepted:
            filling.take(cell)
        yield brief, fate


def _wanted(planner: Planner, filling: Filling, open_ones: Counter[Cell]) -> Iterator[tuple[Brief, Cell]]:
    """The plan's briefs whose cell has room when it is their turn, until no cell has."""

    def is_wanted(cell: Cell) -> bool:
        return filling.has_room(cell, open_ones[cell]) and not filling.is_spent(cell)

    for brief in planner.in_order():
        if not any(map(is_wanted, filling.quotas)):
            return
        if is_wanted(filling.cell(brief)):
            yield brief, filling.cell(brief)
