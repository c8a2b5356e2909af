"""Examples in PyTorch's own loaders: with workers, with ranks, in batches, and gone on with."""

import ast
from itertools import chain, islice
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader  # noqa: E402

from pipeline.load.encoder import Encoder, Example  # noqa: E402
from pipeline.load.order import Order  # noqa: E402
from pipeline.load.pytorch.collator import NO_LOSS, Batch, Collator  # noqa: E402
from pipeline.load.pytorch.dataset import TorchExamples  # noqa: E402
from tests.export.corpora import talks, write_corpus  # noqa: E402
from tests.load.encoding import AUDIO, encoder  # noqa: E402

pytestmark = pytest.mark.models
PAD = 0


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Sixteen dialogues with 24 examples to train on."""
    return str(write_corpus(tmp_path_factory.mktemp("corpus"), talks(20), rows_a_shard=6))


@pytest.fixture
def made(tmp_path: Path) -> Encoder:
    return encoder(tmp_path)


def as_they_are(examples: list[Example]) -> list[Example]:
    return examples


def names(examples: list[Example]) -> list[tuple[str, int]]:
    return [(example.dialogue, example.turn) for example in examples]


def all_of(data: TorchExamples, workers: int) -> list[tuple[str, int]]:
    loader = DataLoader(data, batch_size=2, num_workers=workers, collate_fn=as_they_are)
    return names(list(chain.from_iterable(loader)))


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_workers_and_ranks_have_everything_once(corpus: str, made: Encoder, workers: int) -> None:
    seen = [all_of(TorchExamples(corpus, made, rank=rank, ranks=2), workers) for rank in range(2)]
    assert len(seen[0] + seen[1]) == len(set(seen[0] + seen[1])) == 24


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_that_is_set_has_an_order_of_its_own(corpus: str, made: Encoder, workers: int) -> None:
    data = TorchExamples(corpus, made)
    orders = []
    for epoch in (0, 1, 0):
        data.set_epoch(epoch)
        orders.append(all_of(data, workers))
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_a_batch_is_padded_and_labelled_where_there_is_loss(corpus: str, made: Encoder) -> None:
    examples = list(TorchExamples(corpus, made, Order(shuffle=False)))[:5]
    batch = Collator(PAD)(examples)
    longest = max(len(example.ids) for example in examples)
    assert batch["input_ids"].shape == batch["labels"].shape == batch["attention_mask"].shape == (5, longest)
    for row, example in enumerate(examples):
        size = len(example.ids)
        assert batch["input_ids"][row, :size].tolist() == example.ids.tolist()
        assert batch["attention_mask"][row].tolist() == [1] * size + [0] * (longest - size)
        assert batch["labels"][row, size:].eq(NO_LOSS).all()
        assert batch["input_ids"][row, size:].eq(PAD).all()
        learnt = batch["labels"][row] != NO_LOSS
        assert learnt[:size].tolist() == example.loss.tolist()
        assert batch["labels"][row][learnt].tolist() == example.ids[example.loss].tolist()


def test_every_sound_of_a_batch_has_its_length_and_its_place(corpus: str, made: Encoder) -> None:
    examples = list(TorchExamples(corpus, made, Order(shuffle=False)))[:5]
    batch = Collator(PAD)(examples)
    sounds = [sound for example in examples for sound in example.audio]
    assert batch["audio"].dtype == torch.float32
    assert batch["audio"].shape == (len(sounds), max(map(len, sounds)))
    assert batch["audio_lengths"].tolist() == list(map(len, sounds))
    for sound, row, length in zip(sounds, batch["audio"], batch["audio_lengths"], strict=True):
        assert torch.equal(row[:length], torch.from_numpy(sound))
        assert not row[length:].any()
    rows, places = batch["audio_places"].T
    assert batch["input_ids"][rows, places].eq(AUDIO).all()
    assert (batch["input_ids"] == AUDIO).sum() == len(sounds)


def test_a_batch_without_sound_has_none(corpus: str, tmp_path: Path) -> None:
    from pipeline.load.vocabulary import UserAs

    batch = Collator(PAD)(list(TorchExamples(corpus, encoder(tmp_path, user=UserAs.UNITS)))[:2])
    assert batch["audio"].numel() == batch["audio_lengths"].numel() == 0
    assert batch["audio_places"].shape == (0, 2)


def test_a_model_learns_from_the_batches(corpus: str, made: Encoder) -> None:
    """Cross entropy over the labels, shifted as models do it: a bigram table gets better at the replies."""
    torch.manual_seed(0)
    size = 1000 + 16384
    table = torch.nn.Embedding(size, 16)
    head = torch.nn.Linear(16, size)
    optimiser = torch.optim.Adam([*table.parameters(), *head.parameters()], lr=0.05)
    losses = []
    data = TorchExamples(corpus, made)
    for epoch in range(4):
        data.set_epoch(epoch)
        total = 0.0
        batch: Batch
        for batch in DataLoader(data, batch_size=8, collate_fn=Collator(PAD)):
            scores = head(table(batch["input_ids"][:, :-1]))
            loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), batch["labels"][:, 1:].flatten())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item()
        losses.append(total)
    assert losses[-1] < losses[0] / 2


def test_a_dataset_goes_on_where_its_state_was_taken(corpus: str, made: Encoder) -> None:
    data = TorchExamples(corpus, made)
    whole = names(list(data)) + names(list(data))
    for stop in (1, 7, 23, 24, 30):
        first, seen = TorchExamples(corpus, made), 0
        while seen < stop:
            for _ in first:
                seen += 1
                if seen == stop:
                    break
        again = TorchExamples(corpus, made)
        again.load_state_dict(first.state_dict())
        rest = names(list(again))
        while len(rest) < len(whole) - stop:
            rest += names(list(again))
        assert rest == whole[stop:], stop


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [1, 4, 7])
def test_torchdatas_loader_goes_on_with_the_next_batch(corpus: str, made: Encoder, workers: int, stop: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader")

    def loader(epoch: int) -> "DataLoader[Example]":
        data = TorchExamples(corpus, made)
        data.set_epoch(epoch)
        return stateful.StatefulDataLoader(data, batch_size=2, num_workers=workers, collate_fn=as_they_are)

    whole = [names(batch) for batch in loader(3)]
    first = loader(3)
    seen = [names(batch) for batch in islice(first, stop)]
    again = loader(3)
    again.load_state_dict(first.state_dict())
    assert seen + [names(batch) for batch in again] == whole


def _of_a_rank(rank: int, meeting: str, corpus: str, folder: str) -> None:
    """What a process of a distributed run does: writes down which examples it had."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    seen = names(list(TorchExamples(corpus, encoder(Path(folder), whole=True), Order(equal=True))))
    (Path(folder) / f"rank-{rank}").write_text(repr(seen))
    torch.distributed.destroy_process_group()


def test_ranks_are_those_of_torch_distributed(corpus: str, tmp_path: Path) -> None:
    torch.multiprocessing.spawn(_of_a_rank, (str(tmp_path / "meeting"), corpus, str(tmp_path)), nprocs=2)
    first, second = (set(ast.literal_eval((tmp_path / f"rank-{rank}").read_text())) for rank in range(2))
    assert not first & second
    assert len(first) == len(second) == 8
