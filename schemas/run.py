"""The run file: one corpus to be made."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from schemas.frozen import Frozen, Share
from schemas.recipe import Recipe
from schemas.scores import Limits
from schemas.units import KINDS


class RayShare(Frozen):
    """What one Ray actor of a stage gets, and the Python environment it runs in.

    `python` is the interpreter of an environment that is on the nodes already; `packages` are installed there by Ray.
    Warmline's own modules are sent along, so the environment needs only what the backend imports.
    """

    gpus: float = Field(default=0.0, ge=0.0)
    cpus: float = Field(default=1.0, ge=0.0)
    resources: Mapping[str, float] = {}
    python: str | None = None
    packages: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _one_environment(self) -> Self:
        if self.python and self.packages:
            raise ValueError("names an environment (python) and asks for another (packages): give one of them")
        return self


class RayCluster(Frozen):
    """Where the actors are: `auto`, host:port or ray://host:10001; none starts a Ray on this machine for the run.

    `shared_folder` says that every node sees the run's local folder under the same path.
    """

    address: str | None = None
    shared_folder: bool = False


class Backend(Frozen):
    """A backend by name, its own settings, and where and how often it runs.

    `workers` bounds its jobs (none: one a core), `batch` the items of a job; with `ray` it runs in Ray actors.
    """

    backend: str
    workers: int | None = Field(default=None, ge=1)
    batch: int | None = Field(default=None, ge=1, le=4096)
    settings: Mapping[str, JsonValue] = {}
    ray: RayShare | None = None


class EmotionBackend(Backend):
    """A speech-emotion recogniser.

    `labels` says which of its labels stand for an emotion of the pack: {excited: [happy, surprised]}. An emotion that
    is a label itself needs no entry.
    """

    labels: Mapping[str, tuple[str, ...]] = {}

    def names(self, emotion: str) -> tuple[str, ...]:
        """The recogniser's labels for an emotion of the pack."""
        return self.labels.get(emotion, (emotion,))


class ScoreBackends(Frozen):
    """Who listens. `second_ser` is another recogniser that has to agree with the first.

    `words` finds when each word sounds; it is asked where the speech engine does not tell.
    """

    asr: Backend
    ser: EmotionBackend
    second_ser: EmotionBackend | None = None
    mos: Backend | None = None
    likeness: Backend | None = None
    words: Backend | None = None


class UnitsBackend(Backend):
    """A kind of speech units to make: `rate` frames per second, of `codebooks` codes each, out of `size`.

    What is not given is what the kind has (schemas.units.KINDS).
    """

    rate: float = Field(default=25.0, gt=0)
    size: int = Field(default=1024, gt=0)
    codebooks: int = Field(default=1, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, given: object) -> object:
        known = KINDS.get(str(given["backend"])) if isinstance(given, Mapping) and "backend" in given else None
        return {**asdict(known), **given} if known is not None and isinstance(given, Mapping) else given


class Shares(Frozen):
    """Parts of the corpus held out; the rest is train."""

    validation: Share = 0.05
    test: Share = 0.05


class ShardConfig(Frozen):
    """How the corpus is packed. FLAC at the engine's own rate."""

    audio: Literal["flac"] = "flac"
    target_mb: float = Field(default=500.0, gt=0)
    splits: Shares = Shares()


class Budget(Frozen):
    """What a run may spend. Once it has, it begins no further dialogue, ends those under way, packs, and is short.

    `briefs` are dialogues begun for each that is wanted, cell by cell; `requests` answers of language models, writer
    and judge together; `speech_hours` the length of all takes, retakes and renderings included. None: no limit.
    """

    briefs: float = Field(default=3.0, ge=1.0, allow_inf_nan=False)
    requests: int | None = Field(default=None, ge=1)
    speech_hours: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)


class RunConfig(Frozen):
    """A run file as read and checked (DESIGN.md gives one in full)."""

    pack: str
    size: int = Field(ge=1)
    seed: int = Field(default=7, ge=0, lt=2**63)
    write: Backend = Backend(backend="phrasebook")
    judge: Backend | None = Field(default=None, description="judges each text by the pack's rubric; none: nobody does")
    speak: Backend = Backend(backend="espeak")
    score: ScoreBackends = ScoreBackends(asr=Backend(backend="pocketsphinx"), ser=EmotionBackend(backend="prosody"))
    gate: Limits = Limits()
    retakes: int = Field(default=3, ge=0, le=20)
    budget: Budget = Budget()
    units: tuple[UnitsBackend, ...] = (UnitsBackend(backend="kmeans"),)
    interleave: Recipe = Recipe()
    shard: ShardConfig = ShardConfig()
    ray: RayCluster = RayCluster()

    @property
    def backends(self) -> tuple[Backend, ...]:
        """Who writes, judges, speaks and listens."""
        score = self.score
        listeners = (score.asr, score.ser, score.second_ser, score.mos, score.likeness, score.words)
        named = (self.write, self.judge, self.speak, *listeners)
        return tuple(backend for backend in named if backend is not None)
