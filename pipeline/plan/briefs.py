"""From a pack to briefs: who talks, about what and how they feel, for any range of indices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.plan.casting import voice_weights
from pipeline.plan.columns import Columns, Tables
from pipeline.plan.rules import Rules
from schemas.brief import Arc, Brief, Kind, Speaker
from schemas.pack import Pack
from schemas.run import Shares
from schemas.voice import Role, Split, Voice

_A_FEW = 512

BLOCK = 8192
"""Briefs that are drawn at once where there are many: more gain nothing."""


@dataclass(frozen=True)
class Planner:
    """Draws the briefs of one pack, seed and set of splits.

    >>> from schemas.run import Shares
    >>> planner = Planner(pack, seed=7, shares=Shares())            # doctest: +SKIP
    >>> planner.briefs(0, 100)[40] == planner.briefs(40, 41)[0]     # doctest: +SKIP
    True
    """

    pack: Pack
    seed: int
    shares: Shares

    def briefs(self, start: int, stop: int) -> list[Brief]:
        """The briefs start..stop−1. Each depends on its index alone."""
        if self.pack.contrast is None:
            return [brief for block in self.columns(start, stop) for brief in self._briefs(block)]
        size = self.pack.contrast.members
        first, last = start // size * size, -(-stop // size) * size
        drawn = [brief for block in self.columns(first, last, BLOCK * size) for brief in self._briefs(block)]
        sets = (drawn[place : place + size] for place in range(0, len(drawn), size))
        return [brief for one in sets for brief in _together(one)][start - first : stop - first]

    def in_order(self) -> Iterator[Brief]:
        """The plan from its first brief on, without end; drawn in blocks, since one draw costs as much as hundreds."""
        start = 0
        while True:
            yield from self.briefs(start, start + _A_FEW)
            start += _A_FEW

    def columns(self, start: int, stop: int, block: int = BLOCK) -> Iterator[Columns]:
        """The same choices in columns, block by block."""
        for first in range(start, stop, block):
            yield Columns(self._tables, self.seed, first, min(first + block, stop))

    @property
    def splits(self) -> dict[Split, float]:
        """The parts of the corpus: what is not held out is train."""
        held_out = {Split.VALIDATION: self.shares.validation, Split.TEST: self.shares.test}
        return {Split.TRAIN: 1.0 - sum(held_out.values()), **held_out}

    def cast(self, role: Role, split: Split, language: str) -> dict[str, float]:
        """The voices that may play `role` there under no condition, with the weight of each."""
        return voice_weights(
            self.pack, self.pack.user if role is Role.USER else self.pack.assistant, role, split, language
        )

    @cached_property
    def rules(self) -> Rules:
        """What each choice depends on."""
        return Rules(self.pack, self.splits)

    @cached_property
    def voices(self) -> dict[str, Voice]:
        """The pack's voices by id."""
        return {voice.id: voice for voice in self.pack.voices}

    @cached_property
    def _tables(self) -> Tables:
        return Tables(self.rules)

    def _briefs(self, columns: Columns) -> Iterator[Brief]:
        paths, seeds = columns.paths(), columns.text_seeds
        drawn = {name: columns.names(name) for name in _SHOWN}
        for row in range(columns.stop - columns.start):
            one = {name: column[row] for name, column in drawn.items()}
            index = columns.start + row
            yield Brief(
                id=f"{self.pack.name}-{self.seed}-{index:07d}",
                index=index,
                split=Split(one["split"]),
                language=one["language"],
                kind=Kind(one["kind"]),
                situation=one["situation"],
                user=self._speaker(Role.USER, one, paths[row][0]),
                assistant=self._speaker(Role.ASSISTANT, one, paths[row][1]),
                turns=int(one["turns"]),
                text_seed=seeds[row],
                arc=Arc(one["arc"]),
                length=one["length"],
                member=int(columns.member[row]),
            )

    def _speaker(self, role: Role, drawn: dict[str, str], path: tuple[str, ...]) -> Speaker:
        voice = self.voices[drawn[f"voice.{role}"]]
        return Speaker(
            voice=voice.id,
            gender=voice.gender,
            age=voice.age,
            emotion=drawn["user_emotion" if role is Role.USER else "reply_emotion"],
            intensity=float(drawn[f"intensity.{role}"]),
            path=path,
            persona=drawn[f"persona.{role}"],
        )


def _together(members: Sequence[Brief]) -> Iterator[Brief]:
    """The briefs of one contrast set, each knowing the others."""
    sides = tuple((brief.user, brief.assistant) for brief in members)
    yield from (brief.model_copy(update={"members": sides}) for brief in members)


_SHOWN = (
    *("split", "language", "kind", "situation", "turns", "arc", "length", "user_emotion", "reply_emotion"),
    *(f"{field}.{role}" for field in ("voice", "intensity", "persona") for role in Role),
)
