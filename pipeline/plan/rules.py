"""What each choice of a brief depends on, and its weights once that is known: the pack as one table after another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from pipeline.plan.casting import voice_weights
from schemas.brief import Arc, Kind
from schemas.pack import Pack
from schemas.steering import Given, When
from schemas.voice import NEUTRAL, Role, Split

Known = Mapping[str, str]
"""Choices made so far: field → option."""

_OWN: Mapping[str, tuple[str, ...]] = {
    "split": (),
    "language": (),
    "kind": (),
    "user_emotion": (),
    "situation": ("user_emotion",),
    "turns": ("kind",),
    "arc": ("user_emotion", "turns"),
    "reply_emotion": ("user_emotion",),
    "length": (),
    "intensity.user": (),
    "intensity.assistant": (),
    "voice.user": ("split", "language"),
    "voice.assistant": ("split", "language"),
    "persona.user": (),
    "persona.assistant": (),
}
"""What each choice depends on in any pack. Choices are made in this order."""

_BOUND = ("user_emotion", "arc", "intensity.user")
"""What the user's voice depends on too, where a voice is cast for some emotions only."""

FIELDS = tuple(_OWN)

SET_BY: Mapping[str, str] = {
    "kind": "kinds",
    "user_emotion": "user_emotions",
    "situation": "situations",
    "turns": "turns",
    "arc": "arcs",
    "reply_emotion": "reply_emotions",
    "length": "lengths",
    "intensity.user": "intensities",
    "intensity.assistant": "intensities",
    "voice.user": "user",
    "voice.assistant": "assistant",
}
"""The key of a condition that has weights for a choice."""

_NONE = Given(when=When())

_EXCHANGES: Mapping[Arc, int] = {Arc.STEADY: 1, Arc.BETTER: 2, Arc.WORSE: 2, Arc.MIXED: 3}
"""How many exchanges an arc takes to show."""


class DeadEndError(ValueError):
    """No option of `field` has a weight above 0 where the earlier choices are `known`."""

    def __init__(self, field: str, known: Mapping[str, str]) -> None:
        super().__init__(f"nothing to draw for {field} given {dict(known)}")
        self.field, self.known = field, known


