"""A run that is killed again and again ends in the same bytes, and repeats nothing that was finished."""

import random
import signal
import subprocess
import time
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from tests.conftest import SHIPPED, CommandLine

RUN = ("generate", str(SHIPPED / "run.yaml"), "--set", "size=4", "--set", "shard.target_mb=1")


def corpus_bytes(run: Path) -> dict[str, str]:
    files = sorted(path for path in (run / "corpus").rglob("*") if path.is_file())
    return {str(path.relative_to(run)): blake2b(path.read_bytes()).hexdigest() for path in files}


def takes_on_disk(run: Path) -> list[str]:
    keys: list[str] = []
    for part in (run / "ledger" / "speak").glob("part-*.parquet"):
        keys += pq.read_table(part, columns=["key"]).column("key").to_pylist()
    return keys


def start(warmline: CommandLine, out: str = "killed") -> "subprocess.Popen[str]":
    return warmline.start(*RUN, "--out", out)


def is_done_by(process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Whether the run ends by itself in this time; if not, it is killed."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return False
    return True


@pytest.mark.parametrize("times", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_kills_at_random_moments_change_nothing_and_no_finished_take_is_made_twice(
    warmline: CommandLine, times: int
) -> None:
    began = time.monotonic()
    undisturbed = warmline(*RUN, "--out", "undisturbed")
    whole = time.monotonic() - began
    assert undisturbed.returncode == 0, undisturbed.stderr
    moments = random.Random(2026)  # noqa: S311 -- moments to kill at
    kills, outs = 0, ["killed-0"]
    while kills < times:
        if is_done_by(start(warmline, outs[-1]), moments.uniform(0.1, 0.7) * whole):
            outs.append(f"killed-{len(outs)}")  # it got to its end between two kills: go on with another
        else:
            kills += 1
    for out in outs:
        last = warmline(*RUN, "--out", out)
        assert last.returncode == 0, last.stderr
        assert corpus_bytes(warmline.folder / out) == corpus_bytes(warmline.folder / "undisturbed")
        takes = takes_on_disk(warmline.folder / out)
        assert len(takes) == len(set(takes)), "a finished take was made again"
        assert sorted(takes) == sorted(takes_on_disk(warmline.folder / "undisturbed")), "as many as without a kill"
        assert not list((warmline.folder / out).rglob(".unfinished-*")), "nothing half-written is left behind"


def test_workers_and_the_runs_own_server_end_when_the_driver_is_killed(warmline: CommandLine) -> None:
    alone = {name: value for name, value in warmline.environment.items() if name != "PREFECT_API_URL"}
    process = start(CommandLine(warmline.folder, alone))
    family: set[psutil.Process] = set()
    commands: set[str] = set()
    until = time.monotonic() + 60
    while time.monotonic() < until and not list((warmline.folder / "killed" / "ledger").glob("speak/part-*")):
        time.sleep(0.1)
        for one in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):  # the forks that speak one line are gone at once
                commands.add(" ".join(one.cmdline()))
                family.add(one)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for name in ("flows.prefect_server", "spawn_main", "espeak_process"):
        assert any(name in command for command in commands)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def test_ctrl_c_stops_cleanly_says_how_to_go_on_and_keeps_what_was_finished(warmline: CommandLine) -> None:
    process = start(warmline)
    until = time.monotonic() + 60
    while time.monotonic() < until and not list((warmline.folder / "killed" / "ledger").glob("speak/part-*")):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "To go on: warmline generate" in errors
    assert "--out killed --set size=4" in errors
    assert takes_on_disk(warmline.folder / "killed")


def test_a_second_driver_on_the_same_folder_is_refused_in_one_line(warmline: CommandLine) -> None:
    first = start(warmline)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and not (warmline.folder / "killed" / "run.yaml").exists():
            time.sleep(0.05)
        second = warmline(*RUN, "--out", "killed")
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    assert second.returncode == 2
    assert (
        second.stderr.strip()
        .splitlines()[-1]
        .endswith("killed is being made by another process: wait for it, or stop it first")
    )
    assert len(second.stderr.strip().splitlines()) == 1
