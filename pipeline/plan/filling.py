"""How full the cells of a corpus are: it takes dialogues in the plan's order until each cell has its share."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil

from pipeline.plan.briefs import Planner
from pipeline.plan.cells import Cell, likelihood, quotas
from schemas.brief import Brief
from schemas.slices import Slice


@dataclass
class Filling:
    """`quotas` says how many dialogues each cell of `fields` gets; `taken` has how many are there, `begun` were begun.

    A cell gives up after beginning `tries` dialogues for each that it gets. To bound it for each cell apart makes the
    outcome independent of which cell's dialogues fail first.

    Whether a dialogue is wanted is known when all before it are decided. So the corpus is the same whoever makes it,
    with however many workers; where more of one cell is rejected, more of the plan's briefs of that cell are wanted.
    """

    fields: tuple[str, ...]
    quotas: Mapping[Cell, int]
    tries: float = 1.0
    taken: Counter[Cell] = field(default_factory=Counter)
    begun: Counter[Cell] = field(default_factory=Counter)

    @classmethod
    def of(cls, planner: Planner, size: int, part: Slice, tries: float = 1.0) -> "Filling":
        """An empty corpus of `size` dialogues; of a slice, those of them that its briefs make if all of them pass."""
        fields = fields_of(planner)
        whole = cls(fields, quotas(likelihood(planner.rules, fields), size), tries)
        if part.is_whole:
            return whole
        own: Counter[Cell] = Counter()
        members = planner.pack.contrast.members if planner.pack.contrast else 1
        for index, cell in enumerate(cells(planner)):
            if whole.is_full:
                break
            if whole.has_room(cell):
                whole.take(cell)
                own[cell] += part.has(index // members)
        return cls(fields, own, tries)

    def cell(self, brief: Brief) -> Cell:
        """The cell that a brief is in."""
        found = {
            "language": brief.language,
            "kind": str(brief.kind),
            "user_emotion": brief.user.emotion,
            "reply_emotion": brief.assistant.emotion,
            "arc": str(brief.arc),
            "turns": str(brief.turns),
        }
        return tuple(found[name] for name in self.fields)

    def has_room(self, cell: Cell, under_way: int = 0) -> bool:
        """Whether the cell takes one more, if so many that are under way pass."""
        return cell in self.quotas and self.taken[cell] + under_way < self.quotas[cell]

    def is_spent(self, cell: Cell) -> bool:
        """Whether the cell has given up: nothing more of it is begun."""
        return self.begun[cell] >= ceil(self.quotas[cell] * self.tries)

    def take(self, cell: Cell) -> None:
        """One more dialogue is in the corpus."""
        self.taken[cell] += 1

    @property
    def size(self) -> int:
        """How many dialogues it takes to fill all cells."""
        return sum(self.quotas.values())

    @property
    def is_full(self) -> bool:
        """Whether every cell has its share."""
        return sum(self.taken.values()) >= self.size

    def short(self) -> Iterator[tuple[str, int, int]]:
        """The cells that lack dialogues: name, how many they have, how many they were to get."""
        for cell, quota in self.quotas.items():
            if self.taken[cell] < quota:
                yield " ".join(cell) or "all", self.taken[cell], quota


def fields_of(planner: Planner) -> tuple[str, ...]:
    """What the cells are combinations of. Members of contrast sets are not counted apart."""
    return () if planner.pack.contrast is not None else planner.pack.targets.cells


def cells(planner: Planner) -> Iterator[Cell]:
    """The cell of each brief, in the plan's order, without end."""
    fields, start, step = fields_of(planner), 0, 512
    while True:
        for columns in planner.columns(start, start + step):
            names = [columns.names(name) for name in fields]
            yield from (
                (tuple(one) for one in zip(*names, strict=True)) if names else [()] * (columns.stop - columns.start)
            )
        start, step = start + step, min(2 * step, 65_536)
