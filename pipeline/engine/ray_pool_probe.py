"""Looks whether an interpreter on a node can run an actor. Ray itself finds out after minutes, and does not say why."""

import subprocess
import sys

_NEEDED = "import fsspec, numpy, pyarrow, pydantic, ray; print(ray.__version__)"
_LONGEST = 60.0


def fault(python: str, ray_version: str) -> str | None:
    """What is wrong with the interpreter `python` of this machine, in one line."""
    try:
        tried = subprocess.run(  # noqa: S603 -- the interpreter that the run file names
            [python, "-c", f"import sys; print(*sys.version_info[:2], sep='.'); {_NEEDED}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if tried.returncode:
        return (tried.stderr.strip().splitlines() or [f"it ended with {tried.returncode}"])[-1]
    own, theirs = (f"{sys.version_info[0]}.{sys.version_info[1]}", ray_version), tuple(tried.stdout.split())
    if own != theirs:
        return f"it has Python {theirs[0]} and Ray {theirs[1]}, the cluster {own[0]} and {own[1]}"
    return None
