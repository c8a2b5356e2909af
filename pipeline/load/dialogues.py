"""The dialogues of a corpus for training: shuffled, shared out, and gone on with exactly where one stopped."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from pydantic import Field

from pipeline.corpus.reading import Shard, shards
from pipeline.corpus.rows import Dialogue
from pipeline.engine.errors import UsageError
from pipeline.engine.fingerprint import fingerprint
from pipeline.load.order import Order, Place, Share, pools
from schemas.frozen import Frozen
from schemas.voice import Split


class State(Frozen):
    """How far a share of a corpus was gone through: small, and JSON (`model_dump_json`, `model_validate_json`)."""

    corpus: str
    order: Order
    share: Share
    epoch: int = Field(default=0, ge=0)
    taken: int = Field(default=0, ge=0, description="dialogues of this epoch that were given")


class Dialogues(Iterable[Dialogue]):
    """Dialogues without end: each `for` goes through what is left of an epoch, and the next one through the next.

    A state taken between two dialogues and given to a new one makes it go on with the very next dialogue, reading only
    the row groups that it still needs. One `for` at a time: two would take from each other.

        dialogues = Dialogues.of("hf://datasets/OWNER/NAME", Order(seed=1), Share(rank=0, ranks=8))
        for dialogue in dialogues:
            ...
            saved = dialogues.state()

    Raises UsageError for a state of another corpus, order or share.
    """

    def __init__(
        self,
        found: Sequence[Shard],
        order: Order | None = None,
        share: Share | None = None,
        state: State | None = None,
        *,
        audio: bool = True,
    ) -> None:
        self._groups = [(shard, number, rows) for shard in found for number, rows in enumerate(shard.groups)]
        corpus = fingerprint([shard.mark for shard in found])
        self._state = State(corpus=corpus, order=order or Order(), share=share or Share())
        self._audio = audio
        if state is not None:
            self._check(state)
            self._state = state

    @classmethod
    def of(
        cls,
        place: str,
        order: Order | None = None,
        share: Share | None = None,
        state: State | None = None,
        *,
        splits: Sequence[Split] = (Split.TRAIN,),
        audio: bool = True,
    ) -> Self:
        """The dialogues of these splits, in a folder, a bucket or on the Hub, without their sound if it is not needed.

        Raises UsageError if there are none, StorageError if they cannot be read.
        """
        return cls(shards_of(place, splits), order, share, state, audio=audio)

    def __len__(self) -> int:
        """How many dialogues an epoch of this share has."""
        rows = sum(rows for _, _, rows in self._groups)
        first, last = self._state.share.bounds(rows, equal=self._state.order.equal)
        return last - first

    def __iter__(self) -> Iterator[Dialogue]:
        for place in self._places():
            self._state = self._state.model_copy(update={"taken": self._state.taken + 1})
            yield place
        self.go_to(self._state.epoch + 1)

    def state(self) -> State:
        """Where it is now."""
        return self._state

    def go_to(self, epoch: int) -> None:
        """The beginning of that epoch comes next."""
        self._state = self._state.model_copy(update={"epoch": epoch, "taken": 0})

    def _places(self) -> Iterator[Dialogue]:
        begun, left = self._state, self._state.taken
        rows = [rows for _, _, rows in self._groups]
        for pool in pools(rows, begun.order, begun.share, begun.epoch):
            if left < len(pool):
                yield from self._given(pool.places()[left:])
            left = max(0, left - len(pool))

    def _given(self, places: Sequence[Place]) -> Iterator[Dialogue]:
        """These rows; a row group is read when its first is due and let go with its last."""
        due = Counter(group for group, _ in places)
        held: dict[int, list[Dialogue]] = {}
        for group, row in places:
            if group not in held:
                shard, number, _ = self._groups[group]
                held[group] = shard.group(number, audio=self._audio)
            due[group] -= 1
            dialogue = held[group][row]
            if not due[group]:
                del held[group]
            yield dialogue

    def _check(self, state: State) -> None:
        if state.corpus != self._state.corpus:
            raise UsageError("the state is of another corpus, of another state of it, or of other splits")
        for theirs, ours in ((state.order, self._state.order), (state.share, self._state.share)):
            was, now = theirs.model_dump(), ours.model_dump()
            if changed := [f"{name} was {was[name]}, is {now[name]}" for name in was if was[name] != now[name]]:
                raise UsageError(f"the state is of another order ({'; '.join(changed)}): begin an epoch, or set it so")


def shards_of(place: str, splits: Sequence[Split]) -> list[Shard]:
    """The corpus's shards of these splits. Raises UsageError if there are none."""
    found = [shard for shard in shards(place) if shard.split in splits]
    if not found:
        raise UsageError(f"{place} has no {' or '.join(splits)} split")
    return found
