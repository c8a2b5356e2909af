"""What must hold between the weights of a pack: conditions, arcs, contrast sets."""

from collections.abc import Iterable, Iterator
from itertools import combinations

from pipeline.config.source import Path_
from pipeline.config.writing_checks import check_writing
from pipeline.engine.backends import nearest
from pipeline.plan.cells import likelihood
from pipeline.plan.rules import FIELDS, SET_BY, DeadEndError, Rules
from schemas.brief import Arc
from schemas.pack import Pack
from schemas.steering import Contrast, Given
from schemas.voice import Split

Complaint = tuple[Path_, str]


def check_steering(pack: Pack) -> Iterator[Complaint]:
    """Everything that is wrong, each with its path in the pack."""
    found = [*_conditions(pack), *_arcs(pack), *_named(pack)]
    yield from found
    if not found:
        yield from _outcome(pack, Rules(pack, {Split.TRAIN: 1.0}))


def _conditions(pack: Pack) -> Iterator[Complaint]:
    rules = Rules(pack, dict.fromkeys(Split, 1.0))
    for number, given in enumerate(pack.given):
        path = ("given", number)
        if not given.when.fields:
            yield (
                (*path, "when"),
                "when names nothing: say under which condition",
            )
        if not given.sets:
            yield path, "it sets nothing: give it weights, such as user_emotions or turns"
        for name, options in given.when.fields.items():
            for option in options:
                if option not in rules.options(name):
                    yield (
                        (*path, "when", name),
                        f"{option} is no {name} of the pack: {nearest(option, rules.options(name))}",
                    )
        yield from _order((*path, "when"), given)
        yield from _tables(path, pack, given)
    yield from _contradictions(pack)


def _order(path: Path_, given: Given) -> Iterator[Complaint]:
    """A choice can depend only on those that are drawn before it."""
    for key in given.sets:
        first = min(FIELDS.index(field) for field, by in SET_BY.items() if by == key)
        for name in given.when.fields:
            if FIELDS.index(name) >= first:
                yield (*path, name), f"{key} cannot depend on {name}, which is drawn after it"


def _tables(path: Path_, pack: Pack, given: Given) -> Iterator[Complaint]:
    situations = [situation.id for situation in pack.situations]
    tables: list[tuple[str, Iterable[str], Iterable[str], str]] = [
        ("user_emotions", given.user_emotions or (), pack.deliveries, "deliveries"),
        ("situations", given.situations or (), situations, "situations"),
        ("lengths", given.lengths or (), pack.lengths, "lengths"),
        ("reply_emotions", given.reply_emotions or (), pack.user_emotions, "user_emotions"),
    ]
    for key, names, known, where in tables:
        for name in names:
            if name not in known:
                yield (*path, key, name), f"{name} is not defined in {where}: {nearest(name, known)}"
    for turns in given.turns or ():
        if turns < 2 or turns % 2:
            yield (*path, "turns", str(turns)), f"{turns} turns: must be even and 2 or more"


def _contradictions(pack: Pack) -> Iterator[Complaint]:
    """Two conditions that may hold together, say as much, and set the same: nobody knows which counts."""
    for (first, one), (second, other) in combinations(enumerate(pack.given), 2):
        mine, theirs = one.when.fields, other.when.fields
        apart = any(name in theirs and not set(mine[name]) & set(theirs[name]) for name in mine)
        shared = set(one.sets) & set(other.sets)
        if shared and not apart and len(mine) == len(theirs):
            keys = ", ".join(sorted(shared))
            yield (
                ("given", second),
                f"may hold together with given[{first}], and both set {keys}: add a condition to one, or join them",
            )


