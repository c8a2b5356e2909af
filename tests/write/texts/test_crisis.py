"""A user in danger is met: the rule says how, and the answer is looked at."""

from typing import Literal

import pytest

from pipeline.write.texts.crisis import crises
from pipeline.write.texts.said import hear
from schemas.text_rules import TextRules
from tests.write.texts.dialogues import dialogue, faults

SAID = "Since he left I think of killing myself."
SAFE = "I'm so glad you told me. Are you safe right now, and is somebody with you?"
LATE = "I hear how much it hurts."


@pytest.mark.parametrize(
    ("rule", "reply", "turns"),
    [
        ("safe_reply", SAFE, []),
        ("safe_reply", LATE, [1]),
        ("reject", SAFE, [0]),
        ("allow", "Cheer up!", []),
    ],
)
def test_the_rule_says_what_becomes_of_it(
    rule: Literal["safe_reply", "reject", "allow"], reply: str, turns: list[int]
) -> None:
    found = faults(SAID, reply, rules=TextRules(crisis=rule))
    assert [(one.turn, one.check) for one in found] == [(turn, "crisis") for turn in turns]


def test_the_answer_itself_has_to_be_safe_not_a_later_one() -> None:
    assert [one.turn for one in faults("Hello.", "Hi.", SAID, LATE, "So what.", SAFE)] == [3]


def test_a_crisis_that_nobody_answers_is_named() -> None:
    assert [one.message for one in faults(SAID)] == ["'killing myself' is never answered"]


def test_who_is_in_danger_can_be_told_whatever_the_rule() -> None:
    told = list(crises(hear(dialogue("Hi.", "Hello.", SAID, SAFE)), "en"))
    assert [(one.number, words) for one, words in told] == [(2, "killing myself")]


def test_what_the_assistant_says_is_no_crisis() -> None:
    assert not faults("Hello.", "Do you sometimes think of killing yourself, as in I want to die?")
