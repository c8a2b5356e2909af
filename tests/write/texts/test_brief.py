"""A text is held against its brief: how much is said in a turn, and which sounds."""

import pytest
from pydantic import ValidationError

from pipeline.write.texts.brief import Asked, brief_faults
from schemas.dialogue import Dialogue
from schemas.text_rules import TextRules
from tests.write.texts.dialogues import DEFAULT, dialogue

TAGS = {"sad": ("sigh", "breath"), "happy": ("laughter",)}


def found(asked: Asked, *texts: str, rules: TextRules = DEFAULT) -> list[tuple[int | None, str, str]]:
    return [(one.turn, one.check, one.message) for one in brief_faults(dialogue(*texts), asked, rules)]


def feeling(text: str, emotion: str) -> Dialogue:
    (turn,) = dialogue(text).turns
    return Dialogue(turns=(turn.model_copy(update={"emotion": emotion}),))


def test_a_turn_far_off_the_length_asked_is_named_with_what_was_asked_and_what_came() -> None:
    asked = Asked(words=(4, 8))
    limits = "asked for 4 to 8 (with length_tolerance 1.5 that is 3 to 12)"
    assert found(asked, "Not now.", "Well, " * 13) == [
        (0, "length", f"2 words, {limits}"),
        (1, "length", f"13 words, {limits}"),
    ]


@pytest.mark.parametrize("count", [3, 4, 8, 12])
def test_the_tolerance_itself_passes(count: int) -> None:
    assert not found(Asked(words=(4, 8)), "so " * count)


def test_lengths_are_counted_in_characters_where_no_spaces_are_written_without_marks_and_sounds() -> None:
    asked = Asked(words=(6, 8), unit="characters", tags={"sad": ("sigh",)})
    assert not found(asked, "[sigh]，，，她昨天，走了。")
    assert [one[2].split(",")[0] for one in found(asked, "她走了。")] == ["3 characters"]


def test_a_pack_may_hold_turns_to_their_length_or_not_measure_them() -> None:
    asked = Asked(words=(4, 8))
    assert found(asked, "so so so", rules=TextRules(length_tolerance=1.0))
    assert not found(asked, "so", rules=TextRules(length_tolerance=None))
    assert not found(Asked(), "so")


@pytest.mark.parametrize("tolerance", [0.5, float("inf"), float("nan")])
def test_a_tolerance_below_1_or_without_bound_is_refused(tolerance: float) -> None:
    with pytest.raises(ValidationError, match="length_tolerance"):
        TextRules(length_tolerance=tolerance)


def test_a_sound_of_another_emotion_is_named_with_those_that_are_open() -> None:
    asked = Asked(tags=TAGS)
    assert found(asked, "[sigh] Well. [laughter]") == [
        (0, "tags", "[laughter] is no sound of sad, which has [sigh] [breath]")
    ]
    angry = list(brief_faults(feeling("[sigh] Well.", "angry"), asked, DEFAULT))
    assert [one.message for one in angry] == ["[sigh] is no sound of angry, which has none"]
    assert not list(brief_faults(feeling("[laughter] Well.", "happy"), asked, DEFAULT))


def test_a_turn_that_is_typed_holds_no_sound() -> None:
    asked = Asked(tags=TAGS, typed=True)
    assert found(asked, "[sigh] Well.", "[sigh] Yes.") == [(0, "tags", "[sigh] stands in a turn that is typed")]


def test_brackets_that_are_no_sound_of_the_pack_are_left_to_another_check() -> None:
    assert not found(Asked(tags=TAGS), "[door slams] Well.")
