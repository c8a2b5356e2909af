"""Backends by name: known without being imported, imported when named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from pipeline.engine.errors import UsageError


@dataclass(frozen=True)
class Entry:
    """One backend: its module, the imports it cannot do without, and what installs them.

    `waits` says that it waits for a server instead of computing. `elsewhere` are imports that only its workers need:
    they may run in an environment of their own, so that the driver can do without. `fills_gpu` says that one worker
    takes a GPU's whole memory, so that it cannot be one of several processes.
    """

    module: str
    requires: tuple[str, ...]
    install: str
    waits: bool = False
    elsewhere: tuple[str, ...] = ()
    fills_gpu: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Which of the required imports are not installed."""
        return _absent(self.requires)

    @property
    def missing_at_work(self) -> tuple[str, ...]:
        """Which of the imports are not installed that its workers need, if they run in this environment."""
        return _absent(self.requires + self.elsewhere)


def _absent(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if find_spec(name) is None)


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a wrong word: the nearest right ones, or all of them if there are few.

    >>> nearest("espaek", ["espeak", "cosyvoice"])
    'did you mean espeak?'
    >>> nearest("x", ["b", "a"])
    'there is: a, b'
    """
    options = sorted(known)
    close = get_close_matches(word, options, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    shown = ", ".join(options[:12]) + (", …" if len(options) > 12 else "")
    return f"there is: {shown}"


@dataclass(frozen=True)
class Registry:
    """The backends of one stage."""

    stage: str
    entries: Mapping[str, Entry]

    def entry(self, name: str) -> Entry:
        """The backend called `name`. Raises UsageError with the nearest right name."""
        if name not in self.entries:
            raise UsageError(f"no {self.stage} backend is called {name!r}: {nearest(name, self.entries)}")
        return self.entries[name]

    def load(self, name: str) -> ModuleType:
        """Import the backend's module. Raises UsageError that says what to install."""
        entry = self.entry(name)
        if entry.missing:
            needs = ", ".join(entry.missing)
            raise UsageError(f"the {self.stage} backend {name} needs {needs}: {entry.install}")
        return import_module(entry.module)
