"""What a speech engine must do to be a backend of the speak stage.

A backend is a module beside this one with `Settings` and `VoiceSettings` (pydantic models of what the run file and a
voice's `engines` entry may say), `VERSION` (raise it when the same line would sound different) and
`build(settings) -> Speaker`. It is listed in `backends.py` and imported only when named.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from pipeline.engine.failure import Failure
from schemas.take import Line, Take


class Speaker(Protocol):
    """Turns lines into takes, one for one and in order; the same line gives the same samples."""

    def speak(self, lines: Sequence[Line]) -> Iterator[Take | Failure]:
        """Yield each line's take as soon as it is made, or why there is none. Never raises for a single line."""
        ...

    def close(self) -> None:
        """Let go of processes and memory."""
        ...
