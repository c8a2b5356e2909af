"""Takes in batches: order, company, memory that runs out."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.batches import Batches, Heard, waveform
from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.score.scorer import Utterance
from schemas.take import Waveform


def take(samples: int) -> Utterance:
    return Utterance(Recording(np.full(samples, 0.1, np.float32), 16000), "Hello", "en")


def prepared(utterance: Utterance) -> Waveform:
    return waveform(utterance.recording, 16000, 0.01)


class SmallGpu:
    """Answers each take's length; memory for so many samples at once, padding counted."""

    def __init__(self, memory: float = float("inf"), complaint: str = "CUDA out of memory. Tried to allocate") -> None:
        self._memory = memory
        self._complaint = complaint
        self.batches: list[list[int]] = []

    def __call__(self, batch: Sequence[Heard[Utterance]]) -> list[int | Failure]:
        lengths = [len(one.audio) for one in batch]
        if max(lengths) * len(lengths) > self._memory:
            raise RuntimeError(self._complaint)
        self.batches.append(lengths)
        return list(lengths)


@given(st.lists(st.integers(0, 1000), max_size=40), st.integers(1, 9), st.integers(0, 5000))
def test_results_come_in_order_whatever_the_batches(lengths: list[int], most: int, memory: int) -> None:
    results = list(Batches(prepared, SmallGpu(memory), most).run(take(length) for length in lengths))

    assert len(results) == len(lengths)
    for result, length in zip(results, lengths, strict=True):
        if length < 160:
            assert isinstance(result, Failure)
            assert "too short" in result.reason
        elif length > memory:
            assert isinstance(result, Failure)
            assert "ran out of memory on this take alone" in result.reason
        else:
            assert result == length


def test_takes_of_similar_length_go_together() -> None:
    gpu = SmallGpu()
    list(Batches(prepared, gpu, most=2).run(map(take, [900, 200, 800, 300])))
    assert gpu.batches == [[200, 300], [800, 900]]


def test_a_batch_that_was_too_much_is_not_tried_again() -> None:
    gpu = SmallGpu(memory=1000)
    list(Batches(prepared, gpu, most=8).run(take(400) for _ in range(8)))
    assert [len(batch) for batch in gpu.batches] == [2, 2, 2, 2]


@pytest.mark.parametrize(
    "complaint",
    [
        "CUDA out of memory. Tried to allocate 2 GiB",
        "CUDA failed with error out of memory",
        "CUBLAS_STATUS_ALLOC_FAILED",
    ],
)
def test_each_library_says_it_its_own_way(complaint: str) -> None:
    gpu = SmallGpu(memory=500, complaint=complaint)
    assert list(Batches(prepared, gpu, most=4).run(map(take, [400, 300]))) == [400, 300]


def test_any_other_fault_is_not_taken_for_memory() -> None:
    with pytest.raises(RuntimeError, match="device-side assert"):
        list(Batches(prepared, SmallGpu(0, "CUDA error: device-side assert triggered"), most=4).run([take(400)]))


def test_one_at_a_time_is_answered_before_the_next_is_read() -> None:
    read: list[int] = []

    def takes() -> Iterator[Utterance]:
        for length in (200, 300):
            read.append(length)
            yield take(length)

    results = Batches(prepared, SmallGpu(), most=1).run(takes())
    assert next(results) == 200
    assert read == [200]


def test_sound_is_resampled_and_kept_within_full_scale() -> None:
    square = Recording(np.sign(np.sin(np.arange(24000) / 10)).astype(np.float32), 24000)
    audio = waveform(square, 16000, 0.1)
    assert len(audio) == 16000
    assert np.abs(audio).max() == 1.0


@pytest.mark.parametrize(("samples", "reason"), [(np.nan, "not numbers"), (np.inf, "not numbers")])
def test_samples_that_are_no_numbers_are_refused(samples: float, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        waveform(Recording(np.full(16000, samples, np.float32), 16000), 16000, 0.1)
