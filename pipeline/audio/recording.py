"""Sound in memory and as FLAC."""

from dataclasses import dataclass

from schemas.frozen import Hertz, Seconds
from schemas.take import Waveform


@dataclass(frozen=True)
class Recording:
    """Mono sound: `audio` is float32 [T] in −1..1 at `sample_rate`."""

    audio: Waveform
    sample_rate: Hertz

    @property
    def duration(self) -> Seconds:
        """Length in seconds."""
        return len(self.audio) / self.sample_rate
