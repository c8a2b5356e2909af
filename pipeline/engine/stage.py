"""What a stage is to the engine: a map from items to results, with a key for each item."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pipeline.engine.failure import Failure
from schemas.frozen import Frozen

Item = TypeVar("Item")
Result = TypeVar("Result", bound=Frozen)
Item_contra = TypeVar("Item_contra", contravariant=True)
Result_co = TypeVar("Result_co", bound=Frozen, covariant=True)


@dataclass(frozen=True)
class Outcome(Generic[Result_co]):
    """A result as it is kept: the small part, and the large one if the stage makes sound."""

    value: Result_co
    blob: bytes | None = None


def outcomes(results: Iterable[Result | Failure]) -> Iterator[Outcome[Result] | Failure]:
    """Results without a large part, as a runner yields them."""
    for result in results:
        yield result if isinstance(result, Failure) else Outcome(result)


class Runner(Protocol[Item_contra, Result_co]):
    """A stage's backend, built and at work in one process."""

    def run(self, items: Sequence[Item_contra]) -> Iterator[Outcome[Result_co] | Failure]:
        """Yield one outcome an item, in order, each as soon as it is there; no side effects."""
        ...


class AsyncRunner(Protocol[Item_contra, Result_co]):
    """A stage's backend that waits for a server: it lives in the driver's event loop, many items at once."""

    async def run_one(self, item: Item_contra) -> Outcome[Result_co] | Failure:
        """One outcome; no side effects. Raises WarmlineError for what stops the whole run."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Stage(Protocol[Item_contra, Result_co]):
    """One memoised map. A frozen value that travels to workers, so it holds settings, never a model."""

    @property
    def name(self) -> str:
        """The ledger's folder below RUN/ledger."""
        ...

    @property
    def result(self) -> type[Result_co]:
        """The model of the small part."""
        ...

    @property
    def identity(self) -> str:
        """A fingerprint of backend, settings and version: what all keys of the stage have in common."""
        ...

    def key(self, item: Item_contra) -> str:
        """The fingerprint of everything the item's result depends on."""
        ...

    @property
    def waits(self) -> bool:
        """Whether the backend waits for a server (`build` gives an AsyncRunner) or computes (a Runner)."""
        ...

    def build(self) -> Runner[Item_contra, Result_co] | AsyncRunner[Item_contra, Result_co]:
        """Load the backend. Called once in each process that gets a job of this stage."""
        ...


class Loadable(Protocol):
    """Any stage, where only its backend matters."""

    @property
    def name(self) -> str:
        """See Stage."""
        ...

    @property
    def identity(self) -> str:
        """See Stage."""
        ...

    @property
    def waits(self) -> bool:
        """See Stage."""
        ...

    def build(self) -> object:
        """See Stage."""
        ...
