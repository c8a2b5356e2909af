"""Which brief is made next: those that the corpus has room for, in the plan's order."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.plan.briefs import Planner
from pipeline.plan.cells import Cell
from pipeline.plan.filling import Filling
from schemas.brief import Brief
from schemas.slices import Slice


@dataclass(frozen=True)
class Drawn:
    """A brief, its place in the slice, and its cell."""

    place: int
    brief: Brief
    cell: Cell


@dataclass
class Issue:
    """Briefs of a slice as far as the corpus may have room for them.

    A brief whose cell will be full if all under way pass is passed over, and comes back if one of those fails. What
    was drawn is settled in the plan's order, as far as the fates of its briefs are known.
    """

    planner: Planner
    slice: Slice
    filling: Filling
    drawn: int = 0
    _briefs: Iterator[Brief] = field(init=False)
    _order: deque[Drawn] = field(default_factory=deque)
    _passed_over: defaultdict[Cell, deque[Drawn]] = field(default_factory=lambda: defaultdict(deque))
    _hopeful: Counter[Cell] = field(default_factory=Counter)
    _begun: set[int] = field(default_factory=set)
    _left: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._briefs = self._plan()

    def next(self) -> Drawn | None:
        """The next brief to be made; None while there is none, or no more."""
        waiting = [one[0] for cell, one in self._passed_over.items() if one and self._is_wanted(cell)]
        if waiting:
            first = min(waiting, key=lambda one: one.place)
            self._passed_over[first.cell].popleft()
            return self._begin(first)
        while any(self._is_wanted(cell) for cell in self.filling.quotas):
            brief = next(self._briefs)
            one = Drawn(self.drawn, brief, self.filling.cell(brief))
            self.drawn += 1
            self._order.append(one)
            if self._is_wanted(one.cell):
                return self._begin(one)
            self._passed_over[one.cell].append(one)
        return None

    def failed(self, one: Drawn) -> None:
        """A brief under way did not pass."""
        self._hopeful[one.cell] -= 1

    def leave(self, one: Drawn) -> None:
        """A brief is not made after all, though its cell has room. It counts as begun: so cells give up in the end."""
        self._hopeful[one.cell] -= 1
        self._begun.discard(one.place)
        self._left.add(one.place)

    def passed(self, one: Drawn) -> None:
        """A brief under way is in the corpus."""
        self._hopeful[one.cell] -= 1
        self.filling.take(one.cell)

    def earliest(self) -> Drawn | None:
        """The first brief in the plan's order that is not settled yet; those that nobody wants are let go."""
        while self._order and not self._is_due(self._order[0]):
            gone = self._order.popleft()
            self._left.discard(gone.place)
            over = self._passed_over[gone.cell]
            if over and over[0] is gone:
                over.popleft()
        return self._order[0] if self._order else None

    def settle(self) -> None:
        """The earliest is decided."""
        self._begun.discard(self._order.popleft().place)

    def _is_due(self, one: Drawn) -> bool:
        has_room = self.filling.has_room(one.cell) and one.place not in self._left
        return has_room and (one.place in self._begun or not self.filling.is_spent(one.cell))

    def _is_wanted(self, cell: Cell) -> bool:
        return self.filling.has_room(cell, self._hopeful[cell]) and not self.filling.is_spent(cell)

    def _begin(self, one: Drawn) -> Drawn:
        self._hopeful[one.cell] += 1
        self.filling.begun[one.cell] += 1
        self._begun.add(one.place)
        return one

    def _plan(self) -> Iterator[Brief]:
        """The slice's briefs."""
        for brief in self.planner.in_order():
            if self.slice.has(brief.index // max(1, len(brief.members))):
                yield brief
