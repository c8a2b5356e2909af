"""What one `generate` is to reach: the corpus, or a part of the work towards it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from flows.until import Until
from pipeline.plan.briefs import Planner
from schemas.brief import Brief
from schemas.slices import Slice

_BLOCK = 256


@dataclass(frozen=True)
class Goal:
    """The last stage, and the part of the plan."""

    until: Until = Until.SHARD
    slice: Slice = field(default_factory=Slice)

    @property
    def packs(self) -> bool:
        """Whether shards are written."""
        return self.until is Until.SHARD and self.slice.is_whole

    @property
    def shares_voices(self) -> bool:
        """Whether the voices' plain manner is made before anything else, once for all drivers.

        Scores are kept under the take and the renderings that it was compared with. An engine that renders a line
        otherwise each time would have each driver compare with its own, and score in vain for all others.
        """
        return self.until is Until.VOICES or not (self.slice.is_whole or self.until is Until.WRITE)

    @property
    def done(self) -> str:
        """What is said of a dialogue that has come so far."""
        return "written" if self.until is Until.WRITE else "accepted"


@dataclass
class Issue:
    """The briefs of a slice in the plan's order, drawn in blocks: a single draw costs as much as a hundred."""

    planner: Planner
    slice: Slice
    issued: int = 0
    _briefs: Iterator[Brief] = field(init=False)

    def __post_init__(self) -> None:
        self._briefs = self._drawn()

    def _drawn(self) -> Iterator[Brief]:
        start = 0
        while True:
            for brief in self.planner.briefs(start, start + _BLOCK):
                if brief.index % self.slice.count == self.slice.number - 1:
                    yield brief
            start += _BLOCK

    def next(self) -> Brief:
        """The next brief."""
        self.issued += 1
        return next(self._briefs)
