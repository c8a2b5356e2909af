"""A corpus read back: its shards in their order, dialogue by dialogue, one row group in memory at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.audio.recording import Recording, decode_flac
from pipeline.engine.errors import StorageError, UsageError
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.storage import Folder
from schemas.frozen import Hertz, Seconds
from schemas.take import Word
from schemas.voice import Role, Split

_PLACES = ("corpus/data", "data", "")
_BATCH = 8

_READ = (
    *("id", "language", "kind", "situation", "provenance.units"),
    *(f"{side}.{name}" for side in Role for name in ("gender", "age", "emotion", "persona")),
    *(f"turns.{name}" for name in ("role", "text", "emotion", "delivery.instruction", "voice", "sample_rate")),
    *("turns.audio.bytes", "turns.duration", "turns.words.start", "turns.units"),
)
"""The columns that are read here."""


@dataclass(frozen=True)
class UnitKind:
    """What is known of one kind of units: codebook or weights, frames a second, codes, and where they are from."""

    revision: str | None
    rate: float
    size: int
    source: str | None


@dataclass(frozen=True)
class Side:
    """One of the two who talk, as drawn."""

    gender: str
    age: str
    emotion: str
    persona: str | None


@dataclass(frozen=True)
class Turn:
    """A turn as the shard has it; a typed one has no audio. `instruction` is the pack's for its delivery."""

    role: Role
    text: str
    emotion: str
    instruction: str
    voice: str | None
    flac: bytes | None
    sample_rate: Hertz
    duration: Seconds
    words: tuple[Word, ...]
    units: Mapping[str, tuple[int, ...]]

    def recording(self) -> Recording:
        """Its sound. Raises ValueError if it has none or it cannot be read."""
        if self.flac is None:
            raise ValueError("the turn has no audio")
        return decode_flac(self.flac)


@dataclass(frozen=True)
class Dialogue:
    """A row of the corpus."""

    id: str
    split: Split
    language: str
    kind: str
    situation: str
    user: Side
    assistant: Side
    turns: tuple[Turn, ...]
    kinds: Mapping[str, UnitKind]


@dataclass(frozen=True)
class Shard:
    """One file of the corpus. `mark` changes when its rows do."""

    folder: Folder
    name: str
    split: Split
    rows: int
    mark: str
    kinds: tuple[str, ...]

    def dialogues(self) -> Iterator[Dialogue]:
        """Every row, in order. Raises StorageError for a file that is cut off or no shard."""
        try:
            with self.folder.open(self.name) as file:
                for batch in pq.ParquetFile(file).iter_batches(batch_size=_BATCH):
                    for row in batch.to_pylist():
                        yield _dialogue(cast("_Row", row), self.split)
        except (pa.ArrowException, OSError) as error:
            raise _broken(self.folder, self.name, error) from error


def shards(place: str) -> list[Shard]:
    """The shards of a run, or of a corpus by itself, in a folder or a bucket, split by split.

    Raises UsageError if there are none, StorageError for a file that is cut off or no shard.
    """
    for inner in _PLACES:
        folder = Folder(place).below(inner) if inner else Folder(place)
        found = [shard for split in Split for shard in _of(folder, split)]
        if found:
            return found
    raise UsageError(f"{place} holds no corpus: there is no train-00000.parquet in it, nor in data/ or corpus/data/")


def kinds_of(shard: Shard) -> Mapping[str, UnitKind]:
    """The kinds of units that the shard's first row names; none of an empty shard."""
    first = next(shard.dialogues(), None)
    return first.kinds if first else {}


def _of(folder: Folder, split: Split) -> Iterator[Shard]:
    for name in folder.names():
        if name.startswith(f"{split}-") and name.endswith(".parquet"):
            yield _shard(folder, name, split)


def _shard(folder: Folder, name: str, split: Split) -> Shard:
    try:
        with folder.open(name) as file:
            read = pq.ParquetFile(file)
            metadata, schema = read.metadata, read.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise _broken(folder, name, error) from error
    if lacking := [column for column in _READ if not _has(pa.struct(list(schema)), column.split("."))]:
        mend = "if an earlier version made it, run `warmline generate` with this one: nothing is spoken again"
        raise UsageError(f"{folder.url}/{name} is no shard of this version: it has no {lacking[0]}; {mend}")
    marks = metadata.metadata or {}
    mark = fingerprint(name, metadata.num_rows, marks.get(b"warmline.shard", b"").decode())
    units = schema.field("turns").type.value_type.field("units").type
    return Shard(folder, name, split, metadata.num_rows, mark, tuple(field.name for field in units))


def _has(kind: pa.DataType, names: Sequence[str]) -> bool:
    """Whether a column, or the rows of a list, have such a field, and it such a field, and so on."""
    if isinstance(kind, pa.ListType):
        kind = kind.value_type
    if not names:
        return True
    if not isinstance(kind, pa.StructType) or kind.get_field_index(names[0]) < 0:
        return False
    return _has(kind.field(names[0]).type, names[1:])


def _broken(folder: Folder, name: str, error: Exception) -> StorageError:
    said = " ".join(str(error).split())[:120]
    mend = "run `warmline generate` again, or fetch it again"
    return StorageError(f"{folder.url}/{name} cannot be read, it may be cut off ({said}): {mend}")


class _Side(TypedDict):
    gender: str
    age: str
    emotion: str
    persona: str | None


class _Word(TypedDict):
    text: str
    start: float
    end: float


class _Audio(TypedDict):
    bytes: bytes


class _Delivery(TypedDict):
    instruction: str | None


class _Turn(TypedDict):
    role: str
    text: str
    emotion: str
    delivery: _Delivery | None
    voice: str | None
    audio: _Audio | None
    sample_rate: int | None
    duration: float | None
    words: Sequence[_Word] | None
    units: Mapping[str, Sequence[int] | None] | None


class _Kind(TypedDict):
    revision: str | None
    rate: float
    size: int
    source: str | None


class _Provenance(TypedDict):
    units: Mapping[str, _Kind] | None


class _Row(TypedDict):
    id: str
    language: str
    kind: str
    situation: str
    user: _Side
    assistant: _Side
    turns: Sequence[_Turn]
    provenance: _Provenance


def _dialogue(row: _Row, split: Split) -> Dialogue:
    kinds = row["provenance"]["units"] or {}
    return Dialogue(
        id=row["id"],
        split=split,
        language=row["language"],
        kind=row["kind"],
        situation=row["situation"],
        user=_side(row["user"]),
        assistant=_side(row["assistant"]),
        turns=tuple(map(_turn, row["turns"])),
        kinds={
            name: UnitKind(kind["revision"], kind["rate"], kind["size"], kind["source"]) for name, kind in kinds.items()
        },
    )


def _side(side: _Side) -> Side:
    return Side(side["gender"], side["age"], side["emotion"], side["persona"])


def _turn(turn: _Turn) -> Turn:
    audio, delivery = turn["audio"], turn["delivery"]
    units = turn["units"] or {}
    return Turn(
        role=Role(turn["role"]),
        text=turn["text"],
        emotion=turn["emotion"],
        instruction=(delivery["instruction"] if delivery else None) or "",
        voice=turn["voice"],
        flac=audio["bytes"] if audio else None,
        sample_rate=turn["sample_rate"] or 0,
        duration=turn["duration"] or 0.0,
        words=tuple(Word(**word) for word in turn["words"] or ()),
        units={name: tuple(found) for name, found in units.items() if found is not None},
    )
