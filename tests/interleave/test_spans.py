"""Every recipe: what goes in comes out, in the order and the spans that the recipe says."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.interleave.spans import AlignmentError, deinterleave, interleave, paired, rendered
from pipeline.interleave.text_tokens import words
from schemas.recipe import PRESETS, Aligned, Markers, Recipe, Span, Tail
from schemas.take import Word

texts = st.one_of(st.text(), st.text(alphabet="ab’é \t\n\u00a0\u2028"), st.text(alphabet="你好，a 。"))
units = st.lists(st.integers(0, 16383), max_size=120)
spans = st.tuples(st.integers(0, 5), st.integers(0, 9)).filter(any)
recipes = st.builds(
    Recipe,
    text_span=st.integers(1, 9),
    speech_span=st.integers(1, 17),
    first=st.lists(spans, max_size=3),
    tail=st.sampled_from(Tail),
    markers=st.sampled_from([Markers(), Markers(**{name: f"<{name}>" for name in Markers.model_fields})]),
)
presets = st.sampled_from([Recipe.model_validate({"preset": name}) for name in PRESETS])


@st.composite
def times(draw: st.DrawFn) -> tuple[str, list[Word]]:
    """A text and the times of its words: in order, some overlapping, some without length."""
    said = draw(st.lists(st.text(alphabet="abcé", min_size=1, max_size=5), max_size=12))
    starts = list(accumulate(draw(st.lists(st.floats(0, 0.6), min_size=len(said), max_size=len(said)))))
    lengths = draw(st.lists(st.floats(0, 1.0), min_size=len(said), max_size=len(said)))
    timed = [Word(text=t, start=s, end=s + n) for t, s, n in zip(said, starts, lengths, strict=True)]
    return draw(st.sampled_from(["", " ", "— "])) + ", ".join(said) + draw(st.sampled_from(["", ".", "! "])), timed


def kinds(steps: tuple[Span, ...]) -> str:
    """One letter a step; T of runs of text, U of runs of units, a marker as it is."""
    return "".join("T" if step.text else "U" if step.units else step.marker for step in steps)


def drawn(text: int, speech: int, preset: str) -> str:
    """The preset's steps of so many words and units, a letter for each word and unit, and its markers."""
    recipe = Recipe.model_validate({"preset": preset})
    steps = interleave(" ".join(["x"] * text), [0] * speech, recipe)
    return " ".join("T" * len(step.text.split()) + "U" * len(step.units) + step.marker for step in steps)


@given(texts)
def test_joining_the_words_gives_the_text_back(text: str) -> None:
    assert "".join(words(text)) == text


@given(st.text(alphabet="ab’é \t\n\u00a0\u2028"))
def test_a_word_is_what_stands_between_white_space(text: str) -> None:
    assert len(words(text)) == max(len(text.split()), bool(text))


@given(texts, units, recipes)
def test_what_was_interleaved_comes_back(text: str, speech: list[int], recipe: Recipe) -> None:
    assert deinterleave(interleave(text, speech, recipe)) == (text, tuple(speech))


@given(times(), st.integers(0, 60), st.integers(1, 4), st.integers(1, 5), st.sampled_from(Aligned))
def test_what_was_cut_at_word_times_comes_back(
    said: tuple[str, list[Word]], frames: int, codebooks: int, span: int, how: Aligned
) -> None:
    text, timed = said
    recipe, speech = Recipe(aligned=how, text_span=span), list(range(frames * codebooks if timed else 0))
    made = interleave(text, speech, recipe, codebooks=codebooks, times=timed, rate=12.5)
    assert deinterleave(made) == (text, tuple(speech))
    assert all(len(step.units) % codebooks == 0 for step in made)


@given(texts, units, presets)
def test_every_preset_gives_back_what_went_in(text: str, speech: list[int], recipe: Recipe) -> None:
    timed = [Word(text=word.strip(), start=n / 3, end=n / 3 + 0.2) for n, word in enumerate(words(text))]
    if recipe.aligned and not text.strip():
        return  # nothing was said, so there is nothing to align with
    made = interleave(text, speech, recipe, times=timed, rate=25.0)
    assert deinterleave(made) == (text, tuple(speech))


@given(texts, units, recipes)
def test_a_step_is_text_or_units_or_a_marker(text: str, speech: list[int], recipe: Recipe) -> None:
    for step in interleave(text, speech, recipe):
        assert [bool(step.text), bool(step.units), bool(step.marker)].count(True) == 1


@given(st.integers(0, 60), st.integers(0, 150), recipes)
def test_pairs_are_full_until_the_tail(tokens: int, frames: int, recipe: Recipe) -> None:
    pairs, _ = paired(tokens, frames, recipe)
    assert (sum(text for text, _ in pairs), sum(speech for _, speech in pairs)) == (tokens, frames)
    wanted = [*recipe.first, *[(recipe.text_span, recipe.speech_span)] * len(pairs)]
    left_text, left_speech = tokens, frames
    for pair, (text, speech) in list(zip(pairs, wanted, strict=False))[:-1]:
        if recipe.tail is not Tail.SHORT_LAST or left_speech > speech:
            assert pair == (min(text, left_text), min(speech, left_speech))
        left_text, left_speech = left_text - pair[0], left_speech - pair[1]


