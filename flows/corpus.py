"""The corpus being packed: decided dialogues come in the plan's order and go to their shards."""

from collections import Counter
from dataclasses import dataclass, field

from flows.whole_corpus import WholeCorpus
from pipeline.engine.storage import Folder
from pipeline.shard.row import Decided, RowMaker
from pipeline.shard.writer import ShardWriter
from schemas.shard import shard_schema
from schemas.voice import Split

DATA = "data"
REJECTED = "rejected"


@dataclass
class Corpus:
    """Takes in decided dialogues one by one, in the plan's order, and writes train, validation, test and rejected.

    `marks` counts what the judge gave to those that are in it: scale and mark.
    """

    folder: Folder
    maker: RowMaker
    target_bytes: float
    whole: WholeCorpus = field(default_factory=WholeCorpus)
    writers: dict[str, ShardWriter] = field(default_factory=dict)
    accepted: int = 0
    marks: Counter[tuple[str, int]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        kinds = list(self.maker.provenance.units)
        for name in (*map(str, Split), REJECTED):
            place = self.folder.below(REJECTED if name == REJECTED else DATA)
            place.sweep()
            schema = shard_schema(kinds, rejected=name == REJECTED)
            self.writers[name] = ShardWriter(place, name, schema, self.maker, self.target_bytes)

    def take_in(self, decided: Decided) -> Decided:
        """Put a dialogue where it belongs; answers it with what the corpus-wide checks had to say."""
        decided = self.whole.judged(decided)
        self.writers[str(decided.brief.split) if decided.accepted else REJECTED].add(decided)
        self.accepted += decided.accepted
        if decided.accepted and decided.judgement is not None:
            self.marks.update(decided.judgement.scores.items())
        return decided

    def close(self) -> None:
        """Close the last shards, and remove those that an earlier and longer version of this corpus left."""
        for writer in self.writers.values():
            writer.close()
            writer.remove_later()

    def abandon(self) -> None:
        """Leave no unfinished shard behind."""
        for writer in self.writers.values():
            writer.abandon()
