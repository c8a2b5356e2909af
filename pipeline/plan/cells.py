"""How likely each combination of choices is, worked out from the weights; and how much of a corpus each cell gets."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pipeline.plan.draws import shares
from pipeline.plan.rules import FIELDS, DeadEndError, Rules

Cell = tuple[str, ...]
"""One option for each of some fields."""


def likelihood(rules: Rules, fields: Sequence[str]) -> dict[Cell, float]:
    """The share of briefs in each cell of `fields`, in the order of the options; they sum to 1.

    Raises DeadEndError. Choices that no later one depends on are summed away as soon as they can be, so this takes
    milliseconds also where there are thousands of combinations.
    """
    needed = closure(rules, fields)
    states: dict[Cell, float] = {(): 1.0}
    kept: tuple[str, ...] = ()
    for place, field in enumerate(needed):
        later = {name for other in needed[place + 1 :] for name in rules.parents(other)} | set(fields)
        keeps = tuple(name for name in (*kept, field) if name in later)
        states = _step(rules, field, kept, keeps, states)
        kept = keeps
    order = [kept.index(field) for field in fields]
    found: defaultdict[Cell, float] = defaultdict(float)
    for state, share in states.items():
        found[tuple(state[place] for place in order)] += share
    return dict(sorted(found.items(), key=lambda one: _place(rules, fields, one[0])))


def closure(rules: Rules, fields: Sequence[str]) -> tuple[str, ...]:
    """The fields and all that they depend on, in the order in which they are drawn."""
    needed: set[str] = set()
    open_ = list(fields)
    while open_:
        name = open_.pop()
        if name not in needed:
            needed.add(name)
            open_ += rules.parents(name)
    return tuple(name for name in FIELDS if name in needed)


def quotas(likely: Mapping[Cell, float], size: int) -> dict[Cell, int]:
    """Whole numbers that sum to `size`, as near to the shares as can be (largest remainder).

    >>> quotas({("a",): 0.5, ("b",): 0.3, ("c",): 0.2}, 7)
    {('a',): 4, ('b',): 2, ('c',): 1}
    """
    exact = {cell: share * size for cell, share in likely.items()}
    whole = {cell: int(value) for cell, value in exact.items()}
    rest = sorted(exact, key=lambda cell: whole[cell] - exact[cell])  # the sort is stable: ties go to the first
    for cell in rest[: size - sum(whole.values())]:
        whole[cell] += 1
    return whole


def _step(
    rules: Rules, field: str, kept: Sequence[str], keeps: Sequence[str], states: Mapping[Cell, float]
) -> dict[Cell, float]:
    found: defaultdict[Cell, float] = defaultdict(float)
    for state, share in states.items():
        known = dict(zip(kept, state, strict=True))
        for option, part in _drawn(rules, field, known):
            now = {**known, field: option}
            found[tuple(now[name] for name in keeps)] += share * part
    return dict(found)


def _drawn(rules: Rules, field: str, known: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    weights = {option: weight for option, weight in rules.weights(field, known).items() if weight > 0}
    if not weights:
        raise DeadEndError(field, {name: known[name] for name in rules.parents(field)})
    yield from shares(weights).items()


def _place(rules: Rules, fields: Sequence[str], cell: Cell) -> tuple[int, ...]:
    return tuple(rules.options(field).index(option) for field, option in zip(fields, cell, strict=True))
