"""Examples for PyTorch's data loaders."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch.distributed
from pydantic import JsonValue
from torch.utils.data import IterableDataset, get_worker_info

from pipeline.load.dialogues import Dialogues, shards_of
from pipeline.load.encoder import Encoder, Example, ExampleError
from pipeline.load.examples import Examples, ExampleState
from pipeline.load.order import Order, Share
from schemas.voice import Split


class TorchExamples(IterableDataset):  # type: ignore[misc]  # torch is not there where types are checked
    """Examples of a corpus for a `DataLoader`, each of its workers and each rank with a share of its own.

    `rank` and `ranks` are those of torch.distributed if it is initialised when the first example is asked for, unless
    they are given. Workers are copies that forget: call `set_epoch` before each epoch, as for a distributed sampler, or
    every epoch has the first one's order. With `StatefulDataLoader` of torchdata a run goes on with the very next
    example; it asks each worker for `state_dict`.

        data = TorchExamples("hf://datasets/OWNER/NAME", encoder, Order(equal=True))
        for epoch in range(3):
            data.set_epoch(epoch)
            for batch in DataLoader(data, batch_size=8, num_workers=4, collate_fn=Collator(pad=0)):
                ...
    """

    def __init__(
        self,
        place: str,
        encoder: Encoder,
        order: Order | None = None,
        *,
        splits: Sequence[Split] = (Split.TRAIN,),
        rank: int | None = None,
        ranks: int | None = None,
        left_out: Callable[[ExampleError], None] | None = None,
    ) -> None:
        super().__init__()
        self._shards = shards_of(place, splits)
        self._encoder, self._order, self._left_out = encoder, order or Order(), left_out
        self._rank, self._ranks = rank, ranks
        self._epoch = 0
        self._share: Share | None = None
        self._examples: Examples | None = None

    def __iter__(self) -> Iterator[Example]:
        return iter(self._here())

    def set_epoch(self, epoch: int) -> None:
        """The next examples are of that epoch; what is left of it, if it was begun here."""
        self._epoch = epoch
        if self._examples is not None and self._examples.state().dialogues.epoch != epoch:
            self._examples.go_to(epoch)

    def state_dict(self) -> dict[str, JsonValue]:
        """Where this worker is."""
        state: dict[str, JsonValue] = self._here().state().model_dump(mode="json")
        return state

    def load_state_dict(self, state: Mapping[str, JsonValue]) -> None:
        """Go on from there. Raises UsageError if it was the state of another corpus, order, rank or worker."""
        self._begin(ExampleState.model_validate(state))

    def _here(self) -> Examples:
        """The examples of this worker; a copy of the dataset in another worker has others."""
        if self._examples is None or self._share != self._now():
            self._begin(None)
        if self._examples is None:
            raise AssertionError("it has begun")
        return self._examples

    def _begin(self, state: ExampleState | None) -> None:
        self._share = self._now()
        dialogues = Dialogues(self._shards, self._order, self._share, state.dialogues if state else None)
        if state is None:
            dialogues.go_to(self._epoch)
        self._examples = Examples(dialogues, self._encoder, state, self._left_out)

    def _now(self) -> Share:
        info = get_worker_info()
        is_spread = torch.distributed.is_available() and torch.distributed.is_initialized()
        rank = self._rank if self._rank is not None else torch.distributed.get_rank() if is_spread else 0
        ranks = self._ranks if self._ranks is not None else torch.distributed.get_world_size() if is_spread else 1
        return Share(rank=rank, ranks=ranks, worker=info.id if info else 0, workers=info.num_workers if info else 1)
