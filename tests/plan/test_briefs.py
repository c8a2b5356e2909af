from collections import Counter, defaultdict

import pytest

from flows.plan_tables import tables
from pipeline.plan.briefs import Planner
from schemas.pack import Pack
from schemas.run import Shares
from schemas.voice import Role, Split

MANY = 6000


@pytest.fixture(scope="module")
def planner(empathy: Pack) -> Planner:
    return Planner(empathy, 7, Shares())


def test_drawn_shares_agree_with_the_ones_asked(planner: Planner) -> None:
    for table in tables(planner, MANY):
        cells = {option: share * MANY for option, share in table.asked.items() if share > 0}
        chi_square = sum((table.drawn.get(option, 0) - expected) ** 2 / expected for option, expected in cells.items())
        freedom = len(cells) - 1
        # The normal approximation to chi-square at p = 0.0001; a wrong draw is off by orders of magnitude.
        assert chi_square < freedom + 3.72 * (2 * freedom) ** 0.5 + 6, table.field
        assert set(table.drawn) <= set(cells), f"{table.field}: something of weight 0 was drawn"


def test_situations_and_replies_fit_the_emotion(planner: Planner, empathy: Pack) -> None:
    situations = {situation.id: situation for situation in empathy.situations}
    for brief in planner.briefs(0, 1000):
        assert situations[brief.situation].emotions[brief.user.emotion] > 0
        assert empathy.reply_emotions[brief.user.emotion][brief.assistant.emotion] > 0


def test_no_user_voice_is_in_two_splits(planner: Planner) -> None:
    splits: dict[str, set[Split]] = defaultdict(set)
    for brief in planner.briefs(0, MANY):
        splits[brief.user.voice].add(brief.split)
    assert all(len(found) == 1 for found in splits.values())


def test_briefs_do_not_depend_on_the_slice(planner: Planner) -> None:
    assert planner.briefs(37, 41) == planner.briefs(0, 100)[37:41]


def test_a_changed_weight_moves_only_what_goes_to_or_leaves_the_option(empathy: Pack) -> None:
    before = Planner(empathy, 7, Shares()).briefs(0, 2000)
    edited = empathy.model_copy(update={"user_emotions": {**empathy.user_emotions, "sad": 6.0}})
    after = Planner(edited, 7, Shares()).briefs(0, 2000)
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert 0 < len(moved) < 700
    assert {brief.user.emotion for brief in moved} == {"sad"}


def test_genders_are_drawn_as_asked_however_many_voices_each_has(planner: Planner, empathy: Pack) -> None:
    train = [brief for brief in planner.briefs(0, MANY) if brief.split is Split.TRAIN]
    counts = Counter(brief.user.gender for brief in train)
    asked = empathy.user.gender
    for gender, weight in asked.items():
        assert counts[gender] / len(train) == pytest.approx(weight / sum(asked.values()), abs=0.03)


def test_the_reply_voice_differs_from_the_users(planner: Planner) -> None:
    assert all(
        brief.speaker(Role.USER).voice != brief.speaker(Role.ASSISTANT).voice for brief in planner.briefs(0, 500)
    )
