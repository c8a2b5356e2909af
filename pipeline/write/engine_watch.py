"""A program of its own: ends the processes whose ids it is told, and their log, once whoever told them is gone.

vLLM's engine outlives a parent that was killed and would hold its GPU for ever. This program waits on a pipe from that
parent (its standard input) and imports nothing of Warmline, so that it starts in any of vLLM's environments at once.
"""

import sys
from contextlib import suppress
from pathlib import Path

KEEP = "keep"
"""Said instead of a process id: the log is not to be deleted."""


def watch(log: Path) -> None:
    """Take one process id a line; when the pipe closes, kill those processes and all below them."""
    import psutil  # vLLM brings it; a driver without vLLM reads this module for KEEP

    engines: list[psutil.Process] = []
    keep = False
    for line in sys.stdin:
        if line.strip() == KEEP:
            keep = True
            continue
        with suppress(psutil.Error):
            engines.append(psutil.Process(int(line)))  # it remembers when the process began: no namesake is killed
    for engine in engines:
        with suppress(psutil.Error):
            for process in [engine, *engine.children(recursive=True)]:
                with suppress(psutil.Error):
                    process.kill()
    if not keep:
        log.unlink(missing_ok=True)


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
