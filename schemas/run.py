"""The run file: one corpus to be made."""

from collections.abc import Mapping
from math import ceil
from typing import Literal

from pydantic import Field

from schemas.frozen import Frozen, Share
from schemas.recipe import Recipe
from schemas.scores import Limits

Scalar = str | int | float | bool


class Backend(Frozen):
    """A backend by name, its own settings, and how many workers may run it at once."""

    backend: str
    workers: int | None = Field(default=None, ge=1, description="none: one a core")
    settings: Mapping[str, Scalar] = {}


class ScoreBackends(Frozen):
    """Who listens."""

    asr: Backend
    ser: Backend


class UnitsBackend(Frozen):
    """A kind of speech units to make: `rate` per second, `size` codes."""

    backend: str
    rate: float = Field(default=25.0, gt=0)
    size: int = Field(default=1024, gt=0)
    workers: int | None = Field(default=None, ge=1)


class Shares(Frozen):
    """Parts of the corpus held out; the rest is train."""

    validation: Share = 0.05
    test: Share = 0.05


class ShardConfig(Frozen):
    """How the corpus is packed. FLAC at the engine's own rate."""

    audio: Literal["flac"] = "flac"
    target_mb: float = Field(default=500.0, gt=0)
    splits: Shares = Shares()


class RunConfig(Frozen):
    """A run file as read and checked (DESIGN.md gives one in full)."""

    pack: str
    size: int = Field(ge=1)
    seed: int = Field(default=7, ge=0, lt=2**63)
    write: Backend = Backend(backend="phrasebook")
    speak: Backend = Backend(backend="espeak")
    score: ScoreBackends = ScoreBackends(asr=Backend(backend="pocketsphinx"), ser=Backend(backend="prosody"))
    gate: Limits = Limits()
    retakes: int = Field(default=3, ge=0, le=20)
    most_briefs: float = Field(default=3.0, ge=1.0, description="give up after this many briefs per dialogue wanted")
    units: tuple[UnitsBackend, ...] = (UnitsBackend(backend="kmeans"),)
    interleave: Recipe = Recipe()
    shard: ShardConfig = ShardConfig()

    @property
    def briefs_to_try(self) -> int:
        """How many briefs are tried at the most before the run gives up."""
        return ceil(self.size * self.most_briefs)
