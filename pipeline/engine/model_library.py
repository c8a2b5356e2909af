"""Model libraries, which are only imported by the workers that run them."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from pipeline.engine.errors import UsageError

Device = Literal["auto", "cpu", "cuda"]
INSTALL = "pip install 'warmline[models]', best in an environment of its own"


def versions(*distributions: str) -> str:
    """The installed versions, as a backend's VERSION names them.

    A driver whose workers have an environment of their own may lack the library: its scores are then kept under
    `elsewhere`, whatever version the workers have.

    >>> versions("no-such-library")
    'no-such-library elsewhere'
    """
    return ", ".join(f"{name} {_version(name)}" for name in distributions)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "elsewhere"


@contextmanager
def needed_by(backend: str, install: str = INSTALL) -> Iterator[None]:
    """Imports below this are the backend's own; raises UsageError that says what installs the one that is missing."""
    try:
        yield
    except ImportError as error:
        missing = error.name or str(error)
        raise UsageError(f"the backend {backend} cannot import {missing}: {install}") from error


@contextmanager
def quiet() -> Iterator[io.StringIO]:
    """For libraries that print while they load, or take over the root logger. What goes to stdout is given."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(io.StringIO()):
            yield said
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def torch_device(asked: Device, threads: int) -> str:
    """Where torch computes. On the CPU with `threads` threads: the workers share the machine's cores among them.

    Raises UsageError if a GPU is asked for and none is to be seen.
    """
    import torch

    seen = torch.cuda.is_available()
    if asked == "cuda" and not seen:
        raise UsageError("device: cuda is asked for, and torch sees no GPU here; device: auto takes the CPU then")
    if asked == "cpu" or not seen:
        torch.set_num_threads(threads)
        return "cpu"
    return "cuda"
