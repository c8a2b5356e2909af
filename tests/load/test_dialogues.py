"""Going through a corpus and stopping anywhere: what comes next is what would have come."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpus.reading import Shard, shards
from pipeline.engine.errors import UsageError
from pipeline.load.dialogues import Dialogues, State
from pipeline.load.order import Order, Share
from schemas.voice import Role, Split
from tests.export.corpora import talks, write_corpus

COUNT = 40


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """40 dialogues, 32 of them in train: in shards of 12 rows and row groups of 8."""
    return str(write_corpus(tmp_path_factory.mktemp("corpus"), talks(COUNT), rows_a_shard=12))


@pytest.fixture(scope="module")
def train(corpus: str) -> list[Shard]:
    return [shard for shard in shards(corpus) if shard.split is Split.TRAIN]


ORDER = Order(seed=3, pool=2)


def ids(dialogues: Dialogues) -> list[str]:
    return [dialogue.id for dialogue in dialogues]


@settings(deadline=None, max_examples=60)
@given(
    stop=st.integers(0, 70),
    ranks=st.integers(1, 3),
    workers=st.integers(1, 2),
    shuffle=st.booleans(),
    data=st.data(),
)
def test_a_state_goes_on_with_exactly_the_next_dialogue_in_this_epoch_and_the_next(
    train: list[Shard], stop: int, ranks: int, workers: int, shuffle: bool, data: st.DataObject
) -> None:
    share = Share(
        rank=data.draw(st.integers(0, ranks - 1)),
        ranks=ranks,
        worker=data.draw(st.integers(0, workers - 1)),
        workers=workers,
    )
    order = ORDER.model_copy(update={"shuffle": shuffle})
    whole = Dialogues(train, order, share, audio=False)
    uninterrupted = [one for _ in range(3) for one in ids(whole)]
    first = Dialogues(train, order, share, audio=False)
    stop = min(stop, 2 * len(first))
    seen: list[str] = []
    while len(seen) < stop:
        for dialogue in first:
            seen.append(dialogue.id)
            if len(seen) == stop:
                break
    kept = State.model_validate_json(first.state().model_dump_json())
    again = Dialogues(train, order, share, kept, audio=False)
    rest = ids(again)
    while len(seen) + len(rest) < len(uninterrupted):
        rest += ids(again)
    assert seen + rest == uninterrupted


def test_going_on_reads_only_the_row_groups_that_are_still_needed(
    train: list[Shard], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[str, int]] = []
    plain = Shard.group

    def noted(self: Shard, number: int, *, audio: bool = True) -> object:
        read.append((self.name, number))
        return plain(self, number, audio=audio)

    first = Dialogues(train, ORDER)
    for _ in zip(range(25), first, strict=False):
        pass
    monkeypatch.setattr(Shard, "group", noted)
    left = ids(Dialogues(train, ORDER, state=first.state()))
    assert len(left) == 32 - 25
    assert len(read) == len(set(read)) <= 2


def test_no_more_than_a_pool_of_row_groups_is_read_ahead(train: list[Shard], monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plain = Shard.group

    def noted(self: Shard, number: int, *, audio: bool = True) -> object:
        read.append(number)
        return plain(self, number, audio=audio)

    monkeypatch.setattr(Shard, "group", noted)
    next(iter(Dialogues(train, ORDER)))
    assert len(read) == 1
    assert ids(Dialogues(train, Order(seed=3, pool=4)))
    assert len(read) == 1 + sum(len(shard.groups) for shard in train)


def test_an_epoch_has_every_dialogue_once_and_the_next_in_another_order(train: list[Shard], corpus: str) -> None:
    dialogues = Dialogues.of(corpus, ORDER)
    first, second = ids(dialogues), ids(dialogues)
    assert len(dialogues) == len(first) == 32
    assert sorted(first) == sorted(second) == [dialogue.id for shard in train for dialogue in shard.dialogues()]
    assert first != second
    dialogues.go_to(0)
    assert ids(dialogues) == first


def test_splits_are_kept_apart_unless_asked_for_together(corpus: str, tmp_path: Path) -> None:
    assert len(Dialogues.of(corpus, splits=[Split.VALIDATION])) == 4
    assert len(Dialogues.of(corpus, splits=list(Split))) == COUNT
    only = write_corpus(tmp_path, talks(4))
    with pytest.raises(UsageError, match="has no test split"):
        Dialogues.of(str(only), splits=[Split.TEST])


def test_sound_is_left_unread_if_it_is_not_needed(corpus: str) -> None:
    with_sound, without = (next(iter(Dialogues.of(corpus, ORDER, audio=audio))) for audio in (True, False))
    assert with_sound.id == without.id
    assert all(turn.flac for turn in with_sound.turns)
    for turn in without.turns:
        assert turn.flac is None
        assert turn.duration
        assert turn.units["glm4voice"]


@pytest.mark.parametrize(
    ("order", "share", "said"),
    [
        (Order(seed=4, pool=2), Share(), "seed was 3, is 4"),
        (ORDER, Share(ranks=2), "ranks was 1, is 2"),
        (Order(seed=3, pool=5), Share(), "pool was 2, is 5"),
    ],
)
def test_a_state_of_another_order_is_refused(train: list[Shard], order: Order, share: Share, said: str) -> None:
    state = Dialogues(train, ORDER).state()
    with pytest.raises(UsageError, match=said):
        Dialogues(train, order, share, state)


def test_a_state_of_another_corpus_is_refused(train: list[Shard], tmp_path: Path) -> None:
    other = write_corpus(tmp_path, talks(8))
    with pytest.raises(UsageError, match="the state is of another corpus"):
        Dialogues.of(str(other), ORDER, state=Dialogues(train, ORDER).state())


def test_a_share_counts_from_zero() -> None:
    with pytest.raises(ValueError, match="count from 0"):
        Share(rank=2, ranks=2)


def test_turns_come_as_the_shard_has_them(corpus: str) -> None:
    dialogue = next(iter(Dialogues.of(corpus, Order(shuffle=False))))
    assert [turn.role for turn in dialogue.turns] == [Role.USER, Role.ASSISTANT]
    assert dialogue.turns[0].recording().sample_rate == 24000
