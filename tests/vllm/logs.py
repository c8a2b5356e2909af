"""The engine's log, as an error names it."""

from pathlib import Path

from pipeline.engine.errors import WarmlineError


def log_of(error: WarmlineError) -> Path:
    """Where the user is told to look."""
    return Path(str(error).rpartition("log: ")[2].rstrip(")"))
