"""What vLLM's own processes want from the one that starts them: a log, deafness to Ctrl-C, and an end with it."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path

from pipeline.write.engine_watch import KEEP
from schemas.frozen import Seconds

_STANDARD_ERROR = 2
_LOOK: Seconds = 0.1
_WATCH = Path(__file__).with_name("engine_watch.py")
_RAISED = re.compile(
    r"^(?:\(.+? pid=\d+\) ERROR .+?\] )?(?:\w+\.)*(\w+(?:Error|Exception)): (.+)$",
    re.MULTILINE,
)
_LONGEST_CAUSE = 400


class EngineProcesses:
    """The processes that are started inside `starting`.

    vLLM says why an engine failed on its standard error only, in a process of its own: that goes to a log, where
    `cause` finds it. The log is deleted at the end unless `keep_log` was called.
    """

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(prefix="warmline-vllm-", suffix=".log")
        self._descriptor = descriptor
        self.log = Path(name)
        self._watch = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-P", _WATCH, self.log], stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Start the engine in here, in the thread that it belongs to."""
        error = os.dup(_STANDARD_ERROR)
        os.dup2(self._descriptor, _STANDARD_ERROR)
        resource_tracker.ensure_running()  # or it would start with the first child, and lift the signal mask again
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # children inherit it: the run decides
        started = threading.Event()
        others = {child.pid for child in multiprocessing.active_children()}
        reporter = threading.Thread(target=self._report, args=(started, others), daemon=True)
        reporter.start()
        try:
            yield
        finally:
            started.set()
            reporter.join()
            os.dup2(error, _STANDARD_ERROR)
            os.close(error)
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)

    def _report(self, started: threading.Event, told: set[int | None]) -> None:
        """Tell the watch of each child as it appears: loading takes minutes, and a run can be killed in any of them."""
        last = False
        while not last:
            last = started.wait(_LOOK)
            for child in multiprocessing.active_children():
                if child.pid not in told:
                    told.add(child.pid)
                    self._tell(str(child.pid))

    def _tell(self, line: str) -> None:
        assert self._watch.stdin is not None  # noqa: S101 -- it was asked for
        with suppress(BrokenPipeError, ValueError):  # without its watch the engine still works
            self._watch.stdin.write(f"{line}\n")
            self._watch.stdin.flush()

    def cause(self) -> str:
        """The last thing raised in those processes, in one line, or "" if they raised nothing."""
        return raised(self.log.read_text(errors="replace"))

    def keep_log(self) -> Path:
        """Leave the log where it is, for the user to read."""
        self._tell(KEEP)
        return self.log

    def close(self) -> None:
        """End what is left of them."""
        self._watch.communicate()
        os.close(self._descriptor)


def raised(log: str) -> str:
    r"""The last exception of a log that is a cause, not a pointer to one.

    >>> raised("(Worker pid=1) ERROR 11-20 12:19:50 [core.py:10] torch.OutOfMemoryError: CUDA out of memory.\n"
    ... "(EngineCore pid=2) ERROR 11-20 12:19:50 [core.py:20] RuntimeError: it failed, see root cause above")
    'OutOfMemoryError: CUDA out of memory.'
    """
    found = [f"{kind}: {text}" for kind, text in _RAISED.findall(log) if not re.search("root cause|stack trace", text)]
    return found[-1][:_LONGEST_CAUSE] if found else ""
