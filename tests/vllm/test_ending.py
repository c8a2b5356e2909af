"""Engines that cannot start, and engines whose driver is gone: nothing is left of them, least of all on a GPU."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.engine.errors import WarmlineError
from pipeline.write import vllm
from schemas.pack import Pack
from tests.vllm.logs import log_of
from tests.vllm.small_engine import LOADED, WROTE, small
from tests.vllm.tiny_weights import POSITIONS

pytestmark = pytest.mark.vllm

PATIENCE = 300.0
TREE = Path(__file__).parents[2]


def below(process: psutil.Process) -> list[psutil.Process]:
    return process.children(recursive=True)


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that do not end; one that has ended and was not waited for has ended all the same."""
    _, left = psutil.wait_procs(processes, timeout=PATIENCE)
    return [process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def start(weights: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.vllm.small_engine", str(weights)],
        cwd=TREE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def tell(driver: subprocess.Popen[str]) -> str:
    assert driver.stdin is not None
    assert driver.stdout is not None
    driver.stdin.write("\n")
    driver.stdin.flush()
    return driver.stdout.readline().strip()


def test_too_little_memory_is_told_in_vllms_words_with_the_settings_that_mend_it(empathy: Pack, weights: Path) -> None:
    with pytest.raises(WarmlineError) as raised:
        vllm.build(small(weights, max_model_len=POSITIONS), empathy)
    told, log = str(raised.value), log_of(raised.value)
    assert "larger than the available KV cache memory" in told
    assert "Lower max_model_len" in told
    assert "Traceback" in log.read_text()
    log.unlink()
    assert not living([child for child in below(psutil.Process()) if "VLLM" in child.name()])


def test_an_engine_outlives_ctrl_c_in_the_terminal_but_not_its_driver(weights: Path) -> None:
    with start(weights) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline().strip() == LOADED
        os.killpg(driver.pid, signal.SIGINT)
        assert WROTE in {tell(driver) for _ in range(3)}
        children = below(psutil.Process(driver.pid))
        assert any("EngineCore" in child.name() for child in children)
        driver.kill()
    assert not living(children)


def test_an_engine_that_is_still_loading_does_not_outlive_its_driver_either(weights: Path) -> None:
    with start(weights) as driver:
        children: list[psutil.Process] = []
        while not any("EngineCore" in child.name() for child in children):
            assert driver.poll() is None
            children = below(psutil.Process(driver.pid))
        driver.kill()
    assert not living(children)
