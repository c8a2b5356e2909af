"""Processes that work for another: deaf to Ctrl-C, gone when it is gone, ended without leaving any behind."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import SpawnContext

_PATIENCE = 10.0

spawned: SpawnContext = multiprocessing.get_context("spawn")
"""How workers start: with nothing of the driver's threads and locks in them."""


def become_worker() -> None:
    """What each worker does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_driver, daemon=True).start()


def _follow_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


def end_workers(executor: ProcessPoolExecutor) -> None:
    """Ask the workers to stop; end those that do not within 10 s."""
    processes = list((executor._processes or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        if process.is_alive():
            process.terminate()
    for process in processes:
        process.join(_PATIENCE)
        if process.is_alive():
            process.kill()
    executor.shutdown(wait=True)
