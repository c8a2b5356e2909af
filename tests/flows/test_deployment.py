"""docs/deployment.md as it stands there: a Prefect server, a process work pool, a worker, and drivers by deployment."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import psutil
import pyarrow.parquet as pq
import pytest
import yaml

from flows.goal import Goal
from flows.lock import hold
from flows.status import status_lines
from pipeline.engine.storage import Folder
from schemas.slices import Slice
from tests.conftest import SHIPPED, CommandLine
from tests.flows.test_slices import files, keys, wait_for_scores

pytestmark = pytest.mark.slow

ROOT = SHIPPED.parent
SIZE = 12
PATIENCE = 600.0
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def documented(beginning: str) -> str:
    """The page's command that begins so; one that goes over several lines in one."""
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8").replace("\\\n", " ")
    (line,) = {" ".join(line.split()) for line in re.findall(rf"^    ({re.escape(beginning)}.*)$", text, re.MULTILINE)}
    return line


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(what: str, is_there: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_there():
        assert time.monotonic() < until, f"{what}: not in {PATIENCE:.0f} s"
        time.sleep(0.5)


def family(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


@dataclass(frozen=True)
class Run:
    """A flow run as its server tells of it."""

    id: str
    name: str
    type: str
    state: str
    message: str

    @property
    def outcome(self) -> tuple[str, str]:
        return self.state, self.message


@dataclass
class Prefect:
    """A Prefect server and what talks to it, in a folder that stands for the shared disk /data."""

    data: Path
    environment: dict[str, str]
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def __call__(self, command: str) -> None:
        done = subprocess.run(
            ["bash", "-c", self._here(command)],
            cwd=self.data,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, command: str) -> "subprocess.Popen[bytes]":
        with (self.data / f"{len(self.processes)}.log").open("wb") as log:
            words = ["bash", "-c", f"exec {self._here(command)}"]
            self.processes.append(
                subprocess.Popen(words, cwd=self.data, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
            )
        return self.processes[-1]

    def _here(self, command: str) -> str:
        return command.replace("/data/", f"{self.data}/")

    @contextmanager
    def server(self) -> Iterator[None]:
        """The server, until the block ends; on its return it finds its database."""
        process = self.start(documented("prefect server start").replace("0.0.0.0", "127.0.0.1"))  # noqa: S104
        try:
            wait_for("the Prefect server", self.answers)
            yield
        finally:
            process.kill()
            process.wait()

    def answers(self) -> bool:
        with suppress(OSError):
            return self.ask("health") is True
        return False

    def ask(self, path: str, **question: object) -> object:
        request = urllib.request.Request(  # noqa: S310 -- loopback
            f"{self.environment['PREFECT_API_URL']}/{path}",
            data=json.dumps(question).encode() if question else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def runs(self) -> list[Run]:
        """All flow runs, the latest first."""
        found = cast("list[dict[str, object]]", self.ask("flow_runs/filter", sort="START_TIME_DESC", limit=200))
        states = [cast("dict[str, str | None]", run["state"]) for run in found]
        return [
            Run(str(run["id"]), str(run["name"]), str(state["type"]), str(state["name"]), state["message"] or "")
            for run, state in zip(found, states, strict=True)
        ]

    def make(self, folder: str, **parameters: object) -> str:
        """Start the documented flow for another run folder; answers its flow run."""
        before = {run.id for run in self.runs()}
        command = documented("prefect deployment run").replace("/data/runs/mine", folder)
        self(command + "".join(f" -p {shlex.quote(f'{key}={json.dumps(it)}')}" for key, it in parameters.items()))
        (started,) = {run.id for run in self.runs()} - before
        return started

    def end_of(self, run_id: str) -> Run:
        def run() -> Run:
            return next(one for one in self.runs() if one.id == run_id)

        wait_for(f"the end of {run()}", lambda: run().type in FINAL)
        return run()

    def processes_of(self, run_id: str) -> Iterator[psutil.Process]:
        """The processes that were started for a flow run, its driver's workers too."""
        for process in (one for started in self.processes for one in family(started.pid)):
            with suppress(psutil.Error):
                if process.environ().get("PREFECT__FLOW_RUN_ID") == run_id:
                    yield process

    def close(self) -> None:
        """End what was started, and whatever that started."""
        alive = [one for process in self.processes for one in family(process.pid)]
        for one in alive:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(alive, timeout=10)


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """A server with its database in a file, the pool, the deployments, a worker; and a run file of twelve dialogues."""
    data, port = tmp_path_factory.mktemp("data"), free_port()
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    prefect = Prefect(
        data,
        ours
        | {
            "PREFECT_HOME": str(data / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_SERVER_API_PORT": str(port),
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
    )
    try:
        with prefect.server():
            prefect(f"warmline init {data / 'mine'}")
            run_file = data / "mine" / "run.yaml"
            run_file.write_text(re.sub(r"^size: \d+", f"size: {SIZE}", run_file.read_text(), flags=re.MULTILINE))
            prefect(documented("prefect work-pool create warmline --type process"))
            prefect(documented("prefect deploy --all"))
            prefect.start(documented("prefect worker start"))
            yield prefect
    finally:
        prefect.close()


@pytest.fixture(scope="module")
def plain(prefect: Prefect) -> Path:
    """The run that one local driver makes, with a Prefect of its own."""
    alone = {name: value for name, value in prefect.environment.items() if name != "PREFECT_API_URL"}
    done = CommandLine(prefect.data, alone)("generate", "mine/run.yaml", "--out", "plain")
    assert done.returncode == 0, done.stderr
    return prefect.data / "plain"


def test_two_drivers_by_deployment_make_the_bytes_of_one_local_driver(prefect: Prefect, plain: Path) -> None:
    made = prefect.end_of(prefect.make("/data/runs/mine"))
    run = prefect.data / "runs" / "mine"
    assert made.outcome == ("Completed", f"{run}: made in 2 slices, and packed")
    assert files(run / "corpus") == files(plain / "corpus")
    assert set(keys(run).values()) == {1}
    names = [one.name for one in prefect.runs()]
    assert {f"make {part}{run} from" for part in ("", "the voices of ", "slice 1/2 of ", "slice 2/2 of ")} == {
        name.rsplit(maxsplit=1)[0] for name in names if "slices" not in name
    }


def test_when_the_flow_that_waits_is_killed_starting_it_again_goes_on(prefect: Prefect, plain: Path) -> None:
    run = prefect.data / "runs" / "again"
    first = prefect.make("/data/runs/again")
    wait_for_scores(run)
    for process in prefect.processes_of(first):
        process.kill()
    assert prefect.end_of(first).state == "Crashed"

    again = prefect.end_of(prefect.make("/data/runs/again"))

    assert again.state == "Completed", again.message
    assert files(run / "corpus") == files(plain / "corpus")
    assert set(keys(run).values()) == {1}, "a finished take was made again"


def test_cancelling_the_flow_that_waits_stops_its_drivers(prefect: Prefect) -> None:
    run = prefect.data / "runs" / "cancelled"
    waiting = prefect.make("/data/runs/cancelled")
    wait_for_scores(run)
    prefect(f"prefect flow-run cancel {waiting}")
    assert prefect.end_of(waiting).state == "Cancelled"
    drivers = [one for one in prefect.runs() if f"slice 1/2 of {run}" in one.name or f"slice 2/2 of {run}" in one.name]
    assert [prefect.end_of(one.id).state for one in drivers] == ["Cancelled"] * len(drivers)
    assert not [one for driver in drivers for one in prefect.processes_of(driver.id)]


def test_a_slice_that_fails_is_named_the_others_go_on_and_nothing_is_packed(prefect: Prefect) -> None:
    run = prefect.data / "runs" / "held"
    with hold(Folder(str(run)), Goal(slice=Slice.parse("2/2")), print):
        made = prefect.end_of(prefect.make("/data/runs/held", overrides=["size=2"]))
    assert made.outcome == (
        "Failed",
        f"slice 2/2: Failed: slice 2/2 of {run} is being made by another process: wait for it, or stop it first; "
        "start it again to go on: what was finished is kept",
    )
    one, two = (next(it for it in prefect.runs() if f"slice {part} of {run}" in it.name) for part in ("1/2", "2/2"))
    assert (one.state, two.state) == ("Completed", "Failed")
    assert not (run / "corpus").exists()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"out": "runs/mine"}, "out 'runs/mine': a flow run starts in a folder of its own: give an absolute path"),
        ({"overrides": ["seed=8"]}, "this folder holds another run (pack empathy, seed 7"),
        ({"run_file": "/nowhere/run.yaml"}, "/nowhere/run.yaml: cannot be read"),
        ({"deployment": "warmline generate/other"}, "the Prefect server has no deployment 'warmline generate/other'"),
    ],
)
def test_what_cannot_be_is_told_in_a_line_before_any_driver_starts(
    prefect: Prefect, plain: Path, parameters: dict[str, object], message: str
) -> None:
    drivers = [run for run in prefect.runs() if "slices" not in run.name]
    made = prefect.end_of(prefect.make(str(plain), **parameters))
    assert made.state == "Failed"
    assert message in made.message
    assert [run for run in prefect.runs() if "slices" not in run.name] == drivers


def test_the_pages_commands_by_hand_run_in_their_order(prefect: Prefect) -> None:
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (warmline .*)$", text, flags=re.MULTILINE)
    assert len(lines) == 5
    for line in lines:
        size = " --set size=3" if "generate" in line else ""
        prefect(line.replace("runs/mine", "runs/by-hand") + size)
    assert len(pq.read_table(prefect.data / "runs" / "by-hand" / "corpus" / "data")) == 3


def test_pool_and_deployments_are_those_of_prefect_yaml(prefect: Prefect) -> None:
    written = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    made = cast("list[dict[str, object]]", prefect.ask("deployments/filter", limit=10))
    assert {(one["name"], one["entrypoint"]) for one in made} == {(one["name"], one["entrypoint"]) for one in written}
    assert all(one["pull_steps"] == [] for one in made), "the code is the installed package's"


def test_a_server_that_is_away_for_a_while_costs_nothing(prefect: Prefect) -> None:
    run = prefect.data / "runs" / "away"
    waiting = prefect.make("/data/runs/away", overrides=["size=4"])
    wait_for_scores(run)
    prefect.processes[0].kill()
    prefect.processes[0].wait()
    wait_for("both slices", lambda: any("4 accepted, 0 rejected, 0 under" in line for line in status_lines(str(run))))
    with prefect.server():
        assert prefect.end_of(waiting).outcome == ("Completed", f"{run}: made in 2 slices, and packed")
    assert set(keys(run).values()) == {1}
