"""Engines that cannot start, and engines whose driver is gone: nothing is left of them, least of all on a GPU."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.engine.errors import WarmlineError
from pipeline.write import vllm
from schemas.pack import Pack
from tests.vllm.small_engine import LOADED, WROTE, small
from tests.vllm.tiny_weights import POSITIONS
from tests.vllm.traces import below, engines, living, log_of

pytestmark = pytest.mark.vllm

LOOK = 0.1
TREE = Path(__file__).parents[2]


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
    assert not living(engines(below()))


def test_an_engine_outlives_ctrl_c_in_the_terminal_but_not_its_driver(weights: Path) -> None:
    with start(weights) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline().strip() == LOADED
        os.killpg(driver.pid, signal.SIGINT)
        assert WROTE in {tell(driver) for _ in range(3)}
        children = below(driver.pid)
        assert engines(children)
        driver.kill()
    assert not living(children)


def test_an_engine_that_is_still_loading_does_not_outlive_its_driver_either(weights: Path) -> None:
    with start(weights) as driver:
        children = below(driver.pid)
        while not engines(children):
            assert driver.poll() is None
            time.sleep(LOOK)
            children = below(driver.pid)
        driver.kill()
    assert not living(children)
