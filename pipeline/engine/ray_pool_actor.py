"""What runs inside a Ray actor: one backend, built once, doing job after job."""

import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from time import time_ns
from typing import cast

from pipeline.engine.errors import WarmlineError
from pipeline.engine.job import Job, run_job, stopping
from pipeline.engine.stage import Item, Loadable, Result, Runner

SHARED_FOLDER = "WARMLINE_SHARED_FOLDER"
"""Set in every actor's environment if the run file says that all nodes see the run's local folder."""


@dataclass(frozen=True)
class Seat:
    """Where an actor came to be. `clock` is that machine's, in nanoseconds: the names of ledger parts follow it."""

    node: str
    host: str
    clock: int
    shared_folder: bool


@dataclass(frozen=True)
class Done:
    """The ledger parts that a job wrote, and the time on the actor's machine when it was done."""

    parts: list[str]
    clock: int


class BackendActor:
    """A backend at work in a process of its own. `stop` is called beside `run`, the others one after another."""

    def __init__(self) -> None:
        with suppress(ValueError):  # only a main thread may say so; elsewhere Ray has
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def seat(self) -> Seat:
        """Answers as soon as the process is there, long before its model is."""
        from ray import get_runtime_context

        node = get_runtime_context().get_node_id()
        return Seat(node, socket.gethostname(), time_ns(), SHARED_FOLDER in os.environ)

    def build(self, stage: Loadable) -> None:
        """Load the stage's backend. Raises WarmlineError, whatever it was that broke."""
        try:
            self._runner = stage.build()
        except WarmlineError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a library raises, its text is the reason
            text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            raise WarmlineError(
                f"{stage.name}: the backend cannot be loaded on {socket.gethostname()}: {text}"
            ) from None

    def run(self, job: Job[Item, Result]) -> Done:
        """Do a job as any worker does; its results go straight from here to the ledger."""
        parts = run_job(job, cast("Runner[Item, Result]", self._runner))
        return Done(parts, time_ns())

    def stop(self) -> None:
        """Finish the item under way and write what there is."""
        stopping.set()
