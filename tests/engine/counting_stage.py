"""A stage for the engine's tests: it squares numbers, and each making leaves a line in a file, so it can be counted."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.stage import Outcome
from schemas.frozen import Frozen


class Square(Frozen):
    """The result."""

    value: int


@dataclass(frozen=True)
class CountingStage:
    """Squares; 13 fails, 14 raises, `deadly` kills the worker, and every item takes `seconds`."""

    log: Path
    seconds: float = 0.0
    deadly: int = -1
    name: str = "squares"
    result: type[Square] = Square

    @property
    def identity(self) -> str:
        return fingerprint("squares")

    def key(self, item: int) -> str:
        return fingerprint(self.identity, item)

    @property
    def waits(self) -> bool:
        return False

    def build(self) -> "CountingRunner":
        return CountingRunner(self)


@dataclass(frozen=True)
class CountingRunner:
    stage: CountingStage

    def run(self, items: Sequence[int]) -> Iterator[Outcome[Square] | Failure]:
        for item in items:
            time.sleep(self.stage.seconds)
            with self.stage.log.open("a") as log:
                log.write(f"{item}\n")
            if item == self.stage.deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            if item == 14:
                raise ZeroDivisionError("fourteen is too much")
            yield Failure("unlucky") if item == 13 else Outcome(Square(value=item * item), b"x" * item)
