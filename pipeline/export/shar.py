"""The files of Lhotse Shar: cuts as lines of JSON, and their sounds, in the same order, in a tar."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import soundfile
from pydantic import JsonValue

from pipeline.corpus.rows import Dialogue
from pipeline.export.conversation import Conversation
from pipeline.export.format import LeftOut, Part
from pipeline.export.jsonl import read_lines
from schemas.frozen import Hertz, Seconds

CUTS_A_SHARD = 200
"""Shards are what readers shuffle, and share out among processes."""


@dataclass(frozen=True)
class Cut:
    """A line, and the sound that belongs to it."""

    id: str
    line: dict[str, JsonValue]
    sound: Conversation


Cuts = Callable[[Dialogue], Iterator[Cut | LeftOut]]


def recording(name: str, sound: Conversation) -> dict[str, JsonValue]:
    """The manifest of a sound that stands in the shard's tar."""
    return {
        "id": name,
        "sources": [{"type": "shar", "channels": [0, 1], "source": ""}],
        "sampling_rate": sound.rate,
        "num_samples": len(sound.samples),
        "duration": sound.duration,
        "channel_ids": [0, 1],
    }


class ShardWriter:
    """Writes what `cuts` makes of each dialogue: cuts.N.jsonl.gz and recording.N.tar in the split's folder.

    The first four digits of N are the part's, so that no two parts write the same names.
    """

    def __init__(self, part: Part, cuts: Cuts) -> None:
        self._part, self._cuts = part, cuts
        self._open = ExitStack()
        self._lines: gzip.GzipFile | None = None
        self._tar: tarfile.TarFile | None = None
        self._count, self._numbers = 0, list[str]()

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self._part.notes.parent.mkdir(parents=True, exist_ok=True)
        self._part.notes.write_text("".join(json.dumps(number) + "\n" for number in self._numbers), encoding="utf-8")

    def take(self, dialogue: Dialogue) -> Iterator[LeftOut | Seconds]:
        """Write its cut."""
        for made in self._cuts(dialogue):
            if isinstance(made, LeftOut):
                yield made
                continue
            if self._count % CUTS_A_SHARD == 0:
                self._next()
            self._count += 1
            self._write(made)
            yield made.sound.duration

    def _next(self) -> None:
        self._open.close()
        self._numbers.append(f"{self._part.number:04d}{len(self._numbers):03d}")
        cuts, sounds = _files(self._part, self._numbers[-1])
        plain = self._open.enter_context(cuts.open("wb"))
        self._lines = self._open.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0))
        self._tar = self._open.enter_context(tarfile.TarFile(sounds, "w"))

    def _write(self, cut: Cut) -> None:
        if self._lines is None or self._tar is None:
            raise AssertionError("no shard is open")
        flac = io.BytesIO()
        soundfile.write(flac, cut.sound.samples, cut.sound.rate, format="FLAC", subtype="PCM_16")
        manifest = json.dumps(recording(cut.id, cut.sound)).encode() + b"\n"
        for name, content in [(f"{cut.id}.flac", flac.getvalue()), (f"{cut.id}.json", manifest)]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            self._tar.addfile(entry, io.BytesIO(content))
        self._lines.write(json.dumps(cut.line, ensure_ascii=False).encode() + b"\n")


def _files(part: Part, number: str) -> tuple[Path, Path]:
    names = (f"cuts.{number}.jsonl.gz", f"recording.{number}.tar")
    cuts, sounds = (part.file(part.split, name) for name in names)
    return cuts, sounds


def shards_of(part: Part) -> Iterator[tuple[Path, Path]]:
    """The files that the part wrote: cuts and sounds."""
    return (_files(part, str(number)) for number in read_lines(part.notes))


@dataclass(frozen=True)
class StoredSound:
    """A sound of a shard: the name under which it stands, and what it says of itself."""

    key: str
    channels: int
    rate: Hertz
    frames: int


def stored(cuts: Path, sounds: Path) -> Iterator[tuple[JsonValue, StoredSound]]:
    """The lines of a shard and the sounds in their places. Raises ValueError where one is missing or cannot be read."""
    with gzip.open(cuts, "rt", encoding="utf-8") as lines, tarfile.open(sounds) as tar:
        for line, sound in zip(lines, _sounds(tar), strict=True):
            read: JsonValue = json.loads(line)
            yield read, sound


def _sounds(tar: tarfile.TarFile) -> Iterator[StoredSound]:
    entries = iter(tar)
    for entry, about in zip(entries, entries, strict=True):
        content, manifest = tar.extractfile(entry), tar.extractfile(about)
        if content is None or manifest is None or json.load(manifest)["id"] != Path(entry.name).stem:
            raise ValueError(f"{entry.name} is no sound with its manifest after it")
        info = soundfile.info(io.BytesIO(content.read()))
        yield StoredSound(Path(entry.name).stem, info.channels, info.samplerate, info.frames)
