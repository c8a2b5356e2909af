"""The briefs that share a contrast set."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.plan.briefs import Planner
from schemas.brief import Brief

_REMEMBERED = 1024


@dataclass(frozen=True)
class ContrastSets:
    """Draws whole sets, and keeps the last ones in mind: a brief's fate is asked for several times."""

    planner: Planner
    _known: dict[int, Sequence[Brief]] = field(default_factory=dict)

    def around(self, brief: Brief) -> Sequence[Brief]:
        """The other members of the brief's set."""
        size = len(brief.members)
        first = brief.index - brief.member
        if first not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[first] = self.planner.briefs(first, first + size)
        return [other for other in self._known[first] if other.member != brief.member]
