"""The corpus being packed: decided dialogues come in the plan's order and go to their shards."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from pipeline.engine.storage import Folder
from pipeline.shard.row import WHOLE, Decided, Objection, RowMaker
from pipeline.shard.writer import ShardWriter
from pipeline.write.texts.earlier_texts import EarlierTexts, sketches_of
from schemas.scores import Reason
from schemas.shard import shard_schema
from schemas.voice import Role, Split

DATA = "data"
REJECTED = "rejected"


@dataclass
class Corpus:
    """Takes in decided dialogues one by one, in the plan's order, and writes train, validation, test and rejected.

    Three checks need the whole corpus, so they are made here, where order is certain: a query text belongs to the split
    that had it first, a recording must not stand for two texts, and a text must not be too like an `earlier` one.
    """

    folder: Folder
    maker: RowMaker
    target_bytes: float
    earlier: EarlierTexts | None = None
    writers: dict[str, ShardWriter] = field(default_factory=dict)
    accepted: int = 0
    _queries: dict[bytes, Split] = field(default_factory=dict)
    _recordings: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds = list(self.maker.provenance.units)
        for name in (*map(str, Split), REJECTED):
            place = self.folder.below(REJECTED if name == REJECTED else DATA)
            place.sweep()
            schema = shard_schema(kinds, rejected=name == REJECTED)
            self.writers[name] = ShardWriter(place, name, schema, self.maker, self.target_bytes)

    def take_in(self, decided: Decided) -> Decided:
        """Put a dialogue where it belongs; answers it with what the corpus-wide checks had to say."""
        if decided.accepted:
            decided = replace(decided, objections=tuple(self._objections(decided)))
        self.writers[str(decided.brief.split) if decided.accepted else REJECTED].add(decided)
        self.accepted += decided.accepted
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

    def _objections(self, decided: Decided) -> list[Objection]:
        found = []
        first_query = next(turn.turn.text for turn in decided.turns if turn.turn.role is Role.USER)
        owner = self._queries.setdefault(_digest(normalised(first_query)), decided.brief.split)
        if owner is not decided.brief.split:
            message = f"the query is in {owner} already, so it may not be in {decided.brief.split} too"
            found.append(Objection(WHOLE, Reason(check="leak", message=message)))
        for place, turn in enumerate(decided.turns):
            if turn.scores is None:
                continue
            waveform, text = bytes.fromhex(turn.scores.sound.waveform)[:8], _digest(turn.turn.text)
            if self._recordings.setdefault(waveform, text) != text:
                message = "the same recording as another dialogue's turn of different text"
                found.append(Objection(place, Reason(check="waveform", message=message)))
        return [*found, *self._too_like(decided, is_kept=not found)]

    def _too_like(self, decided: Decided, *, is_kept: bool) -> Iterator[Objection]:
        """Members of a contrast set share their words on purpose: the first one stands for all."""
        if self.earlier is None or decided.dialogue is None or decided.brief.member > 0:
            return
        sketches = sketches_of(decided.dialogue, decided.brief.language)
        for fault in self.earlier.faults(sketches):
            is_kept = False
            place = WHOLE if fault.turn is None else fault.turn
            yield Objection(place, Reason(check=f"text.{fault.check}", message=fault.message))
        if is_kept:
            self.earlier.add(decided.brief.id, sketches)


def normalised(text: str) -> str:
    """A query text by which repetitions are found: letters and digits in lower case.

    >>> normalised("Hey -- it's ME!")
    'hey it s me'
    """
    return " ".join(re.findall(r"\w+", text.casefold()))


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()
