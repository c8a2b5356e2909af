"""A plan in numbers: what is asked of each choice, and what is drawn."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.plan.briefs import Planner
from pipeline.plan.cells import Cell, likelihood, quotas
from pipeline.plan.filling import fields_of
from pipeline.plan.rules import FIELDS

LEAST_SHOWN = 8
MOST_OPTIONS = 16


@dataclass(frozen=True)
class Table:
    """One choice: the share of each option as asked for, and how often each was drawn among `size` briefs."""

    field: str
    asked: Mapping[Cell, float]
    drawn: Mapping[Cell, int]
    size: int

    def lines(self) -> Iterator[str]:
        """As text; of many options the likeliest."""
        yield f"{self.field:<24} {'asked':>8} {'drawn':>8} {'count':>8}"
        options = list(self.asked)
        if len(options) > MOST_OPTIONS:
            options = sorted(options, key=lambda option: -self.asked[option])[:MOST_OPTIONS]
        for option in options:
            count = self.drawn.get(option, 0)
            yield f"  {' '.join(option):<22} {self.asked[option]:>8.1%} {count / self.size:>8.1%} {count:>8}"
        if len(options) < len(self.asked):
            yield f"  and {len(self.asked) - len(options)} more (--picture draws all)"


def tables(planner: Planner, size: int) -> list[Table]:
    """A table for every choice that there is. Memory does not grow with the size."""
    shown = [field for field in FIELDS if planner.rules.options(field)]
    asked = {field: _likely(planner, field) for field in shown}
    shown = [field for field in shown if len(asked[field]) > 1]
    drawn: dict[str, Counter[Cell]] = {field: Counter() for field in shown}
    for columns in planner.columns(0, size):
        for field in shown:
            drawn[field].update(columns.counts(field))
    return [Table(field.replace("_", " ").replace(".", " "), asked[field], drawn[field], size) for field in shown]


def _likely(planner: Planner, field: str) -> dict[Cell, float]:
    return {cell: share for cell, share in likelihood(planner.rules, [field]).items() if share > 0}


def least_filled(planner: Planner, size: int) -> Iterator[str]:
    """The cells of the targets that the first `size` briefs fill least: further briefs will make up for them."""
    fields = fields_of(planner)
    if not fields:
        return
    wanted = quotas(likelihood(planner.rules, fields), size)
    drawn: Counter[Cell] = Counter()
    for columns in planner.columns(0, size):
        drawn.update(columns.counts(*fields))
    short = sorted((drawn[cell] / quota, cell) for cell, quota in wanted.items() if quota > 0)
    yield f"{'least filled cells':<24} {'target':>8} {'drawn':>8}"
    for _, cell in short[:LEAST_SHOWN]:
        yield f"  {' '.join(cell):<22} {wanted[cell]:>8} {drawn[cell]:>8}"
