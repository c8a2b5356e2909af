"""Showing how far a run is: bars on a terminal, a plain line now and then elsewhere."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

PLAIN_EVERY = 5.0


@dataclass
class Tally:
    """What a run has done so far. `wanted` dialogues; the others count what was decided or made in this session.

    `done` says what a counted dialogue is: accepted, or only written. `short` has, at the end, the cells that lack
    dialogues: name, how many they have, how many they were to get. `spent` tells how much of its budget the run has
    spent, if it has limits, and `over` names those that kept dialogues from being begun.
    """

    wanted: int
    done: str = "accepted"
    accepted: int = 0
    rejected: int = 0
    turns: int = 0
    audio_seconds: float = 0.0
    tries: int = 0
    made: dict[str, int] = field(default_factory=dict)
    short: Sequence[tuple[str, int, int]] = ()
    spent: str = ""
    over: set[str] = field(default_factory=set)
    started: float = field(default_factory=monotonic)

    @property
    def accept_rate(self) -> float:
        """The part of the decided dialogues that passed."""
        return self.accepted / max(1, self.accepted + self.rejected)

    def count(self, *, accepted: bool, durations: Sequence[float], tries: int) -> None:
        """Count a decided dialogue; of what did not pass only that, and its tries."""
        self.accepted += accepted
        self.rejected += not accepted
        self.tries += tries
        if accepted:
            self.turns += len(durations)
            self.audio_seconds += sum(durations)

    def line(self) -> str:
        """The state in one plain line."""
        minutes = (monotonic() - self.started) / 60
        rate = self.accepted / minutes if minutes else 0.0
        left = f", {(self.wanted - self.accepted) / rate:.1f} min left" if 0 < self.accepted < self.wanted else ""
        made = ", ".join(f"{count} {what}" for what, count in self.made.items() if count)
        return (
            f"{self.accepted}/{self.wanted} dialogues {self.done} ({self.accept_rate:.0%} of decided), "
            f"made here: {made or 'nothing yet'}; {rate:.0f} dialogues/min{left}"
            + (f"; spent {self.spent}" if self.spent else "")
        )


class Show(Protocol):
    """Something that shows a tally as it grows."""

    def say(self, message: str) -> None:
        """A line the user should read."""
        ...

    def update(self, tally: Tally) -> None:
        """The tally has changed."""
        ...

    def close(self) -> None:
        """The run is over."""
        ...


class PlainLines:
    """A line every few seconds, for logs."""

    def __init__(self) -> None:
        self._last = monotonic()

    def say(self, message: str) -> None:
        """Print it."""
        print(message, file=sys.stderr, flush=True)

    def update(self, tally: Tally) -> None:
        """Print the tally if the last line was a while ago."""
        if monotonic() - self._last >= PLAIN_EVERY:
            self._last = monotonic()
            self.say(tally.line())

    def close(self) -> None:
        """Nothing to tidy."""


class Bars:
    """A bar for the corpus and one a stage."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._bars: dict[str, TaskID] = {}
        self._progress.start()

    def say(self, message: str) -> None:
        """Print it above the bars."""
        self._progress.console.print(message, highlight=False, markup=False)

    def update(self, tally: Tally) -> None:
        """Move the bars."""
        rate = [f"{tally.accept_rate:.0%} of decided"] if tally.accepted + tally.rejected else []
        note = ", ".join([*rate, f"spent {tally.spent}"] if tally.spent else rate)
        self._move(tally.done, tally.accepted, tally.wanted, note)
        minutes = max(1e-9, (monotonic() - tally.started) / 60)
        for stage, count in tally.made.items():
            self._move(stage, count, None, f"{count / minutes:.0f}/min")

    def _move(self, name: str, completed: int, total: int | None, note: str) -> None:
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=total, note=note)
        self._progress.update(self._bars[name], completed=completed, note=note)

    def close(self) -> None:
        """Leave the last state on the screen; how many a stage would do was not known before, but is now."""
        for bar in self._progress.tasks:
            self._progress.update(bar.id, total=bar.total or bar.completed)
        self._progress.stop()


def show_for_terminal() -> Show:
    """Bars if somebody is watching, plain lines if not."""
    return Bars() if sys.stderr.isatty() else PlainLines()
