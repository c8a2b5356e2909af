"""Draws under conditions, arcs and kinds: what is asked comes out, and nothing else moves."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.plan.briefs import Planner
from pipeline.plan.cells import closure, likelihood
from pipeline.plan.rules import DeadEndError
from schemas.brief import Arc, Brief, Kind
from schemas.pack import Pack
from schemas.run import Shares
from schemas.steering import Cast, Contrast, Given, Moves, When
from schemas.voice import Age, Gender, Role, Split
from tests.plan.random_packs import EMOTIONS, steered

MOVES = Moves(better={"sad": {"neutral": 1, "happy": 1}}, worse={"sad": {"fearful": 1}, "neutral": {"sad": 1}})


def plan(pack: Pack, **update: object) -> Planner:
    return Planner(pack.model_copy(update=update), 7, Shares())


def briefs(pack: Pack, count: int = 2000, **update: object) -> list[Brief]:
    return plan(pack, **update).briefs(0, count)


def share(found: list[Brief], option: object, of: str) -> float:
    having = [brief for brief in found if getattr(brief, of) == option]
    return len(having) / len(found)


def test_a_condition_sets_the_weights_where_it_holds_and_nowhere_else(empathy: Pack) -> None:
    condition = Given(when=When(user_emotion=("sad",)), turns={2: 3, 8: 1})
    before, after = briefs(empathy), briefs(empathy, given=(condition,))
    sad = [brief for brief in after if brief.user.emotion == "sad"]
    assert {brief.turns for brief in sad} == {2, 8}
    assert share(sad, 2, "turns") == pytest.approx(0.75, abs=0.08)
    others = [(old, new) for old, new in zip(before, after, strict=True) if new.user.emotion != "sad"]
    assert all(old == new for old, new in others)


def test_of_two_conditions_that_hold_the_one_that_says_more_counts(empathy: Pack) -> None:
    wide = Given(when=When(user_emotion=("sad", "angry")), turns={2: 1})
    narrow = Given(when=When(user_emotion=("sad",), language=("en",)), turns={4: 1})
    found = briefs(empathy, given=(narrow, wide))
    assert {brief.turns for brief in found if brief.user.emotion == "sad"} == {4}
    assert {brief.turns for brief in found if brief.user.emotion == "angry"} == {2}


def test_who_speaks_can_depend_on_the_feeling(empathy: Pack) -> None:
    young_men = Cast(gender={Gender.MALE: 1}, age={Age.YOUNG: 1})
    condition = Given(when=When(user_emotion=("angry",), split=("train",)), user=young_men)
    found = [brief for brief in briefs(empathy, given=(condition,)) if brief.split is Split.TRAIN]
    angry = {(brief.user.gender, brief.user.age) for brief in found if brief.user.emotion == "angry"}
    assert angry == {(Gender.MALE, Age.YOUNG)}
    assert len({(brief.user.gender, brief.user.age) for brief in found}) > 1


def test_a_condition_that_leaves_nobody_to_speak_is_no_draw_at_all(empathy: Pack) -> None:
    young_men = Cast(gender={Gender.MALE: 1}, age={Age.YOUNG: 1})
    planner = plan(empathy, given=(Given(when=When(user_emotion=("angry",)), user=young_men),))
    with pytest.raises(DeadEndError, match=r"nothing to draw for voice\.user given"):
        planner.briefs(0, 2000)


def test_a_single_reply_and_an_instruction_have_one_exchange_and_typed_turns_are_not_spoken(empathy: Pack) -> None:
    kinds = {Kind.REPLY: 1, Kind.TEXT_INPUT: 2, Kind.INSTRUCTION: 1}
    found = briefs(empathy, kinds=kinds)
    assert {brief.turns for brief in found if brief.kind.is_single} == {2}
    assert share(found, Kind.TEXT_INPUT, "kind") == pytest.approx(0.5, abs=0.05)
    typed = next(brief for brief in found if brief.kind is Kind.TEXT_INPUT)
    assert (typed.is_spoken(Role.USER), typed.is_spoken(Role.ASSISTANT)) == (False, True)


def test_an_arc_moves_the_emotion_where_it_can_and_the_reply_with_it(empathy: Pack) -> None:
    arcs = {Arc.STEADY: 1, Arc.BETTER: 1, Arc.WORSE: 1, Arc.MIXED: 1}
    found = briefs(empathy, arcs=arcs, moves=MOVES, turns={8: 1})
    for brief in found:
        user, reply = brief.user.path, brief.assistant.path
        assert len(user) == len(reply) == (0 if brief.arc is Arc.STEADY else 4)
        for emotion, answer in zip(user, reply, strict=True):
            assert empathy.reply_emotions[emotion][answer] > 0
        if brief.arc is Arc.BETTER:
            assert (user[0], user[-1] in {"neutral", "happy"}) == ("sad", True)
        if brief.arc is Arc.MIXED:
            assert (user[0], user[-2], user[-1] in {"neutral", "happy"}) == ("sad", "fearful", True)
    assert {brief.arc for brief in found if brief.user.emotion == "sad"} == set(Arc)
    assert {brief.arc for brief in found if brief.user.emotion == "neutral"} == {Arc.STEADY, Arc.WORSE}
    assert {brief.arc for brief in found if brief.user.emotion == "angry"} == {Arc.STEADY}
    assert len({brief.user.path for brief in found if brief.arc is Arc.BETTER}) > 4, (
        "it moves after one turn, two or three"
    )


def test_one_exchange_leaves_no_room_for_an_arc(empathy: Pack) -> None:
    found = briefs(empathy, arcs={Arc.BETTER: 1}, moves=MOVES, turns={2: 1})
    assert {brief.arc for brief in found} == {Arc.STEADY}


@pytest.mark.parametrize(("vary", "members"), [("user_emotion", 3), ("gender", 2), ("age", 2)])
def test_members_of_a_contrast_set_share_all_but_what_they_differ_in(empathy: Pack, vary: str, members: int) -> None:
    wide = tuple(s.model_copy(update={"emotions": dict.fromkeys(EMOTIONS, 1.0)}) for s in empathy.situations)
    contrast = Contrast.model_validate({"vary": vary, "members": members})
    pack = empathy.model_copy(update={"situations": wide, "contrast": contrast, "turns": {2: 1}})
    found = Planner(pack, 7, Shares(validation=0.0, test=0.0)).briefs(0, 600)
    for start in range(0, 600, members):
        one = found[start : start + members]
        assert [brief.member for brief in one] == list(range(members))
        assert len({(b.situation, b.text_seed, b.language, b.split, b.turns) for b in one}) == 1
        of = {"user_emotion": "emotion"}.get(vary, vary)
        assert len({getattr(brief.user, of) for brief in one}) == members
        if vary == "user_emotion":
            assert len({brief.user.voice for brief in one}) == 1
    if vary != "user_emotion":
        held = "age" if vary == "gender" else "gender"
        sets = [{getattr(brief.user, held) for brief in found[n : n + members]} for n in range(0, 600, members)]
        assert all(len(one_kind) == 1 for one_kind in sets), "the other is the same for all"


def test_of_a_weight_that_grows_from_a_fifth_to_a_quarter_only_those_move_that_have_to(empathy: Pack) -> None:
    rest = {emotion: 0.1 for emotion in EMOTIONS if emotion != "sad"}
    before = briefs(empathy, user_emotions={"sad": 0.20, **rest})
    after = briefs(empathy, user_emotions={"sad": 0.25, **rest})
    moved = sum(old != new for old, new in zip(before, after, strict=True))
    counts = [Counter(brief.user.emotion for brief in found) for found in (before, after)]
    have_to = counts[1]["sad"] - counts[0]["sad"]
    assert 0 < moved <= 1.1 * have_to


class TestRandomPacks:
    @given(data=st.data())
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_slice_is_the_same_part_of_the_whole(self, empathy: Pack, data: st.DataObject) -> None:
        planner = plan(data.draw(steered(empathy)))
        start = data.draw(st.integers(min_value=0, max_value=150))
        assert planner.briefs(start, start + 40) == planner.briefs(0, 200)[start : start + 40]

    @given(data=st.data())
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_changed_weight_moves_only_what_goes_to_or_leaves_its_option(
        self, empathy: Pack, data: st.DataObject
    ) -> None:
        pack = data.draw(steered(empathy))
        emotion = data.draw(st.sampled_from(sorted(pack.user_emotions)))
        factor = data.draw(st.sampled_from([0.5, 1.25, 3.0]))
        edited = {**pack.user_emotions, emotion: pack.user_emotions[emotion] * factor}
        before, after = briefs(pack, 300), briefs(pack, 300, user_emotions=edited)
        moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        assert all((old if factor < 1 else new).user.emotion == emotion for old, new in moved)
        counts = [sum(brief.user.emotion == emotion for brief in found) for found in (before, after)]
        assert len(moved) == abs(counts[1] - counts[0])

    @given(data=st.data())
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_what_is_drawn_is_as_likely_as_was_worked_out(self, empathy: Pack, data: st.DataObject) -> None:
        planner = plan(data.draw(steered(empathy)))
        fields = data.draw(st.sampled_from([("user_emotion", "turns"), ("arc",), ("kind", "reply_emotion")]))
        likely = likelihood(planner.rules, fields)
        assert sum(likely.values()) == pytest.approx(1.0)
        (columns,) = planner.columns(0, 4000)
        drawn = columns.counts(*fields)
        assert set(drawn) <= {cell for cell, part in likely.items() if part > 0}
        for cell, part in likely.items():
            spread = 5 * (4000 * part) ** 0.5 + 3
            assert drawn.get(cell, 0) == pytest.approx(4000 * part, abs=spread), cell


def test_only_what_a_choice_depends_on_is_worked_out(empathy: Pack) -> None:
    rules = plan(empathy, given=(Given(when=When(situation=("left_out",)), turns={2: 1}),)).rules
    assert closure(rules, ["reply_emotion"]) == ("user_emotion", "reply_emotion")
    assert closure(rules, ["turns"]) == ("kind", "user_emotion", "situation", "turns")
