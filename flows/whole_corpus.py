"""What can be said of a dialogue only where those before it in the corpus are known."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Self

from pipeline.shard.row import WHOLE, Decided, Objection
from pipeline.write.texts.earlier_texts import EarlierTexts, sketches_of
from schemas.scores import Reason
from schemas.text_rules import TextRules
from schemas.voice import Role, Split


@dataclass
class WholeCorpus:
    """Three checks, made in the plan's order, so that they come out alike whoever makes them and whenever.

    A query text belongs to the split that had it first, a recording must not stand for two texts, and a text must not
    be too like an `earlier` one. `rejected` counts the dialogues that each turned away.
    """

    earlier: EarlierTexts | None = None
    rejected: Counter[str] = field(default_factory=Counter)
    _queries: dict[bytes, Split] = field(default_factory=dict)
    _recordings: dict[bytes, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: TextRules) -> Self:
        """By a pack's rules, with nothing in it yet."""
        return cls(EarlierTexts(rules.near_duplicates) if rules.near_duplicates is not None else None)

    def judged(self, decided: Decided) -> Decided:
        """The next dialogue, with what these checks have to say; what did not pass anyway has no claim."""
        if not decided.accepted:
            return decided
        found = tuple(self._objections(decided))
        self.rejected.update({objection.reason.check for objection in found})
        return replace(decided, objections=found)

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