@dataclass(frozen=True)
class Rules:
    """The weights of every choice of one pack, given the choices before it."""

    pack: Pack
    splits: Mapping[Split, float]

    def parents(self, field: str) -> tuple[str, ...]:
        """The earlier choices that the weights of `field` depend on, in their order."""
        asked = {name for given in self._setting(field) for name in given.when.fields}
        bound = _BOUND if field == "voice.user" and self.has_bound_voices else ()
        return tuple(name for name in FIELDS if name in asked.union(_OWN[field], bound))

    def options(self, field: str) -> tuple[str, ...]:
        """All that may ever be drawn for `field`."""
        return self._options[field]

    def weights(self, field: str, known: Known) -> dict[str, float]:
        """The options of `field` with their weights; `known` has its parents."""
        match field:
            case "split":
                return {str(split): share for split, share in self.splits.items()}
            case "language":
                return dict(self.pack.languages)
            case "situation":
                return self._situations(known)
            case "turns":
                single = Kind(known["kind"]).is_single
                return {"2": 1.0} if single else _named(self._given(field, known).turns or self.pack.turns)
            case "arc":
                return self._arcs(known)
            case "reply_emotion":
                return self.replies(known, known["user_emotion"])
            case "voice.user":
                return self.cast(Role.USER, Split(known["split"]), known["language"], known)
            case "voice.assistant":
                return self.cast(Role.ASSISTANT, Split(known["split"]), known["language"], known)
            case "persona.user":
                return {one.id: one.weight for one in self.pack.personas.user}
            case "persona.assistant":
                return {one.id: one.weight for one in self.pack.personas.assistant}
        return self._plain(field, known)

    def replies(self, known: Known, emotion: str) -> dict[str, float]:
        """How a reply to `emotion` may sound."""
        own = self._given("reply_emotion", known).reply_emotions
        table = own if own is not None and emotion in own else self.pack.reply_emotions
        return dict(table[emotion])

    def moves(self, arc: Arc, emotion: str) -> Mapping[str, float]:
        """Where `emotion` goes when it gets better or worse; nothing if it does not."""
        table = self.pack.moves.better if arc is Arc.BETTER else self.pack.moves.worse
        return table.get(emotion, {})

    def cast(self, role: Role, split: Split, language: str, known: Known) -> dict[str, float]:
        """The voices that may play `role` in a dialogue of this split and language, with the weight of each."""
        given = self._given(f"voice.{role}", known)
        if role is Role.ASSISTANT:
            return voice_weights(self.pack, given.assistant or self.pack.assistant, role, split, language)
        emotions = self.emotions(known) if self.has_bound_voices else ()
        return voice_weights(self.pack, given.user or self.pack.user, role, split, language, emotions)

    def emotions(self, known: Known) -> frozenset[str]:
        """All that a user may feel in the turns of such a brief; neutral too if nothing of the emotion is to show."""
        first, ways = known["user_emotion"], _ways(Arc(known["arc"]))
        moved = {emotion for way in ways for emotion, weight in self.moves(way, first).items() if weight > 0}
        plain = {NEUTRAL} if float(known["intensity.user"]) == 0 else set()
        return frozenset({first} | moved | plain)

    @cached_property
    def has_bound_voices(self) -> bool:
        """Whether a user's voice is cast for some emotions only."""
        return any(voice.bound_to and Role.USER in voice.roles for voice in self.pack.voices)

    def _plain(self, field: str, known: Known) -> dict[str, float]:
        given, pack = self._given(field, known), self.pack
        match field:
            case "kind":
                return _named(given.kinds or pack.kinds)
            case "user_emotion":
                return dict(given.user_emotions or pack.user_emotions)
            case "length":
                return dict(given.lengths or {name: length.weight for name, length in pack.lengths.items()})
        return _named(given.intensities or pack.intensities)

    def _situations(self, known: Known) -> dict[str, float]:
        """The situations that can bring the user's emotion about."""
        own, emotion = self._given("situation", known).situations, known["user_emotion"]
        weights = {one.id: one.weight for one in self.pack.situations}
        if own is not None:
            weights = {name: own.get(name, 0.0) for name in weights}
        likely = {one.id: one.emotions.get(emotion, 0.0) for one in self.pack.situations}
        return {name: weight * likely[name] for name, weight in weights.items()}

    def _arcs(self, known: Known) -> dict[str, float]:
        """The arcs that this emotion and so many turns leave room for; a steady one always does."""
        emotion, exchanges = known["user_emotion"], int(known["turns"]) // 2
        arcs = self._given("arc", known).arcs or self.pack.arcs
        open_ = {
            str(arc): weight
            for arc, weight in arcs.items()
            if exchanges >= _EXCHANGES[arc] and all(self.moves(way, emotion) for way in _ways(arc))
        }
        return open_ if any(open_.values()) else {str(Arc.STEADY): 1.0}

    def _setting(self, field: str) -> tuple[Given, ...]:
        return tuple(one for one in self.pack.given if field in SET_BY and SET_BY[field] in one.sets)

    def _given(self, field: str, known: Known) -> Given:
        """The condition that counts here: of those that hold, the one that says most; none, if none does."""
        holding = [one for one in self._setting(field) if holds(one, known)]
        return max(holding, key=lambda one: len(one.when.fields)) if holding else _NONE

    @cached_property
    def _options(self) -> Mapping[str, tuple[str, ...]]:
        pack, given = self.pack, self.pack.given
        replies = [one.reply_emotions.values() for one in given if one.reply_emotions]
        strengths = _names(pack.intensities, *(one.intensities for one in given))
        voices = {role: _names([voice.id for voice in pack.voices if role in voice.roles]) for role in Role}
        return {
            "split": _names(self.splits),
            "language": _names(pack.languages),
            "kind": _names(pack.kinds, *(one.kinds for one in given)),
            "user_emotion": _names(pack.user_emotions, *(one.user_emotions for one in given)),
            "situation": _names([one.id for one in pack.situations]),
            "turns": _names(pack.turns, *(one.turns for one in given), [2]),
            "arc": _names(Arc),
            "reply_emotion": _names(*pack.reply_emotions.values(), *(table for tables in replies for table in tables)),
            "length": _names(pack.lengths, *(one.lengths for one in given)),
            "intensity.user": strengths,
            "intensity.assistant": strengths,
            "voice.user": voices[Role.USER],
            "voice.assistant": voices[Role.ASSISTANT],
            "persona.user": _names([one.id for one in pack.personas.user]),
            "persona.assistant": _names([one.id for one in pack.personas.assistant]),
        }


def holds(given: Given, known: Known) -> bool:
    """Whether a condition holds for these choices."""
    return all(known[name] in options for name, options in given.when.fields.items())


def _ways(arc: Arc) -> tuple[Arc, ...]:
    return {Arc.STEADY: (), Arc.BETTER: (Arc.BETTER,), Arc.WORSE: (Arc.WORSE,), Arc.MIXED: (Arc.WORSE, Arc.BETTER)}[arc]


def _named(table: Mapping[Kind, float] | Mapping[int, float] | Mapping[float, float]) -> dict[str, float]:
    return {str(option): weight for option, weight in table.items()}


def _names(*groups: Iterable[object] | None) -> tuple[str, ...]:
    """All options of some tables, in the order in which they come up first."""
    return tuple(dict.fromkeys(str(option) for group in groups if group is not None for option in group))
