# ruff: noqa: S311 -- luck for test texts
"""Near duplicates are found among many, in every process alike, in memory that stays small."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.write.texts.earlier_texts import EarlierTexts, sketches_of
from pipeline.write.texts.near_duplicates import NearDuplicates
from pipeline.write.texts.sketch import SIZE, likeness, sketch
from schemas.text_rules import NearDuplicateLimits
from tests.write.texts.dialogues import dialogue

WORDS = [f"word{number}" for number in range(5000)]


def text(luck: random.Random, length: int = 120) -> list[str]:
    return luck.choices(WORDS, k=length)


def edited(luck: random.Random, words: list[str], edits: int) -> list[str]:
    """The same words but for `edits` of them, each far from the next: three runs of words change with each."""
    changed = list(words)
    for place in range(3, 3 + 5 * edits, 5):
        changed[place] = luck.choice(WORDS)
    return changed


def jaccard(one: list[str], other: list[str]) -> float:
    runs = [set(zip(words, words[1:], words[2:], strict=False)) for words in (one, other)]
    return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


def test_sketches_tell_the_likeness_of_texts() -> None:
    luck = random.Random(1)
    misses = []
    for edits in range(0, 22, 3):
        for _ in range(10):
            words = text(luck)
            other = edited(luck, words, edits)
            misses.append(
                abs(likeness(sketch([" ".join(words)], "en"), sketch([" ".join(other)], "en")) - jaccard(words, other))
            )
    assert sum(misses) / len(misses) < 0.05
    assert max(misses) < 0.2


@pytest.mark.parametrize(("edits", "found"), [(0, 1.0), (2, 0.97), (9, 0.0)])
def test_copies_with_few_edits_are_found_and_looser_ones_are_not(edits: int, found: float) -> None:
    luck = random.Random(2)
    corpus, texts = NearDuplicates(0.8), [text(luck) for _ in range(2000)]
    for number, words in enumerate(texts):
        corpus.add(str(number), sketch([" ".join(words)], "en"))
    hits = 0
    for number in range(0, 2000, 20):
        like = corpus.like(sketch([" ".join(edited(luck, texts[number], edits))], "en"))
        assert like is None or like.text_id == str(number)
        hits += like is not None
    assert hits >= 100 * found
    if not found:
        assert hits == 0


def test_texts_that_share_half_of_their_words_crowd_nobody_out() -> None:
    luck = random.Random(3)
    common = text(luck, 60)
    texts = [common + text(luck, 60) for _ in range(1500)]
    corpus = NearDuplicates(0.8)
    for number, words in enumerate(texts):
        assert corpus.like_or_add(str(number), sketch([" ".join(words)], "en")) is None
    again = [corpus.like(sketch([" ".join(words)], "en")) for words in texts]
    assert sum(one is not None and one.text_id == str(number) for number, one in enumerate(again)) >= 0.95 * len(texts)


def test_it_takes_about_two_hundred_bytes_a_dialogue() -> None:
    luck = random.Random(4)
    corpus = NearDuplicates(0.8)
    for number in range(10_000):
        corpus.add(f"empathy-7-{number:07d}", luck.randbytes(SIZE))
    assert len(corpus) == 10_000
    assert corpus.size / len(corpus) < 240


def test_the_earlier_of_two_alike_stays_and_is_named() -> None:
    earlier = EarlierTexts(NearDuplicateLimits())
    first = dialogue(
        "My old dog died on Sunday and the house is so quiet now.", "That quiet must be hard to walk into."
    )
    other = dialogue("I passed the exam and I can hardly sit still today!", "Oh, tell me how it went from the start!")
    for text_id, one in (("a-1", first), ("a-2", other)):
        assert not list(earlier.faults(sketches_of(one, "en")))
        earlier.add(text_id, sketches_of(one, "en"))
    (fault,) = earlier.faults(sketches_of(first, "en"))
    assert (fault.turn, fault.check, fault.message) == (None, "near_duplicates", "100% like the earlier dialogue a-1")


def test_a_dialogue_that_begins_as_an_earlier_one_did_is_found_unless_that_is_turned_off() -> None:
    opening = "I've been offered the job in Lisbon and I have to answer them by Friday."
    first, other = dialogue(opening, "What does your heart say?"), dialogue(opening, "Friday is soon. Who else knows?")
    for openings, turns in ((0.9, [0]), (None, [])):
        earlier = EarlierTexts(NearDuplicateLimits(openings=openings))
        earlier.add("a-1", sketches_of(first, "en"))
        assert [fault.turn for fault in earlier.faults(sketches_of(other, "en"))] == turns


def test_openings_of_a_few_words_are_everybodys() -> None:
    earlier = EarlierTexts(NearDuplicateLimits())
    for number, more in enumerate(("My cat is ill, so I'm up.", "They offered me the job in Porto, by the sea.")):
        sketches = sketches_of(dialogue("Hi. Do you have a moment?", "Sure.", more), "en")
        assert not list(earlier.faults(sketches))
        earlier.add(str(number), sketches)


def test_chinese_is_compared_by_characters() -> None:
    one = "我养了十二年的狗昨天晚上走了，家里一下子安静得让人受不了，我不知道该怎么办。"
    like = one.replace("昨天", "前天").replace("，", "。")
    assert likeness(sketch([one], "zh"), sketch([like], "zh")) > 0.55
    assert (
        likeness(sketch([one], "zh"), sketch(["我刚拿到了录取通知书，高兴得坐都坐不住，想马上告诉全世界。"], "zh"))
        < 0.1
    )


@given(st.lists(st.text(max_size=40), max_size=4), st.sampled_from(["en", "zh"]))
def test_any_text_has_a_sketch_that_equals_itself(texts: list[str], language: str) -> None:
    made = sketch(texts, language)
    assert len(made) in (0, SIZE)
    assert likeness(made, made) == (1.0 if made else 0.0)


def test_sketches_are_the_same_in_every_process() -> None:
    program = "from pipeline.write.texts.sketch import sketch; print(sketch(['a quiet house, 我难过'], 'en').hex())"
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert made == {sketch(["a quiet house, 我难过"], "en").hex() + "\n"}


def test_likenesses_too_low_to_find_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.5 is the least"):
        NearDuplicates(0.2)
