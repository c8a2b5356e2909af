"""Formats that are lines of JSON: one writer, one reader, one way of putting the parts together."""

import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pydantic import JsonValue

from pipeline.corpus.rows import Dialogue
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from schemas.frozen import Seconds


@dataclass(frozen=True)
class Record:
    """One line, and the seconds of sound that it stands for."""

    line: JsonValue
    seconds: Seconds = 0.0


Lines = Callable[[Part, Dialogue], Iterator[Record | LeftOut]]


class JsonlWriter:
    """Writes what `lines` makes of each dialogue into the part's notes."""

    def __init__(self, part: Part, lines: Lines) -> None:
        self._part, self._lines = part, lines
        self._file: TextIO | None = None

    def __enter__(self) -> "JsonlWriter":
        self._part.notes.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.notes.open("w", encoding="utf-8")
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def take(self, dialogue: Dialogue) -> Iterator[LeftOut | Seconds]:
        """Write its lines."""
        if self._file is None:
            raise AssertionError("the writer is not open")
        for made in self._lines(self._part, dialogue):
            if isinstance(made, LeftOut):
                yield made
            else:
                self._file.write(json.dumps(made.line, ensure_ascii=False) + "\n")
                yield made.seconds


class JsonlFormat(ABC):
    """A format whose records are lines of JSON: what it says of a dialogue, and what its rules say of a line."""

    def __init__(self, settings: ExportSettings, kind: str = "") -> None:
        self._settings = settings
        self._kind = settings.units or kind

    def writer(self, part: Part) -> JsonlWriter:
        """Lines of JSON."""
        return JsonlWriter(part, self.lines)

    def faults(self, part: Part) -> Iterator[str]:
        """What breaks the format's rules, line by line."""
        for number, line in enumerate(read_lines(part.notes), start=1):
            yield from (f"line {number}: {fault}" for fault in self.line_faults(line, part))

    def gather(self, out: Path, parts: Sequence[Part]) -> None:
        """One file of lines a split."""
        gather_lines(out, parts)

    @abstractmethod
    def lines(self, part: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """What the dialogue becomes, its files being written on the way, or why it is left out."""
        ...

    @abstractmethod
    def line_faults(self, line: JsonValue, part: Part) -> Iterator[str]:
        """What breaks the rules, checked against the files that the line names."""
        ...

    @abstractmethod
    def readme(self, facts: Facts) -> str:
        """What it is, what is in it, and the trainer's own command."""
        ...


def read_lines(path: Path) -> Iterator[JsonValue]:
    """The file's lines as they were meant. Raises ValueError for one that is no JSON."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            read: JsonValue = json.loads(line)
            yield read


def gather_lines(out: Path, parts: Sequence[Part]) -> None:
    """One file a split out of its parts, in their order."""
    for split in dict.fromkeys(part.split for part in parts):
        draft = out / f".unfinished-{split}.jsonl"
        with draft.open("wb") as target:
            for part in (part for part in parts if part.split is split):
                with part.notes.open("rb") as source:
                    shutil.copyfileobj(source, target)
        draft.replace(out / f"{split}.jsonl")
