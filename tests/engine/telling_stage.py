"""A stage for the tests of pools elsewhere: it tells where it runs, or cannot be built there."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import schemas
from pipeline.engine.errors import WarmlineError
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.stage import Outcome
from schemas.frozen import Frozen


class Told(Frozen):
    """The result: the interpreter, where it has Warmline's modules from, and the variables that were asked for."""

    python: str
    schemas: str
    variables: dict[str, str]


@dataclass(frozen=True)
class TellingStage:
    """Each item is the name of a variable. `fault` is what building comes to."""

    fault: Literal["", "warmline", "library", "death"] = ""
    name: str = "telling"
    result: type[Told] = Told
    waits: bool = False

    @property
    def identity(self) -> str:
        return fingerprint("telling")

    def key(self, item: str) -> str:
        return fingerprint(self.identity, item)

    def build(self) -> "TellingRunner":
        if self.fault == "warmline":
            raise WarmlineError("the model folder lacks flow.pt")
        if self.fault == "library":
            raise ImportError("libcudart.so.12: cannot open shared object file")
        if self.fault == "death":
            os._exit(1)
        return TellingRunner()


class TellingRunner:
    def run(self, items: Sequence[str]) -> Iterator[Outcome[Told]]:
        for item in items:
            variables = {item: os.environ[item]} if item in os.environ else {}
            yield Outcome(Told(python=sys.executable, schemas=schemas.__path__[0], variables=variables))