def _arcs(pack: Pack) -> Iterator[Complaint]:
    ways = {Arc.BETTER: pack.moves.better, Arc.WORSE: pack.moves.worse}
    for way, table in ways.items():
        for emotion, targets in table.items():
            for name in (emotion, *targets):
                if name not in pack.user_emotions:
                    yield (
                        ("moves", str(way), emotion),
                        f"{name} is not defined in user_emotions: {nearest(name, pack.user_emotions)}",
                    )
                elif name in targets and name not in pack.reply_emotions:
                    yield ("moves", str(way), emotion), f"reply_emotions does not say how to reply to {name}"
    for arc, weight in pack.arcs.items():
        lacking = [way for way in ways if not ways[way] and arc in {way, Arc.MIXED}]
        if weight > 0 and lacking:
            yield (
                ("arcs", str(arc)),
                f"moves.{lacking[0]} does not say where an emotion goes: add it, or set the weight to 0",
            )


def _named(pack: Pack) -> Iterator[Complaint]:
    names = pack.writing is not None and any(step.names_emotion for step in pack.writing.steps)
    if names and "reply_emotion" in pack.targets.cells:
        yield ("targets", "cells"), "the model names the reply's emotion (names_emotion), so no cell can count on it"
    for side in ("user", "assistant"):
        ids = [persona.id for persona in getattr(pack.personas, side)]
        for number, name in enumerate(ids):
            if ids.index(name) != number:
                yield ("personas", side, number, "id"), f"the id {name} is taken already: ids must differ"
    if pack.contrast is not None:
        yield from _contrast(pack, pack.contrast)
    if pack.writing is not None:
        yield from check_writing(pack, pack.writing)


def _contrast(pack: Pack, contrast: Contrast) -> Iterator[Complaint]:
    if any(weight > 0 and not kind.is_single for kind, weight in pack.kinds.items()):
        yield ("kinds",), "contrast sets are of one exchange: kinds other than reply and instruction need weight 0"
    if pack.writing is not None and len(pack.writing.steps) == 1:
        yield ("writing", "steps"), "contrast sets are written in two steps: query, once for a set, and reply, for each"
    if any(weight > 0 and arc is not Arc.STEADY for arc, weight in pack.arcs.items()):
        yield ("arcs",), "members of a contrast set keep their emotion: arcs other than steady need weight 0"
    if contrast.vary == "user_emotion":
        drawn = {emotion for emotion, weight in pack.user_emotions.items() if weight > 0}
        for number, situation in enumerate(pack.situations):
            able = [emotion for emotion, weight in situation.emotions.items() if weight > 0 and emotion in drawn]
            if situation.weight > 0 and 0 < len(able) < contrast.members:
                yield (
                    ("situations", number, "emotions"),
                    f"{situation.id} goes with {len(able)} emotions, and a contrast set has {contrast.members} members",
                )


def _outcome(pack: Pack, rules: Rules) -> Iterator[Complaint]:
    """Conditions that leave nothing to draw, or never hold. Voices are looked at with the run, which has the splits."""
    for field in FIELDS:
        if rules.options(field) and not field.startswith("voice"):
            told = dead_end(rules, field)
            if told:
                yield (SET_BY.get(field, field),), f"{told}: give one a weight above 0"
                return
    for number, given in enumerate(pack.given):
        names = [name for name in given.when.fields if name != "split"]
        likely = likelihood(rules, names)
        if not any(share > 0 and _inside(given, names, cell) for cell, share in likely.items()):
            yield ("given", number, "when"), "never holds: nothing that it asks for is drawn together"


def dead_end(rules: Rules, field: str) -> str:
    """Where a choice has nothing to draw, in a few words; empty if it always has."""
    try:
        likelihood(rules, [field])
    except DeadEndError as error:
        return _told(error)
    return ""


def _inside(given: Given, names: list[str], cell: tuple[str, ...]) -> bool:
    return all(option in given.when.fields[name] for name, option in zip(names, cell, strict=True))


def _told(error: DeadEndError) -> str:
    where = ", ".join(f"{name} {option}" for name, option in error.known.items())
    return f"no {error.field} can be drawn" + (f" for {where}" if where else "")