@given(st.integers(1, 60), st.integers(1, 150), recipes)
def test_a_tail_is_as_its_rule_says(tokens: int, frames: int, recipe: Recipe) -> None:
    pairs, over = paired(tokens, frames, recipe)
    alone = [pair for pair in pairs if 0 in pair]
    if recipe.tail is Tail.SHORT_LAST and not recipe.first:
        assert len(alone) <= 1, "the rest of one stream comes at once"
        assert not alone or alone[0][0], "only text can be left to stand alone"
    if recipe.tail is Tail.JOIN and not recipe.first:
        assert not alone, "what is left over stands in the last spans"
    if recipe.tail is Tail.TEXT_FIRST:
        assert over == len(pairs) - 1


def test_the_rules_of_each_model_on_eleven_words_and_26_units() -> None:
    assert drawn(11, 26, "opens2s") == "TTTT UUUUUUUU TTTT UUUUUUUU TTT UUUUUUUU UU"
    assert drawn(3, 7, "opens2s-1-2") == "T UU T UU T UU U"
    assert drawn(3, 26, "opens2s-1-2").endswith("T UU" + " UU" * 10)
    begin, end = "<|assistant|>streaming_transcription\n", "<|user|>"
    assert drawn(15, 60, "glm-4-voice") == f"{begin} {'T' * 13} {'U' * 26} TT {'U' * 34} {end}"
    assert drawn(7, 40, "llama-omni2") == f"TTT {'U' * 10} TTT {'U' * 10} T <sep> {'U' * 20}"
    assert drawn(6, 30, "llama-omni2") == f"TTT {'U' * 10} TTT <sep> {'U' * 20}"
    fifteen = "U" * 15
    assert drawn(7, 40, "cosyvoice") == f"TTTTT {fifteen} <|fill|> TT <|task_id|> {'U' * 25} <|eos|>"
    assert drawn(5, 40, "cosyvoice") == f"TTTTT {fifteen} <|fill|> <|task_id|> {'U' * 25} <|eos|>"
    a, z = "<|begin_of_audio|>", "<|end_of_audio|>"
    assert drawn(6, 30, "vita-audio-boost") == f"T {a} {'U' * 8} {z} TTTT {a} {'U' * 8} {z} T {a} {'U' * 14} {z}"
    assert drawn(9, 9, "vita-audio-balance") == f"T {a} UU {z} TTT {a} UUUUUU {z} TTTTT {a} U {z}"


def test_moshi_has_a_word_stand_before_the_frame_it_begins_in() -> None:
    said = [Word(text="Oh", start=0.17, end=0.3), Word(text="no", start=0.4, end=0.9)]
    recipe = Recipe.model_validate({"preset": "moshi"})
    made = interleave("Oh no.", range(12), recipe, times=said, rate=12.5)
    assert [step.text or step.units for step in made] == [(0, 1), "Oh ", (2, 3, 4), "no.", tuple(range(5, 12))]


def test_frames_of_several_codebooks_stay_whole() -> None:
    made = interleave("a b", range(24), Recipe(text_span=1, speech_span=2), codebooks=8)
    assert [len(step.units) for step in made if step.units] == [16, 8]


def test_a_sequence_is_spelt_as_a_trainers_tokenizer_reads_it() -> None:
    recipe = Recipe.model_validate({"preset": "vita-audio-boost"})
    assert rendered(interleave("Oh dear", [3, 4], recipe), recipe) == (
        "Oh dear<|begin_of_audio|><|audio_3|><|audio_4|><|end_of_audio|>"
    )


def test_more_text_than_units_drains_too() -> None:
    assert kinds(interleave("a b c d e f", [7], Recipe(text_span=2, speech_span=2))) == "TUTT"


def test_nothing_gives_nothing() -> None:
    for tail in Tail:
        assert interleave("", [], Recipe(tail=tail)) == ()


@pytest.mark.parametrize(
    ("timed", "complaint"),
    [
        ([("Oh", 0.5, 0.6), ("no", 0.2, 0.8)], "word 1 runs backwards"),
        ([("Oh", 0.5, 0.4), ("no", 0.6, 0.8)], "word 0 runs backwards"),
        ([("Oh", 0.1, 0.4), ("yes", 0.6, 0.8)], "'yes' is not in the text"),
        ([], "no word times"),
    ],
)
def test_times_that_do_not_fit_are_told(timed: list[tuple[str, float, float]], complaint: str) -> None:
    said = [Word(text=text, start=start, end=end) for text, start, end in timed]
    with pytest.raises(AlignmentError, match=complaint):
        interleave("Oh no.", [1, 2, 3], Recipe(aligned=Aligned.WORD_ENDS), times=said, rate=25.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text_span": 0},
        {"speech_span": 0},
        {"first": [[0, 0]]},
        {"first": [[-1, 4]]},
        {"preset": "moshi", "tokenizer": "tokenizer.json"},
        {"preset": "moshi", "first": [[1, 4]]},
        {"unit": "<|audio|>"},
        {"tail": "wag"},
    ],
)
def test_a_recipe_that_cannot_end_or_be_followed_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate(wrong)
