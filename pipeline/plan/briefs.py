"""From a pack to briefs: who talks, about what and how they feel, for any range of indices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from pipeline.plan.draws import Weights, race, words
from schemas.brief import Brief, Speaker
from schemas.pack import Cast, Pack
from schemas.run import Shares
from schemas.voice import Role, Split, Voice

Option = TypeVar("Option")


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
        if start >= stop:
            return []
        columns = _Columns(self, start, stop)
        return [columns.brief(row) for row in range(stop - start)]

    @property
    def splits(self) -> dict[Split, float]:
        """The parts of the corpus: what is not held out is train."""
        held_out = {Split.VALIDATION: self.shares.validation, Split.TEST: self.shares.test}
        return {Split.TRAIN: 1.0 - sum(held_out.values()), **held_out}

    def cast(self, role: Role, split: Split, language: str) -> dict[str, float]:
        """The voices that may play `role` in a dialogue of this split and language, with the weight of each.

        A voice's weight is its gender's, times its age's, times its own, where the voices of one gender and age share
        theirs: more voices of one kind make it more varied, not more frequent.
        """
        wanted = self.pack.user if role is Role.USER else self.pack.assistant
        able = [voice for voice in self.pack.voices if _may(voice, role, split, language)]
        return {voice.id: _weight(voice, wanted, able) for voice in able}

    @cached_property
    def voices(self) -> dict[str, Voice]:
        """The pack's voices by id."""
        return {voice.id: voice for voice in self.pack.voices}

    @cached_property
    def situations(self) -> dict[str, dict[str, float]]:
        """For each user emotion, the situations that can bring it about and their weights."""
        return {
            emotion: {s.id: s.weight * s.emotions.get(emotion, 0.0) for s in self.pack.situations}
            for emotion in self.pack.user_emotions
        }


def _may(voice: Voice, role: Role, split: Split, language: str) -> bool:
    return role in voice.roles and language in voice.languages and (role is Role.ASSISTANT or voice.split is split)


def _weight(voice: Voice, wanted: Cast, able: Sequence[Voice]) -> float:
    alike = sum(other.weight for other in able if (other.gender, other.age) == (voice.gender, voice.age))
    if alike == 0.0:
        return 0.0
    return wanted.gender.get(voice.gender, 0.0) * wanted.age.get(voice.age, 0.0) * voice.weight / alike


class _Columns:
    """The choices of a range of briefs, field by field: each a list as long as the range."""

    def __init__(self, planner: Planner, start: int, stop: int) -> None:
        self._planner, self._start, self._stop = planner, start, stop
        pack = planner.pack
        self.split = self._draw("split", planner.splits)
        self.language = self._draw("language", pack.languages)
        self.kind = self._draw("kind", pack.kinds)
        self.user_emotion = self._draw("user_emotion", pack.user_emotions)
        self.situation = self._draw_given("situation", self.user_emotion, planner.situations)
        self.reply_emotion = self._draw_given("reply_emotion", self.user_emotion, pack.reply_emotions)
        self.turns = self._draw("turns", pack.turns)
        self.intensity = {role: self._draw(f"intensity.{role}", pack.intensities) for role in Role}
        self.voice = {role: self._draw_voice(role) for role in Role}
        self.text_seed = words(start, stop, planner.seed, "text_seed") >> np.uint64(1)

    def _draw(self, field: str, weights: Mapping[Option, float]) -> list[Option]:
        options = list(weights)
        column = np.array([weights[option] for option in options], dtype=np.float64)
        return self._race(field, options, column)

    def _draw_given(
        self, field: str, given: Sequence[Option], weights: Mapping[Option, Mapping[str, float]]
    ) -> list[str]:
        options = list(dict.fromkeys(option for table in weights.values() for option in table))
        columns = {
            condition: np.array([table.get(option, 0.0) for option in options], dtype=np.float64)
            for condition, table in weights.items()
        }
        return self._race(field, options, np.stack([columns[condition] for condition in given], axis=1))

    def _draw_voice(self, role: Role) -> list[str]:
        given = list(zip(self.split, self.language, strict=True))
        casts = {(split, language): self._planner.cast(role, split, language) for split, language in set(given)}
        return self._draw_given(f"voice.{role}", given, casts)

    def _race(self, field: str, options: Sequence[Option], weights: Weights) -> list[Option]:
        names = [str(option) for option in options]
        winners = race(self._planner.seed, field, names, weights, self._start, self._stop)
        return [options[winner] for winner in winners]

    def _speaker(self, role: Role, row: int) -> Speaker:
        voice = self._planner.voices[self.voice[role][row]]
        emotions = self.user_emotion if role is Role.USER else self.reply_emotion
        return Speaker(
            voice=voice.id,
            gender=voice.gender,
            age=voice.age,
            emotion=emotions[row],
            intensity=self.intensity[role][row],
        )

    def brief(self, row: int) -> Brief:
        """The brief in `row` of the range."""
        index = self._start + row
        return Brief(
            id=f"{self._planner.pack.name}-{self._planner.seed}-{index:07d}",
            index=index,
            split=self.split[row],
            language=self.language[row],
            kind=self.kind[row],
            situation=self.situation[row],
            user=self._speaker(Role.USER, row),
            assistant=self._speaker(Role.ASSISTANT, row),
            turns=self.turns[row],
            text_seed=int(self.text_seed[row]),
        )
