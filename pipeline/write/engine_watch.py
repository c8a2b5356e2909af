"""A program of its own: ends the processes whose ids it is told, once whoever told them is gone.

vLLM's engine outlives a parent that was killed and would hold its GPU for ever. This program waits on a pipe from that
parent (its standard input) and imports nothing of Warmline, so that it starts in any of vLLM's environments at once.
"""

import sys
from contextlib import suppress

import psutil


def watch() -> None:
    """Take one process id a line; when the pipe closes, kill those processes and all below them."""
    engines: list[psutil.Process] = []
    for line in sys.stdin:
        with suppress(psutil.Error):
            engines.append(psutil.Process(int(line)))  # it remembers when the process began: no namesake is killed
    for engine in engines:
        with suppress(psutil.Error):
            for process in [*engine.children(recursive=True), engine]:
                process.kill()


if __name__ == "__main__":
    watch()
