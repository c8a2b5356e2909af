"""The same said again is found; what people do repeat is not."""

import pytest

from schemas.text_rules import Repetition, TextRules
from tests.write.texts.dialogues import faults

LONG = "That must have been such a heavy thing to carry."
SHORT = "That sounds really hard."


def found(*texts: str, language: str = "en", repetition: Repetition | None = None) -> list[tuple[int | None, str]]:
    rules = TextRules(repetition=repetition or Repetition())
    return [(one.turn, one.message) for one in faults(*texts, language=language, rules=rules)]


def test_a_long_sentence_stands_once_a_short_one_twice() -> None:
    assert found("Hi.", f"{LONG} Go on.", "Well.", f"So. {LONG}") == [
        (3, "'that must have been such a heavy thing to carry' is said twice")
    ]
    assert not found("Hi.", f"{SHORT} Why?", "Well.", f"Hm. {SHORT}")
    assert found("Hi.", SHORT, "Well.", SHORT, "So.", SHORT) == [(5, "'that sounds really hard' is said three times")]
    assert not found("I know.", "I see.", "I know.", "I see.", "I know.", "I see.", "I know.", "I see.")


def test_chinese_sentences_count_by_characters() -> None:
    long = "这件事真的让你一个人扛了太久了。"
    assert found("你好。", long, "嗯。", long, language="zh") == [(3, "'这件事真的让你一个人扛了太久了' is said twice")]
    assert not found("你好。", "那一定很难受。", "嗯。", "那一定很难受。", language="zh")


@pytest.mark.parametrize(
    ("language", "text", "piece"),
    [
        ("en", "I feel so lost and so lost and so lost and so lost and so lost.", "'so lost and'"),
        ("en", "No no no no no no no no no.", "'no'"),
        ("zh", "我好难过我好难过我好难过我好难过我好难过。", "'我好难过'"),
    ],
)
def test_words_in_a_loop_are_found(language: str, text: str, piece: str) -> None:
    ((turn, message),) = found(text, language=language)
    assert turn == 0
    assert sorted(message.split(" goes")[0]) == sorted(piece)


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "No, no, no, no! Never, never, never."), ("en", "Ha ha ha ha ha!"), ("zh", "哈哈哈哈哈哈哈哈，真的吗？")],
)
def test_people_do_say_no_no_no(language: str, text: str) -> None:
    assert not found(text, language=language)


def test_a_reply_that_repeats_the_user_is_found_and_one_that_takes_it_up_is_not() -> None:
    said = "My dog died last night and I keep listening for that little noise at the door."
    assert found(said, f"Oh. {said.replace('My', 'Your')}")[0][0] == 1
    assert not found(said, "Your dog died last night, and the quiet at the door must be hard. Who is with you?")


def test_limits_are_the_packs() -> None:
    assert not found("Hi.", LONG, "Well.", LONG, repetition=Repetition(once=20, twice=20))
    assert not faults("Hi.", LONG, "Well.", LONG, rules=TextRules(repetition=None))
