import pytest
from pydantic import ValidationError

from schemas.text_rules import Bounds, TextRules
from tests.write.texts.dialogues import faults


def test_a_turn_too_short_or_too_long_is_named_with_the_limit() -> None:
    rules = TextRules(characters=Bounds(least=5, most=20), words=Bounds(least=2, most=4))
    found = faults("No.", "That is a long way to go today.", rules=rules)
    assert [(one.turn, one.check, one.message) for one in found] == [
        (0, "characters", "3 characters, less than 5"),
        (0, "words", "1 words, less than 2"),
        (1, "characters", "31 characters, more than 20"),
        (1, "words", "8 words, more than 4"),
    ]


def test_the_limits_themselves_pass() -> None:
    assert not faults("Abc d", rules=TextRules(characters=Bounds(least=5, most=5), words=Bounds(least=2, most=2)))


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValidationError, match="nothing lies between 9 and 3"):
        Bounds(least=9, most=3)
