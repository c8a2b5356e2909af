"""What an export format must do, and what it is given to do it with.

A format is a module beside this one with `VERSION`, `UNITS` (the kinds of units that it takes, none for a format
without) and `build(settings: ExportSettings) -> Format`. It is listed in `formats.py` and imported only when named. A
corpus is exported part by part, one part a shard, by as many processes as there are cores; a part that was finished is
never made again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import Field

from pipeline.corpus.rows import Dialogue, UnitKind
from schemas.frozen import Frozen, Seconds
from schemas.voice import Split


class ExportSettings(Frozen):
    """What the command line says of an export."""

    units: str | None = Field(default=None, description="the kind of units; none: the format's own")
    prefix: str = Field(default="", description="how paths begin in what is written")
    longest: Seconds = Field(default=30.0, gt=0, description="turns that are longer are left out")
    tokenizer: str | None = Field(default=None, description="the model's tokenizer.json, or a folder that holds it")
    gap: Seconds = Field(default=0.2, ge=0, description="between two turns, where a dialogue is one sound")


@dataclass(frozen=True)
class LeftOut:
    """A dialogue that the format cannot take, for one of its turns: which rule, and in words. Turns count from 0."""

    id: str
    turn: int
    check: str
    message: str


@dataclass(frozen=True)
class Part:
    """Where one shard's part of the export goes. `number` counts the parts of its split."""

    out: Path
    split: Split
    number: int
    settings: ExportSettings

    @property
    def name(self) -> str:
        """The part's own name, by which its files and folders are called."""
        return f"{self.split}-{self.number:05d}"

    @property
    def notes(self) -> Path:
        """A file beside the export in which the part's records wait until all parts are there."""
        return self.out / PARTS / f"{self.name}.jsonl"

    def file(self, *names: str) -> Path:
        """A file of this part below the export's folder, whose folder is made. Names stay inside."""
        path = self.out.joinpath(*names)
        if not path.resolve().is_relative_to(self.out.resolve()):
            raise ValueError(f"{'/'.join(names)} is not inside {self.out}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def named(self, path: Path) -> str:
        """How the export's own files name that file."""
        return self.settings.prefix + path.relative_to(self.out).as_posix()

    def located(self, name: str) -> Path:
        """The file that is so named."""
        return self.out / name.removeprefix(self.settings.prefix)


PARTS = ".parts"
"""The folder of an unfinished export's parts."""


@dataclass(frozen=True)
class Made:
    """What became of one part, or of all: dialogues in, records out, seconds of sound, and what was left out."""

    dialogues: int = 0
    records: int = 0
    seconds: Seconds = 0.0
    left_out: tuple[LeftOut, ...] = ()

    def __add__(self, other: "Made") -> "Made":
        return Made(
            self.dialogues + other.dialogues,
            self.records + other.records,
            self.seconds + other.seconds,
            self.left_out + other.left_out,
        )


@dataclass(frozen=True)
class Facts:
    """What a README says of an export: where it is, what came of each split, and the corpus's kinds of units."""

    out: str
    made: Mapping[Split, Made]
    kinds: Mapping[str, UnitKind] = field(default_factory=dict)


class PartWriter(Protocol):
    """Writes one part. Used as a context, so that its files are closed whatever happens."""

    def __enter__(self) -> "PartWriter": ...

    def __exit__(self, *error: object) -> None: ...

    def take(self, dialogue: Dialogue) -> Iterator[LeftOut | Seconds]:
        """Write a dialogue: yields for each record the seconds of sound in it, for what is left out the reason."""
        ...


class Format(Protocol):
    """One format."""

    def writer(self, part: Part) -> PartWriter:
        """What writes a part."""
        ...

    def faults(self, part: Part) -> Iterator[str]:
        """Read the part back as its trainer would: everything in it that breaks the format's rules."""
        ...

    def gather(self, out: Path, parts: Sequence[Part]) -> None:
        """Make the export's own files out of the finished parts."""
        ...

    def readme(self, facts: Facts) -> str:
        """What it is, what is in it, and the trainer's own command."""
        ...
