"""A voice without a neutral clip speaks where it has clips of all that its side feels, and nowhere else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.plan.briefs import Planner
from pipeline.plan.cells import likelihood
from pipeline.plan.rules import DeadEndError
from pipeline.speak.retake import understudies
from schemas.brief import Arc, Brief
from schemas.pack import Pack
from schemas.run import Shares
from schemas.steering import Moves
from schemas.voice import NEUTRAL, Role
from tests.plan.bound_voices import seeded, voice
from tests.plan.random_packs import steered

MOVES = Moves(better={"sad": {"neutral": 1, "happy": 1}}, worse={"sad": {"fearful": 1}, "neutral": {"sad": 1}})


def plan(pack: Pack, **update: object) -> Planner:
    return Planner(pack.model_copy(update=update), 7, Shares())


def felt(brief: Brief) -> set[str]:
    return {brief.user.emotion, *brief.user.path, *([NEUTRAL] if brief.user.intensity == 0 else [])}


def test_a_bound_voice_is_cast_for_the_emotion_of_its_clip(empathy: Pack) -> None:
    found = [brief for brief in plan(seeded(empathy)).briefs(0, 2000) if brief.user.emotion != NEUTRAL]
    adult = [brief for brief in found if not brief.user.voice.endswith("anyone")]
    assert all(brief.user.voice == f"{brief.split}-{brief.user.emotion}" for brief in adult)
    assert {brief.user.emotion for brief in adult} == {brief.user.emotion for brief in found}
    assert 0.45 < len(adult) / len(found) < 0.55, "ages keep their shares"


def test_a_voice_is_cast_for_the_emotions_that_it_names(empathy: Pack) -> None:
    gloomy = voice("gloomy", NEUTRAL).model_copy(update={"emotions": ("sad", "fearful")})
    cast = [brief for brief in plan(seeded(empathy, gloomy)).briefs(0, 1000) if brief.user.voice == "gloomy"]
    assert {brief.user.emotion for brief in cast} == {"sad", "fearful"}


def test_where_the_feeling_moves_it_has_clips_of_all_that_may_come(empathy: Pack) -> None:
    pair = voice("pair", "sad", "fearful")
    found = plan(seeded(empathy, pair), moves=MOVES, arcs={Arc.STEADY: 1, Arc.BETTER: 1, Arc.WORSE: 1}).briefs(0, 4000)
    cast = {arc: {brief.user.voice for brief in found if brief.arc is arc} for arc in Arc}
    assert cast[Arc.BETTER] == {"train-anyone", "validation-anyone", "test-anyone"}
    assert "pair" in cast[Arc.WORSE]
    assert {brief.user.emotion for brief in found if brief.user.voice == "pair"} == {"sad", "fearful"}


def test_where_nothing_of_the_emotion_is_to_show_only_a_neutral_clip_will_do(empathy: Pack) -> None:
    found = plan(seeded(empathy), intensities={0.0: 1, 1.0: 1}).briefs(0, 1000)
    flat = {brief.user.voice for brief in found if brief.user.intensity == 0 and brief.user.emotion != NEUTRAL}
    assert flat == {"train-anyone", "validation-anyone", "test-anyone"}


def test_nobody_stands_in_who_has_no_clip_of_it(empathy: Pack) -> None:
    pack = seeded(empathy, voice("also-sad", "sad", "angry"), voice("never-sad", "angry"), voice("any", "neutral"))
    brief = next(one for one in plan(pack).briefs(0, 500) if one.user.voice == "train-sad")
    others = {one.id for one in understudies(brief, Role.USER, pack.voices)}
    assert others == {"train-sad", "also-sad", "any"}


def test_what_nobody_has_a_clip_of_is_no_draw_at_all(empathy: Pack) -> None:
    pack = seeded(empathy)
    voices = tuple(one for one in pack.voices if one.id not in {"test-angry", "test-anyone"})
    planner = plan(pack, voices=voices, user_emotions={"angry": 1, "sad": 1})
    with pytest.raises(DeadEndError, match=r"voice\.user given .*'test'.*'angry'"):
        planner.briefs(0, 4000)


def test_where_no_voice_is_bound_the_choice_of_voices_depends_on_nothing_new(empathy: Pack) -> None:
    assert plan(empathy).rules.parents("voice.user") == ("split", "language")
    assert plan(seeded(empathy)).rules.parents("voice.user")[2:] == ("user_emotion", "arc", "intensity.user")


class TestRandomPacks:
    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(data=st.data())
    def test_every_slice_is_part_of_the_whole_and_every_voice_has_the_clips(
        self, empathy: Pack, data: st.DataObject
    ) -> None:
        planner = plan(seeded(data.draw(steered(empathy))))
        start = data.draw(st.integers(0, 150))
        whole = planner.briefs(0, 200)
        assert planner.briefs(start, start + 50) == whole[start : start + 50]
        assert all(planner.voices[brief.user.voice].can_show(felt(brief)) for brief in whole)

    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(data=st.data())
    def test_a_changed_weight_moves_no_voice_of_a_brief_that_it_leaves_alone(
        self, empathy: Pack, data: st.DataObject
    ) -> None:
        pack = seeded(data.draw(steered(empathy)))
        emotions = dict(pack.user_emotions)
        emotions[data.draw(st.sampled_from(sorted(emotions)))] *= 2
        before, after = plan(pack).briefs(0, 300), plan(pack, user_emotions=emotions).briefs(0, 300)
        for old, new in zip(before, after, strict=True):
            if (old.user.emotion, old.arc) == (new.user.emotion, new.arc):
                assert old.user.voice == new.user.voice

    @settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(data=st.data())
    def test_what_is_drawn_is_as_likely_as_was_worked_out(self, empathy: Pack, data: st.DataObject) -> None:
        planner = plan(seeded(data.draw(steered(empathy))))
        drawn = [(brief.user.voice, brief.user.emotion) for brief in planner.briefs(0, 2000)]
        for cell, share in likelihood(planner.rules, ["voice.user", "user_emotion"]).items():
            assert drawn.count((cell[0], cell[1])) / 2000 == pytest.approx(share, abs=0.06)
