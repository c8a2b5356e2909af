"""Children that must not outlive their parent, with a sleeping child in place of an engine."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from pipeline.write.engine_processes import EngineProcesses, raised

TREE = Path(__file__).parents[2]
PATIENCE = 30.0

DRIVER = """
import multiprocessing, signal, sys, time
from pipeline.write.engine_processes import EngineProcesses

def have_a_child_and_sleep():
    grandchild = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    grandchild.start()
    print(grandchild.pid, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set()), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    processes = EngineProcesses()
    with processes.starting():
        child = multiprocessing.get_context("spawn").Process(target=have_a_child_and_sleep)
        print(processes.log, flush=True)
        child.start()
        print(child.pid, flush=True)
        time.sleep(600)
"""


def test_a_child_that_is_still_starting_and_its_own_children_end_when_the_driver_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    environment = os.environ | {"PYTHONPATH": str(TREE)}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        log = Path(driver.stdout.readline().strip())
        assert log.exists()
        child = psutil.Process(int(driver.stdout.readline()))
        grandchild_id, deaf = driver.stdout.readline().split()
        grandchild = psutil.Process(int(grandchild_id))
        driver.kill()
    assert deaf == "True", "Ctrl-C in the terminal reaches the child"
    _, left = psutil.wait_procs([child, grandchild], timeout=PATIENCE)
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in left)
    assert not log.exists()


def test_what_children_say_on_standard_error_goes_to_a_log_that_is_deleted_at_the_end() -> None:
    processes = EngineProcesses()
    with processes.starting():
        subprocess.run([sys.executable, "-c", "raise MemoryError('no room')"], check=False)
    assert processes.cause() == "MemoryError: no room"
    processes.close()
    assert not processes.log.exists()


def test_a_log_that_the_user_was_told_of_stays(tmp_path: Path) -> None:
    processes = EngineProcesses()
    log = processes.keep_log()
    processes.close()
    assert log.exists()
    log.rename(tmp_path / "log")


def test_a_cause_is_the_last_thing_raised_that_points_to_nothing_else() -> None:
    assert raised("loading\nWARNING: an Error: none\n") == ""
    told = "ValueError: first\nKeyError: 'second'\nRuntimeError: Engine failed. See root cause above."
    assert raised(told) == "KeyError: 'second'"
