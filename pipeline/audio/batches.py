"""Takes in batches: as long as a model likes them, in the order they came, halved where memory runs out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar

import numpy as np

from pipeline.audio.recording import Recording, pcm16, resample
from pipeline.engine.failure import Failure
from schemas.frozen import Hertz, Seconds
from schemas.take import Waveform


class Sounding(Protocol):
    """Anything with sound to it: a take, a segment of one, an utterance with its text."""

    @property
    def recording(self) -> Recording:
        """The sound."""
        ...


Item = TypeVar("Item", bound=Sounding)
Result = TypeVar("Result")

MOST = 32
"""Takes in a batch. Another bound on a batch is the job it comes out of (`batch` of the run file)."""


def waveform(recording: Recording, rate: Hertz, shortest: Seconds) -> Waveform:
    """The samples at `rate`, in −1..1: resampling can overshoot full scale, and some models refuse that.

    Raises ValueError for samples that are no numbers, and for less sound than `shortest`.
    """
    pcm16(recording)
    if recording.duration < shortest:
        raise ValueError(f"{recording.duration:.2f} s of sound is too short; it takes {shortest:g} s")
    clipped: Waveform = np.clip(resample(recording, rate).audio, -1.0, 1.0)
    return clipped


@dataclass(frozen=True)
class Heard(Generic[Item]):
    """An item and its samples as the model takes them in."""

    item: Item
    audio: Waveform


@dataclass
class Batches(Generic[Item, Result]):
    """Runs `compute` over batches of items of similar length.

    `most` is how many at once; 1 where a batch brings nothing, so that each result is there at once. It is halved for
    good when the GPU runs out of memory. Two batches' worth is read and sorted at a time. `prepare` gives the samples
    of an item, or raises ValueError with why not.
    """

    prepare: Callable[[Item], Waveform]
    compute: Callable[[Sequence[Heard[Item]]], Sequence[Result | Failure]]
    most: int = MOST

    def run(self, items: Iterable[Item]) -> Iterator[Result | Failure]:
        """Yield one result an item, in order."""
        coming = iter(items)
        while window := list(islice(coming, 2 * self.most if self.most > 1 else 1)):
            yield from self._window(window)

    def _window(self, items: Sequence[Item]) -> list[Result | Failure]:
        results: dict[int, Result | Failure] = {}
        heard: dict[int, Heard[Item]] = {}
        for number, item in enumerate(items):
            try:
                heard[number] = Heard(item, self.prepare(item))
            except ValueError as error:
                results[number] = Failure(str(error))
        order = sorted(heard, key=lambda number: len(heard[number].audio))
        results.update(zip(order, self._halving([heard[number] for number in order]), strict=True))
        return [results[number] for number in range(len(items))]

    def _halving(self, batch: Sequence[Heard[Item]]) -> list[Result | Failure]:
        done: list[Result | Failure] = []
        while len(done) < len(batch):
            part = batch[len(done) : len(done) + self.most]
            computed = self._try(part)
            if computed is not None:
                done.extend(computed)
            elif len(part) > 1:
                self.most = len(part) // 2
            else:
                seconds = part[0].item.recording.duration
                done.append(Failure(f"the GPU ran out of memory on this take alone ({seconds:.1f} s)"))
        return done

    def _try(self, batch: Sequence[Heard[Item]]) -> Sequence[Result | Failure] | None:
        """The results, or None if there was not memory enough."""
        try:
            return self.compute(batch)
        except RuntimeError as error:  # torch's OutOfMemoryError is one, and CTranslate2 has no name for it
            if not _out_of_memory(error):
                raise
        return None


def _out_of_memory(error: RuntimeError) -> bool:
    said = str(error).lower()
    return "out of memory" in said or "alloc_failed" in said
