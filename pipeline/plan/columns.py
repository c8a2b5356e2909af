"""The choices of a range of briefs, field by field, in columns: a million briefs are drawn in seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.plan.draws import Indices, Times, Weights, finish, uniforms, words
from pipeline.plan.rules import FIELDS, DeadEndError, Known, Rules
from schemas.brief import Arc

_MOVES = (Arc.BETTER, Arc.WORSE)


@dataclass
class Tables:
    """Weights of the options of each field for each combination of its parents' options, worked out once."""

    rules: Rules
    _known: dict[tuple[str, tuple[str, ...]], Weights] = field(default_factory=dict)

    def column(self, name: str, parents: Sequence[str], given: Sequence[str]) -> Weights:
        """float64 [options]."""
        key = (name, tuple(given))
        if key not in self._known:
            self._known[key] = self._worked_out(name, dict(zip(parents, given, strict=True)))
        return self._known[key]

    def _worked_out(self, name: str, known: Known) -> Weights:
        weights = self.rules.weights(name, known)
        if not any(weights.values()):
            raise DeadEndError(name, known)
        return np.array([weights.get(option, 0.0) for option in self.rules.options(name)])


class Columns:
    """See the module. `start` and `stop` are indices of briefs.

    Where the pack makes contrast sets, all members of a set share their luck: what they differ in is drawn without
    putting back, and everything else comes out the same for them.
    """

    def __init__(self, tables: Tables, seed: int, start: int, stop: int) -> None:
        self._tables, self._rules, self._seed = tables, tables.rules, seed
        self.start, self.stop = start, stop
        contrast = self._rules.pack.contrast
        size = contrast.members if contrast else 1
        self._first, self._last = start // size, -(-stop // size)
        self._rows: Indices = np.arange(start, stop) // size - self._first
        self.member: Indices = np.arange(start, stop) % size
        self._codes: dict[str, Indices] = {}
        for name in FIELDS:
            if self._rules.options(name):
                self._codes[name] = self._drawn(name)
            if name == "situation" and contrast is not None and contrast.vary == "user_emotion":
                self._codes["user_emotion"] = self._other_emotions()

    def names(self, name: str) -> list[str]:
        """The options drawn for a field, one a brief; empty texts where there are none to draw."""
        if name not in self._codes:
            return [""] * (self.stop - self.start)
        options = self._rules.options(name)
        return [options[code] for code in self._codes[name]]

    def counts(self, *names: str) -> dict[tuple[str, ...], int]:
        """How often each combination of options was drawn."""
        options = [self._rules.options(name) for name in names]
        shape = tuple(len(one) for one in options)
        flat = np.ravel_multi_index([self._codes[name] for name in names], shape)
        found, times = np.unique(flat, return_counts=True)
        places = np.unravel_index(found, shape)
        keys = [tuple(one[place] for one, place in zip(options, at, strict=True)) for at in zip(*places, strict=True)]
        return dict(zip(keys, map(int, times), strict=True))

    @property
    def text_seeds(self) -> list[int]:
        """What each brief's writer draws from: 63 bits."""
        seeds = words(self._first, self._last, self._seed, "text_seed") >> np.uint64(1)
        return [int(seed) for seed in seeds[self._rows]]

    def paths(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """For each brief the emotions of the user's turns, and of the replies; empty where they stay as they are."""
        arcs = self.names("arc")
        if all(arc == Arc.STEADY for arc in arcs):
            return [((), ())] * len(arcs)
        luck = uniforms(self._first, self._last, self._seed, "arc.turn")[self._rows]
        moved = {arc: self._moved(arc) for arc in _MOVES}
        start = list(zip(self.names("user_emotion"), self.names("reply_emotion"), strict=True))
        found = []
        for row, (arc, turns) in enumerate(zip(arcs, self.names("turns"), strict=True)):
            ways = {way: moved[way][row] for way in _MOVES}
            steps = _steps(Arc(arc), int(turns) // 2, float(luck[row]), start[row], ways)
            found.append((tuple(user for user, _ in steps), tuple(reply for _, reply in steps)))
        return found

    def _drawn(self, name: str) -> Indices:
        parents = self._rules.parents(name)
        weights = self._weights(name, parents, [self._codes[parent] for parent in parents])
        if name == "voice.user":
            weights = self._other_voices(weights)
        return self._race(name, name, weights)

    def _race(self, luck: str, name: str, weights: Weights) -> Indices:
        times = self._finish(luck, self._rules.options(name), weights)
        if np.isinf(times.min(axis=0)).any():
            raise DeadEndError(name, {})
        winners: Indices = times.argmin(axis=0)
        return winners

    def _finish(self, luck: str, options: Sequence[str], weights: Weights) -> Times:
        """As `finish`, for each row; rows of one contrast set share their luck."""
        ones = np.ones(len(options))
        times = finish(self._seed, luck, options, ones, self._first, self._last)[:, self._rows]
        with np.errstate(divide="ignore"):
            return np.where(weights > 0.0, times / weights, np.inf)

    def _weights(self, name: str, parents: Sequence[str], codes: Sequence[Indices]) -> Weights:
        """float64 [options, rows]."""
        if not parents:
            return np.broadcast_to(
                self._tables.column(name, (), ())[:, None], (len(self._rules.options(name)), len(self._rows))
            )
        options = [self._rules.options(parent) for parent in parents]
        shape = tuple(len(one) for one in options)
        found, which = np.unique(np.ravel_multi_index(list(codes), shape), return_inverse=True)
        combinations = zip(*np.unravel_index(found, shape), strict=True)
        tables = [
            self._tables.column(name, parents, [one[place] for one, place in zip(options, places, strict=True)])
            for places in combinations
        ]
        return np.stack(tables, axis=1)[:, which]

    def _moved(self, arc: Arc) -> list[tuple[str, str]]:
        """Where the user's emotion goes by this arc, and how the reply sounds then."""
        emotions = self._rules.options("user_emotion")
        codes = self._codes["user_emotion"]
        table = np.array([self._moves(arc, emotion) for emotion in emotions]).T
        target = self._finish(f"move.{arc}", emotions, table[:, codes]).argmin(axis=0)
        parents = self._rules.parents("reply_emotion")
        known = [target if parent == "user_emotion" else self._codes[parent] for parent in parents]
        replies = self._race("reply_emotion", "reply_emotion", self._weights("reply_emotion", parents, known))
        sounds = self._rules.options("reply_emotion")
        return [(emotions[t], sounds[r]) for t, r in zip(target, replies, strict=True)]

    def _moves(self, arc: Arc, emotion: str) -> list[float]:
        """Weights of the user's emotions to move to; an emotion that does not move stays."""
        moves = self._rules.moves(arc, emotion) or {emotion: 1.0}
        return [moves.get(option, 0.0) for option in self._rules.options("user_emotion")]

    def _other_emotions(self) -> Indices:
        """The first member of a set feels as was drawn; each other one differently, and as the situation allows."""
        emotions, first = self._rules.options("user_emotion"), self._codes["user_emotion"]
        parents = self._rules.parents("user_emotion")
        weights = self._weights("user_emotion", parents, [self._codes[parent] for parent in parents])
        situations = {one.id: one.emotions for one in self._rules.pack.situations}
        table = np.array(
            [[situations[name].get(emotion, 0.0) for emotion in emotions] for name in self._rules.options("situation")]
        )
        times = self._finish("contrast", emotions, weights * table[self._codes["situation"]].T)
        times[first, np.arange(len(first))] = -1.0
        order = np.argsort(times, axis=0, kind="stable")
        others: Indices = order[self.member, np.arange(len(first))]
        return others

    def _other_voices(self, weights: Weights) -> Weights:
        """Each member of a set has a voice of another gender, or age, where that is what they differ in.

        The other of the two is the same for all, as far as there are voices.
        """
        contrast = self._rules.pack.contrast
        if contrast is None or contrast.vary == "user_emotion":
            return weights
        first = self._race("voice.user", "voice.user", weights)
        held = self._kinds("age" if contrast.vary == "gender" else "gender")
        alike = weights * held[held[:, first].argmax(axis=0)].T
        varied = self._kinds(contrast.vary)
        order = np.argsort(
            self._finish("contrast", self._names_of(contrast.vary), varied @ alike), axis=0, kind="stable"
        )
        chosen = varied[order[self.member, np.arange(len(self.member))]].T
        found = alike * chosen
        return np.where(found.any(axis=0), found, weights * chosen)

    def _names_of(self, what: str) -> list[str]:
        """The genders, or ages, of the user's voices."""
        voices = {voice.id: voice for voice in self._rules.pack.voices}
        return sorted({str(getattr(voices[name], what)) for name in self._rules.options("voice.user")})

    def _kinds(self, what: str) -> Weights:
        """Which voices are of each gender, or age: float64 [kinds, voices], 1 where they are."""
        voices = {voice.id: voice for voice in self._rules.pack.voices}
        kinds = [str(getattr(voices[name], what)) for name in self._rules.options("voice.user")]
        return np.array([[kind == value for kind in kinds] for value in self._names_of(what)], dtype=np.float64)


def _steps(
    arc: Arc, exchanges: int, luck: float, start: tuple[str, str], moved: Mapping[Arc, tuple[str, str]]
) -> list[tuple[str, str]]:
    """The emotions of user and reply, exchange by exchange; `luck` in (0, 1) says after how many they move."""
    match arc:
        case Arc.STEADY:
            return []
        case Arc.MIXED:
            before = 1 + int(luck * (exchanges - 2))
            return [start] * before + [moved[Arc.WORSE]] * (exchanges - 1 - before) + [moved[Arc.BETTER]]
    before = 1 + int(luck * (exchanges - 1))
    return [start] * before + [moved[arc]] * (exchanges - before)
