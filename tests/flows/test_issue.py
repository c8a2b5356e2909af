"""Which briefs are made: cells fill in the plan's order, whoever is fast and whoever fails."""

import random
from collections import Counter
from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.issue import Drawn, Issue
from pipeline.plan.briefs import Planner
from pipeline.plan.cells import likelihood, quotas
from pipeline.plan.filling import Filling, cells
from schemas.brief import Brief
from schemas.pack import Pack
from schemas.run import Shares
from schemas.slices import Slice
from schemas.steering import Targets

SIZE = 120


@pytest.fixture(scope="module")
def planner(empathy: Pack) -> Planner:
    return Planner(empathy, 7, Shares())


@pytest.fixture(scope="module")
def plan(planner: Planner) -> list[Brief]:
    return planner.briefs(0, 20 * SIZE)


def passes(brief: Brief) -> bool:
    """A gate that rejects every second angry dialogue, by its id."""
    return brief.user.emotion != "angry" or blake2b(brief.id.encode()).digest()[0] % 2 == 0


def luck(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def issue(planner: Planner, tries: float = 10.0) -> Issue:
    return Issue(planner, Slice(), Filling.of(planner, SIZE, Slice(), tries))


def played(one: Issue, luck: random.Random, at_once: int) -> list[Brief]:
    """The corpus when dialogues end in any order, so many of them at once."""
    under_way: list[Drawn] = []
    decided: dict[int, bool] = {}
    corpus: list[Brief] = []
    while True:
        while len(under_way) < at_once and (drawn := one.next()) is not None:
            under_way.append(drawn)
        if not under_way:
            return corpus
        ended = under_way.pop(luck.randrange(len(under_way)))
        decided[ended.place] = passes(ended.brief)
        if not decided[ended.place]:
            one.failed(ended)
        while (first := one.earliest()) is not None and first.place in decided:
            if decided[first.place]:
                one.passed(first)
                corpus.append(first.brief)
            one.settle()


def in_order(planner: Planner, tries: float) -> list[Brief]:
    """The corpus by its definition: along the plan, what passes and has room, until a cell gives up."""
    filling, corpus = Filling.of(planner, SIZE, Slice(), tries), []
    for brief in planner.briefs(0, 10 * SIZE):
        cell = filling.cell(brief)
        if filling.has_room(cell) and not filling.is_spent(cell):
            filling.begun[cell] += 1
            if passes(brief):
                filling.take(cell)
                corpus.append(brief)
    return corpus


@given(seed=st.integers(), at_once=st.integers(min_value=1, max_value=90), tries=st.sampled_from([1.0, 1.3, 10.0]))
def test_the_corpus_is_the_same_however_many_are_made_at_once_and_whichever_ends_first(
    planner: Planner, seed: int, at_once: int, tries: float
) -> None:
    assert played(issue(planner, tries), luck(seed), at_once) == in_order(planner, tries)


def test_every_cell_gets_its_share_though_half_of_one_is_rejected(planner: Planner) -> None:
    one = issue(planner)
    counts = Counter(brief.user.emotion for brief in played(one, luck(1), 20))
    shares = likelihood(planner.rules, ["user_emotion"])
    assert sum(counts.values()) == SIZE
    assert {(emotion,): count for emotion, count in counts.items()} == quotas(shares, SIZE)
    assert list(one.filling.short()) == []
    drawn = Counter(brief.user.emotion for brief in planner.briefs(0, one.drawn))
    assert drawn["angry"] > 1.5 * counts["angry"]


def test_when_the_briefs_are_spent_the_cells_that_are_short_are_named(planner: Planner) -> None:
    one = issue(planner, tries=1.0)
    corpus = played(one, luck(1), 20)
    assert len(corpus) < SIZE
    short = {cell: (have, quota) for cell, have, quota in one.filling.short()}
    counts = Counter(brief.user.emotion for brief in corpus)
    assert short["angry"][0] == counts["angry"] < short["angry"][1]


def made_only(one: Issue, made: set[int], at_once: int = 20) -> list[Brief]:
    """The corpus when the budget is spent: what is made passes, what is not is left."""
    corpus: list[Brief] = []
    decided: set[int] = set()
    while (drawn := one.next()) is not None:
        if drawn.brief.index in made:
            decided.add(drawn.place)
        else:
            one.leave(drawn)
            assert one.earliest() is not drawn, "nobody waits for it"
        while len(decided) >= at_once and hand_over(one, decided, corpus):
            pass
    while hand_over(one, decided, corpus):
        pass
    return corpus


def hand_over(one: Issue, decided: set[int], corpus: list[Brief]) -> bool:
    first = one.earliest()
    if first is None or first.place not in decided:
        return False
    one.passed(first)
    one.settle()
    corpus.append(first.brief)
    return True


@settings(max_examples=30)
@given(made=st.sets(st.integers(min_value=0, max_value=4 * SIZE)), at_once=st.integers(min_value=1, max_value=90))
def test_when_the_budget_is_spent_all_that_is_made_is_taken_in_the_plans_order_and_there_is_an_end(
    planner: Planner, plan: list[Brief], made: set[int], at_once: int
) -> None:
    one = issue(planner, tries=2.0)
    corpus = made_only(one, made, at_once)
    filling, expected = Filling.of(planner, SIZE, Slice(), 2.0), []
    for brief in plan:
        cell = filling.cell(brief)
        if filling.has_room(cell) and not filling.is_spent(cell):
            filling.begun[cell] += 1
            if brief.index in made:
                filling.take(cell)
                expected.append(brief)
    assert corpus == expected
    assert one.earliest() is None


def test_slices_share_the_work_of_the_whole(planner: Planner) -> None:
    parts = [Filling.of(planner, SIZE, Slice(number=number, count=3)) for number in (1, 2, 3)]
    whole = Filling.of(planner, SIZE, Slice())
    for cell, quota in whole.quotas.items():
        assert sum(part.quotas[cell] for part in parts if cell in part.quotas) == quota


def test_cells_may_combine_choices_or_be_none(empathy: Pack) -> None:
    for names in (("user_emotion", "turns"), ("language", "kind", "arc", "reply_emotion"), ()):
        planner = Planner(empathy.model_copy(update={"targets": Targets(cells=names)}), 7, Shares())
        filling = Filling.of(planner, SIZE, Slice())
        assert filling.size == SIZE
        told = [cell for cell, _ in zip(cells(planner), range(700), strict=False)]
        assert told == [filling.cell(brief) for brief in planner.briefs(0, 700)]
        assert all(filling.has_room(cell) for cell in set(told) if filling.quotas[cell] > 0)
