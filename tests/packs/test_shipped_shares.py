"""What the packs that ship ask for comes out."""

from collections import Counter

import pytest

from pipeline.plan.cells import likelihood, quotas
from schemas.brief import Arc, Brief, Kind
from schemas.voice import Age, Gender, Role
from tests.packs.shipping import IN_CHINESE, NAMES, briefs, pack, planner

MANY = 6000


def counted(name: str, size: int, *fields: str) -> Counter[tuple[str, ...]]:
    """How many dialogues of each combination a corpus of `size` gets."""
    cells = quotas(likelihood(planner(name).rules, pack(name).targets.cells), size)
    at = [pack(name).targets.cells.index(field) for field in fields]
    found: Counter[tuple[str, ...]] = Counter()
    for cell, count in cells.items():
        found[tuple(cell[place] for place in at)] += count
    return found


def sets(name: str) -> list[list[Brief]]:
    """The first contrast sets of a pack."""
    contrast = pack(name).contrast
    assert contrast is not None
    drawn = briefs(name, 300 * contrast.members)
    return [drawn[start : start + contrast.members] for start in range(0, len(drawn), contrast.members)]


@pytest.mark.parametrize("name", NAMES)
def test_languages_and_kinds_are_drawn_as_asked(name: str) -> None:
    asked = likelihood(planner(name).rules, ["language", "kind"])
    drawn: Counter[tuple[str, ...]] = Counter((brief.language, str(brief.kind)) for brief in briefs(name, MANY))
    assert drawn.keys() == asked.keys()
    for cell, share in asked.items():
        assert drawn[cell] / MANY == pytest.approx(share, abs=4 * (share * (1 - share) / MANY * 3) ** 0.5 + 1e-9)


@pytest.mark.parametrize("name", IN_CHINESE)
def test_half_is_chinese(name: str) -> None:
    shares = likelihood(planner(name).rules, ["language"])
    assert shares == {("en",): 0.5, ("zh",): 0.5}


@pytest.mark.parametrize(("size", "each", "general"), [(210_000, 50_000, 100_000), (840_000, 200_000, 400_000)])
def test_the_sizes_of_opens2s_are_the_papers_amounts(size: int, each: int, general: int) -> None:
    found = counted("opens2s", size, "language", "kind")
    near = 5  # whole numbers in each cell of emotion
    assert found["en", "reply"] == pytest.approx(each, abs=near)
    assert found["zh", "reply"] == pytest.approx(each, abs=near)
    assert found["en", "instruction"] + found["zh", "instruction"] == pytest.approx(general, abs=near)
    assert sum(found.values()) == size


def test_opens2s_has_one_voice_that_answers_and_at_least_forty_seeds() -> None:
    assert [voice.id for voice in pack("opens2s").voices if Role.ASSISTANT in voice.roles] == ["serena"]
    families = Counter(situation.id.partition("_")[0] for situation in pack("opens2s").situations)
    assert families["emotion"] + families["age"] + families["gender"] >= 40
    assert min(families.values()) >= 14


def test_general_rows_are_plain_and_empathetic_ones_draw_no_general_seed() -> None:
    for brief in briefs("opens2s", MANY):
        assert brief.situation.startswith("general_") == (brief.kind is not Kind.REPLY)
        if brief.kind is not Kind.REPLY:
            assert brief.user.emotion == "neutral"
        assert brief.turns == 2


def test_chinese_life_is_drawn_in_chinese_only_and_every_emotion_has_some_of_it() -> None:
    drawn = briefs("empathy-en-zh", MANY)
    own = {situation.id for situation in pack("empathy-en-zh").situations if situation.weight == 0}
    assert len(own) >= 12
    of_own = [brief for brief in drawn if brief.situation in own]
    assert {brief.language for brief in of_own} == {"zh"}
    assert {brief.situation for brief in of_own} == own
    assert {brief.user.emotion for brief in of_own} == set(pack("empathy-en-zh").user_emotions)
    assert len(of_own) / sum(brief.language == "zh" for brief in drawn) > 0.3


def test_all_arcs_are_drawn_and_feelings_move_in_every_one_but_steady() -> None:
    drawn = briefs("empathy-en-zh", MANY)
    assert {brief.arc for brief in drawn} == set(Arc)
    for brief in drawn:
        assert (len(set(brief.user.path)) > 1) == (brief.arc is not Arc.STEADY)


def test_chinese_lengths_are_those_of_chinese() -> None:
    for brief in briefs("empathy-en-zh", MANY):
        assert brief.length.endswith("_zh") == (brief.language == "zh")


def test_a_contrast_set_shares_all_but_the_emotion() -> None:
    for members in sets("contrast"):
        assert len({brief.user.emotion for brief in members}) == 3
        assert len({(b.language, b.situation, b.user.voice, b.user.intensity, b.text_seed) for b in members}) == 1


@pytest.mark.parametrize(("name", "same"), [("contrast-age", "gender"), ("contrast-gender", "age")])
def test_a_contrast_set_of_voices_shares_all_but_who_speaks(name: str, same: str) -> None:
    varied = {"contrast-age": {Age.YOUNG, Age.ADULT, Age.ELDERLY}, "contrast-gender": set(Gender)}[name]
    by = name.removeprefix("contrast-")
    for members in sets(name):
        assert {getattr(brief.user, by) for brief in members} == varied
        assert len({getattr(brief.user, same) for brief in members}) == 1
        assert len({(b.language, b.situation, b.user.emotion, b.text_seed) for b in members}) == 1
