"""What an engine leaves on the machine: processes, and the log that an error names."""

from contextlib import suppress
from pathlib import Path

import psutil

from pipeline.engine.errors import WarmlineError

_PATIENCE = 300.0


def below(process: int | None = None) -> list[psutil.Process]:
    """All descendants of a process, or of this one."""
    return psutil.Process(process).children(recursive=True)


def engines(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those of them that call themselves vLLM's engine."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # some only ask what the machine is, and are gone
            if "EngineCore" in process.name():
                found.append(process)
    return found


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that do not end. One that has ended and that nobody waited for has ended all the same."""
    _, left = psutil.wait_procs(processes, timeout=_PATIENCE)
    return [process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def log_of(error: WarmlineError) -> Path:
    """Where the user is told to look."""
    return Path(str(error).rpartition("log: ")[2].rstrip(")"))
