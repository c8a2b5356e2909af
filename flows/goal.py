"""What one `generate` is to reach: the corpus, or a part of the work towards it."""

from dataclasses import dataclass, field

from flows.until import Until
from schemas.slices import Slice


@dataclass(frozen=True)
class Goal:
    """The last stage, and the part of the plan."""

    until: Until = Until.SHARD
    slice: Slice = field(default_factory=Slice)

    @property
    def packs(self) -> bool:
        """Whether shards are written."""
        return self.until is Until.SHARD and self.slice.is_whole

    @property
    def shares_voices(self) -> bool:
        """Whether the voices' plain manner is made before anything else, once for all drivers.

        Scores are kept under the take and the renderings that it was compared with. An engine that renders a line
        otherwise each time would have each driver compare with its own, and score in vain for all others.
        """
        return self.until is Until.VOICES or not (self.slice.is_whole or self.until is Until.WRITE)

    @property
    def done(self) -> str:
        """What is said of a dialogue that has come so far."""
        return "written" if self.until is Until.WRITE else "accepted"
