from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.shard.interleave import deinterleave, interleave, words
from schemas.recipe import Recipe, Span

texts = st.one_of(st.text(), st.text(alphabet="ab’é \t\n\u00a0\u2028"))
units = st.lists(st.integers(0, 16383), max_size=80)
recipes = st.builds(Recipe, text_span=st.integers(1, 9), speech_span=st.integers(1, 17))


def kinds(spans: tuple[Span, ...]) -> str:
    return "".join("T" if span.text else "U" for span in spans)


@given(texts)
def test_joining_the_words_gives_the_text_back(text: str) -> None:
    assert "".join(words(text)) == text
    assert len(words(text)) == max(len(text.split()), bool(text))


@given(texts, units, recipes)
def test_what_was_interleaved_comes_back(text: str, speech: list[int], recipe: Recipe) -> None:
    assert deinterleave(interleave(text, speech, recipe)) == (text, tuple(speech))


@given(texts, units, recipes)
def test_a_span_holds_text_or_units_never_both_and_never_nothing(text: str, speech: list[int], recipe: Recipe) -> None:
    assert all(bool(span.text) != bool(span.units) for span in interleave(text, speech, recipe))


@given(texts, units, recipes)
def test_only_the_last_span_of_a_stream_is_short(text: str, speech: list[int], recipe: Recipe) -> None:
    spans = interleave(text, speech, recipe)
    lengths = [len(span.units) for span in spans if span.units]
    assert all(length == recipe.speech_span for length in lengths[:-1])
    counts = [len(words(span.text)) for span in spans if span.text]
    assert all(count == recipe.text_span for count in counts[:-1])


@given(texts, units, recipes)
def test_the_streams_take_turns_until_one_is_spent_and_the_other_drains(
    text: str, speech: list[int], recipe: Recipe
) -> None:
    order = kinds(interleave(text, speech, recipe))
    both = 2 * min(order.count("T"), order.count("U"))
    assert all(first != second for first, second in pairwise(order[:both]))
    assert order[:1] == "T" or not text
    assert len(set(order[both:])) <= 1


def test_eleven_words_and_26_units_at_4_to_8() -> None:
    """The worked example of OpenS2S: TTTT UUUUUUUU TTTT UUUUUUUU TTT UUUUUUUU UU."""
    text = "one two three four five six seven eight nine ten eleven"
    spans = interleave(text, range(26), Recipe(text_span=4, speech_span=8))
    assert kinds(spans) == "TUTUTUU"
    assert [len(span.text.split()) for span in spans if span.text] == [4, 4, 3]
    assert [span.units for span in spans if span.units] == [
        tuple(range(8)),
        tuple(range(8, 16)),
        tuple(range(16, 24)),
        (24, 25),
    ]


def test_more_text_than_units_drains_too() -> None:
    assert kinds(interleave("a b c d e f", [7], Recipe(text_span=2, speech_span=2))) == "TUTT"


def test_nothing_gives_nothing() -> None:
    assert interleave("", [], Recipe()) == ()
