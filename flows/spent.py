"""What a run has cost so far, as its ledgers hold it: what all drivers made, and what failures took."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from pipeline.engine.ledger import Ledger
from pipeline.engine.storage import Folder
from pipeline.plan.expense import SECONDS_A_TAKE
from schemas.dialogue import Usage, Written
from schemas.frozen import Seconds
from schemas.judgement import Judgement
from schemas.take import TakeRecord

_WRITTEN: TypeAdapter[Written | Usage] = TypeAdapter(Written | Usage)
_JUDGED: TypeAdapter[Judgement | Usage] = TypeAdapter(Judgement | Usage)


@dataclass(frozen=True)
class _Some(Folder):
    """A folder of which only these files are seen."""

    files: tuple[str, ...] = ()

    def names(self, name: str = "") -> Iterator[str]:  # noqa: ARG002 -- as a folder's
        """Those files."""
        yield from self.files


@dataclass
class Spent:
    """Counts the results in `ledgers`; each part once, so that a run at work can be followed.

    `writing` and `judging` are requests answered, of use or not; `speech` is seconds of all takes.
    """

    ledgers: Folder
    texts: int = 0
    writing: int = 0
    judgements: int = 0
    judging: int = 0
    takes: int = 0
    speech: Seconds = 0.0
    _read: set[str] = field(default_factory=set)

    def read(self) -> "Spent":
        """Count the parts that were not there the last time."""
        for value in self._new("write"):
            kept = _WRITTEN.validate_json(value)
            self.texts += isinstance(kept, Written)
            self.writing += kept.usage.requests if isinstance(kept, Written) else kept.requests
        for value in self._new("judge"):
            judged = _JUDGED.validate_json(value)
            self.judgements += isinstance(judged, Judgement)
            self.judging += judged.usage.requests if isinstance(judged, Judgement) else judged.requests
        for value in self._new("speak"):
            self.takes += 1
            self.speech += TakeRecord.model_validate_json(value).duration
        return self

    @property
    def requests(self) -> int:
        """To language models, writer and judge."""
        return self.writing + self.judging

    @property
    def seconds_a_take(self) -> Seconds:
        """As measured, or taken for granted while nothing is."""
        return self.speech / self.takes if self.takes else SECONDS_A_TAKE

    def _new(self, stage: str) -> Iterator[str]:
        folder = self.ledgers.below(stage)
        names = tuple(name for name in folder.names() if f"{stage}/{name}" not in self._read)
        self._read.update(f"{stage}/{name}" for name in names)
        return Ledger(_Some(folder.url, names), stage).values()
