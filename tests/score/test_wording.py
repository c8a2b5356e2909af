import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.score.wording import error_rates, normalised


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Twenty-one o'clock!", "twenty one o'clock"),
        ("It’s two o’clock…", "it's two o'clock"),
        ("‘Cause the parents’ house is “far”.", "cause the parents house is far"),
        ("well—no; maybe – yes", "well no maybe yes"),
        ("Zoë's café", "zoe's cafe"),
        ("At 7:30, or 8", "at 7 30 or 8"),
        ("snake_case & 50%", "snake case 50"),
        (" \n\t ", ""),
        ("!?… —", ""),
    ],
)
def test_only_what_cannot_be_heard_is_taken_away(text: str, words: str) -> None:
    assert normalised(text) == words


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_case_and_punctuation_are_no_errors() -> None:
    assert error_rates("I'm so sorry -- really!", "i’m so sorry really") == (0.0, 0.0)


@pytest.mark.parametrize(
    ("heard", "wer"),
    [
        ("my cat died on monday", 0.0),
        ("my cat died monday", 1 / 5),
        ("my hat died on sunday", 2 / 5),
        ("my cat died on monday in the rain", 3 / 5),
        ("one two three four five six seven", 7 / 5),
        ("", 1.0),
        ("…", 1.0),
    ],
)
def test_wer_counts_substituted_missing_and_added_words(heard: str, wer: float) -> None:
    assert error_rates("My cat died on Monday.", heard)[0] == pytest.approx(wer)


def test_cer_counts_characters_with_the_spaces() -> None:
    assert error_rates("a cat", "a bat")[1] == pytest.approx(1 / 5)
    assert error_rates("a cat", "acat")[1] == pytest.approx(1 / 5)


@pytest.mark.parametrize("reference", ["", "  ", "…!"])
def test_a_reference_without_words_is_an_error(reference: str) -> None:
    with pytest.raises(ValueError, match="no word"):
        error_rates(reference, "anything")
