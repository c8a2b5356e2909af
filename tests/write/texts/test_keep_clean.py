"""Benchmarks stay clean: long texts by runs of words, short ones if they are equal."""

import pytest
from pydantic import ValidationError

from pipeline.write.texts.judge import judge
from pipeline.write.texts.keep_clean import KeptClean
from schemas.text_rules import ListedTexts
from tests.write.texts.dialogues import DEFAULT, dialogue

LONG = (
    "I have been waiting for this letter since the first week of March, and now that it lies here I cannot open it, "
    "because as long as it is closed both answers are still true."
)
CHINESE = "这封信我从三月第一个星期等到现在，可它真的摆在面前的时候我却不敢拆开，因为不拆开就什么都还有可能。"
LISTED = KeptClean(
    [
        LONG,
        CHINESE,
        "What is the capital of France?",
        "我想去北京旅游怎么走",
        "How are you?",
        "Which of these planets has the most moons?",
    ]
)


def found(text: str, language: str = "en") -> list[str]:
    return [
        one.message for one in judge(dialogue(text), language, DEFAULT, kept_clean=LISTED) if one.check == "keep_clean"
    ]


def test_thirteen_words_of_a_listed_text_are_an_overlap_and_twelve_are_not() -> None:
    words = LONG.split()
    piece = " ".join(words[5:18])
    assert found(f"Well, you know, {piece.upper().lower()} or so.") == [
        "'this letter since the first week of march and now that it l…' stands in a text to keep clean of"
    ]
    assert not found(f"Well, you know, {' '.join(words[5:17])} or so.")


def test_chinese_counts_twenty_characters() -> None:
    assert found(f"是啊，{CHINESE[10:32]}。", "zh")
    assert not found(f"是啊，{CHINESE[10:29]}。", "zh")


def test_shorter_listed_texts_have_to_be_equal() -> None:
    assert found("what is the capital of france") == ["'what is the capital of france' is a text to keep clean of"]
    assert found("我想去北京旅游，怎么走？", "zh")
    assert not found("He asked me what is the capital of France of all things.")


def test_a_long_enough_sentence_is_found_inside_a_turn() -> None:
    assert found("Quick one. Which of these planets has the most moons? Tell me.")


def test_what_everybody_says_belongs_to_no_benchmark() -> None:
    assert not found("How are you?")


def test_no_list_finds_nothing() -> None:
    assert not judge(dialogue(LONG), "en", DEFAULT, kept_clean=KeptClean())


@pytest.mark.parametrize("keys", [{"file": "a.jsonl"}, {"file": "a.txt", "field": "prompt"}, {"file": ""}])
def test_a_list_that_cannot_be_read_is_refused(keys: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ListedTexts.model_validate(keys)
