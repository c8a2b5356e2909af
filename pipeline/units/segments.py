"""Takes cut into the segments that a tokenizer hears at once, encoded in batches, and put together again."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from pipeline.audio.batches import Batches, Heard
from pipeline.audio.recording import Recording, pcm16
from pipeline.engine.failure import Failure
from pipeline.units.encoder import Units
from schemas.frozen import Seconds
from schemas.take import Waveform

Resample = Callable[[Recording], Recording]
Compute = Callable[[Sequence[Waveform]], Sequence[Units]]


@dataclass(frozen=True)
class Segment:
    """A part of a take at the tokenizer's sample rate; `fault` says why the take cannot be encoded."""

    recording: Recording
    fault: str = ""


@dataclass(frozen=True)
class Segments:
    """Encodes takes of any length with `compute`, which hears at most `longest` samples (none: all of a take) at once.

    `resample` gives a take the tokenizer's sample rate. `most` segments go in a batch; see Batches.
    """

    resample: Resample
    compute: Compute
    longest: int | None
    most: int
    shortest: Seconds = 0.0

    def encode(self, recordings: Iterable[Recording]) -> Iterator[Units | Failure]:
        """Yield one sequence a recording, in order."""
        counts: deque[int] = deque()
        answers = Batches(_prepared, self._encoded, self.most).run(self._cut(recordings, counts))
        for first in answers:
            parts = [first, *islice(answers, counts.popleft() - 1)]
            whole = [part for part in parts if not isinstance(part, Failure)]
            failed = next((part for part in parts if isinstance(part, Failure)), None)
            yield failed or np.concatenate(whole)

    def _cut(self, recordings: Iterable[Recording], counts: deque[int]) -> Iterator[Segment]:
        for recording in recordings:
            segments = self._segments(recording)
            counts.append(len(segments))
            yield from segments

    def _segments(self, recording: Recording) -> list[Segment]:
        if len(recording.audio) == 0:
            return [Segment(recording, "there is no audio to encode")]
        if recording.duration < self.shortest:
            short = f"{recording.duration:.2f} s of sound is too short; it takes {self.shortest:g} s"
            return [Segment(recording, short)]
        try:
            pcm16(recording)
        except ValueError as error:
            return [Segment(recording, str(error))]
        heard = self.resample(recording)
        step = self.longest or len(heard.audio)
        starts = range(0, len(heard.audio), step)
        return [Segment(Recording(heard.audio[start : start + step], heard.sample_rate)) for start in starts]

    def _encoded(self, batch: Sequence[Heard[Segment]]) -> Sequence[Units]:
        return self.compute([one.audio for one in batch])


def _prepared(segment: Segment) -> Waveform:
    if segment.fault:
        raise ValueError(segment.fault)
    return segment.recording.audio
