"""What runs inside a Ray actor: one backend, built once, doing job after job."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from time import time_ns
from typing import cast

from pipeline.engine.errors import WarmlineError
from pipeline.engine.job import Job, run_job, stopping
from pipeline.engine.stage import Item, Loadable, Result, Runner
from pipeline.engine.storage import Folder

SHARED_FOLDER = "WARMLINE_SHARED_FOLDER"
"""Set in every actor's environment if the run file says that all nodes see the run's local folder."""


@dataclass(frozen=True)
class Seat:
    """Where an actor came to be. `clock` is that machine's, in nanoseconds: the names of ledger parts follow it.

    `sees_folder` says whether the run's folder is there, `shared_folder` whether the user says that it is the same.
    """

    node: str
    host: str
    clock: int
    sees_folder: bool
    shared_folder: bool


@dataclass(frozen=True)
class Done:
    """The ledger parts that a job wrote, and the time on the actor's machine when it was done."""

    parts: list[str]
    clock: int


class BackendActor:
    """A backend at work in a process of its own. `stop` is called beside `run`, the others one after another.

    It goes to the driver's working folder if there is one of that name: paths in a run file may be relative.
    """

    def __init__(self, working_folder: str) -> None:
        with suppress(OSError):
            os.chdir(working_folder)
        self._thread = ThreadPoolExecutor(1)  # Ray calls from several; some libraries want to be used from one
        with suppress(ValueError):  # only a main thread may say so; elsewhere Ray has
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def seat(self, ledger: Folder) -> Seat:
        """Answers as soon as the process is there, long before its model is."""
        from ray import get_runtime_context

        node = get_runtime_context().get_node_id()
        sees = not ledger.is_local or bool(ledger.filesystem.isdir(ledger.path()))
        return Seat(node, socket.gethostname(), time_ns(), sees, SHARED_FOLDER in os.environ)

    def build(self, stage: Loadable) -> None:
        """Load the stage's backend. Raises WarmlineError, whatever it was that broke."""
        self._thread.submit(self._build, stage).result()

    def _build(self, stage: Loadable) -> None:
        try:
            self._runner = stage.build()
        except WarmlineError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a library raises, its text is the reason
            text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            where = socket.gethostname()
            raise WarmlineError(f"{stage.name}: the backend cannot be loaded on {where}: {text}") from None

    def run(self, job: Job[Item, Result]) -> Done:
        """Do a job as any worker does; its results go straight from here to the ledger."""
        runner = cast("Runner[Item, Result]", self._runner)
        return Done(self._thread.submit(run_job, job, runner).result(), time_ns())

    def stop(self) -> None:
        """Finish the item under way and write what there is."""
        stopping.set()
