"""Tokenizers of the `tokenizers` library: the pieces are the text, the ids are the model's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from pipeline.interleave.spans import deinterleave, interleave
from pipeline.interleave.text_tokens import FileTokenizer, TokenizerError
from schemas.recipe import Recipe
from tests.interleave.tokenizers import SAID, byte_level, lower_case

BYTE_LEVEL = FileTokenizer(byte_level())


@given(st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(SAID)))
def test_joining_the_pieces_gives_the_text_back(text: str) -> None:
    pieces = BYTE_LEVEL.cut(text)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.token is not None for piece in pieces)


@given(st.sampled_from(SAID), st.lists(st.integers(0, 99), max_size=40), st.integers(1, 6), st.integers(1, 9))
def test_ids_stand_with_their_text_and_all_come_back(text: str, units: list[int], span: int, speech: int) -> None:
    made = interleave(text, units, Recipe(text_span=span, speech_span=speech), BYTE_LEVEL)
    assert deinterleave(made) == (text, tuple(units))
    whole = Tokenizer.from_str(byte_level().decode()).encode(text).ids
    assert [token for step in made for token in step.tokens] == whole
    assert all(len(step.tokens) in (0, span) for step in [step for step in made if step.tokens][:-1])


def test_a_space_goes_with_the_word_after_it() -> None:
    assert BYTE_LEVEL.cut("It rained all day")[1].text.startswith(" ")


def test_a_tokenizer_that_does_not_give_the_text_back_is_refused() -> None:
    with pytest.raises(TokenizerError, match="of 'So sorry'"):
        FileTokenizer(lower_case()).cut("So sorry")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"not a tokenizer"])
def test_what_is_no_tokenizer_is_told(content: bytes) -> None:
    with pytest.raises(TokenizerError, match=r"it is no tokenizer\.json"):
        FileTokenizer(content)
