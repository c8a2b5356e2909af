"""Examples one after the other: stopping between two of one dialogue, and dialogues that cannot be encoded."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpus.reading import Shard, shards
from pipeline.engine.errors import UsageError
from pipeline.load.dialogues import Dialogues
from pipeline.load.encoder import Encoder, Example, ExampleError
from pipeline.load.examples import Examples, ExampleState
from pipeline.load.order import Order
from pipeline.load.vocabulary import UserAs
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, talks, write_corpus
from tests.load.encoding import encoder as encoder_of

ORDER = Order(seed=5, pool=2)


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> list[Shard]:
    """Sixteen dialogues, half of which make two examples."""
    corpus = write_corpus(tmp_path_factory.mktemp("corpus"), talks(20), rows_a_shard=12)
    return [shard for shard in shards(str(corpus)) if shard.split is Split.TRAIN]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return encoder_of(tmp_path_factory.mktemp("tokenizer"), user=UserAs.TEXT)


def names(examples: Examples) -> list[tuple[str, int]]:
    return [(example.dialogue, example.turn) for example in examples]


@settings(deadline=None, max_examples=40)
@given(stop=st.integers(0, 55))
def test_a_state_goes_on_with_exactly_the_next_example(train: list[Shard], encoder: Encoder, stop: int) -> None:
    whole = Examples(Dialogues(train, ORDER), encoder)
    uninterrupted = names(whole) + names(whole) + names(whole)
    first = Examples(Dialogues(train, ORDER), encoder)
    seen: list[Example] = []
    while len(seen) < stop:
        for example in first:
            seen.append(example)
            if len(seen) == stop:
                break
    state = ExampleState.model_validate_json(first.state().model_dump_json())
    again = Examples(Dialogues(train, ORDER, state=state.dialogues), encoder, state)
    rest = names(again)
    while len(seen) + len(rest) < len(uninterrupted):
        rest += names(again)
    assert [(example.dialogue, example.turn) for example in seen] + rest == uninterrupted


def test_a_dialogue_that_cannot_be_encoded_stops_it_or_is_told_and_left_out(tmp_path: Path) -> None:
    short = Talk(1, (Said(Role.USER, "My cat is ill."), Said(Role.ASSISTANT, "Oh.", seconds=0.02)))
    corpus = write_corpus(tmp_path / "corpus", [talk(0, "Hello.", "Good day."), short, talk(2, "Hello.", "Hm.")])
    one = encoder_of(tmp_path)
    with pytest.raises(ExampleError, match="test-7-0000001, turn 1: the turn has no units of kind glm4voice"):
        list(Examples(Dialogues.of(str(corpus), Order(shuffle=False)), one))
    told: list[ExampleError] = []
    examples = Examples(Dialogues.of(str(corpus), Order(shuffle=False)), one, left_out=told.append)
    assert [name[-1] for name, _ in names(examples)] == ["0", "2"]
    assert len(told) == 1


def test_the_dialogues_have_to_be_where_the_state_is(train: list[Shard], encoder: Encoder) -> None:
    examples = Examples(Dialogues(train, ORDER), encoder)
    next(iter(examples))
    for _ in zip(range(3), examples, strict=False):
        pass
    with pytest.raises(UsageError, match=r"give them state\.dialogues"):
        Examples(Dialogues(train, ORDER), encoder, examples.state())
