"""A corpus read back: its shards in their order, dialogue by dialogue, one row group in memory at a time."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.corpus.hub import HubFolder, dataset_name, on_the_hub
from pipeline.corpus.rows import AUDIO, READ, Dialogue, Row, UnitKind, dialogue
from pipeline.engine.errors import StorageError, UsageError
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.storage import Folder
from schemas.voice import Split

_PLACES = ("corpus/data", "data", "")
_BATCH = 8
_AT_ONCE = 8
_LISTS = (".list.element", ".list.item")
"""How Parquet's writers call what is in a list; a column's name has nothing of it."""


class ShardFolder(Protocol):
    """Where shards lie."""

    @property
    def url(self) -> str:
        """What messages call it."""
        ...

    def names(self) -> Iterator[str]:
        """The files in it, sorted."""
        ...

    def open(self, name: str) -> BinaryIO:
        """A file, to be read at random places."""
        ...


@dataclass(frozen=True)
class Shard:
    """One file of the corpus: `groups` has how many rows each of its row groups holds. `mark` changes when rows do."""

    folder: ShardFolder
    name: str
    split: Split
    groups: tuple[int, ...]
    mark: str
    kinds: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many dialogues it holds."""
        return sum(self.groups)

    def dialogues(self) -> Iterator[Dialogue]:
        """Every row, in order. Raises StorageError for a file that is cut off or no shard."""
        yield from self._read(range(len(self.groups)), audio=True)

    def group(self, number: int, *, audio: bool = True) -> list[Dialogue]:
        """The rows of one row group, without their sound if it is not asked for. Raises StorageError as above."""
        return list(self._read([number], audio=audio))

    def _read(self, groups: Sequence[int], *, audio: bool) -> Iterator[Dialogue]:
        with _told(self.folder, self.name), self.folder.open(self.name) as file:
            read = pq.ParquetFile(file, pre_buffer=_is_far(self.folder))
            columns = list(_columns(read.schema, READ if audio else [name for name in READ if name != AUDIO]))
            for group in groups:
                # One thread: exports and loaders are processes already, and each thread keeps memory of its own.
                for batch in read.iter_batches(_BATCH, [group], columns, use_threads=False):
                    for row in batch.to_pylist():
                        yield dialogue(cast("Row", row), self.split)


def shards(place: str) -> list[Shard]:
    """The shards of a run, or of a corpus by itself, split by split.

    `place` is a folder, a bucket's URL, or a dataset of the Hub: `hf://datasets/OWNER/NAME`, `…@REVISION`, or just
    `OWNER/NAME` if there is no such folder. Raises UsageError if there are none, StorageError for a file that is cut
    off or no shard, and for a Hub or a bucket that does not give it.
    """
    if Path(place).is_file():
        raise UsageError(f"{place} is a file: name the run's folder, or the one that holds the shards")
    hub = dataset_name(place)
    outer = on_the_hub(hub) if hub else Folder(place)
    for inner in _PLACES:
        folder = outer.below(inner) if inner else outer
        names = list(folder.names())
        found = [(name, split) for split in Split for name in names if _is_of(name, split)]
        if found:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                return list(pool.map(partial(_shard, folder), *zip(*found, strict=True)))
    raise UsageError(f"{place} holds no corpus: there is no train-00000.parquet in it, nor in data/ or corpus/data/")


def kinds_of(shard: Shard) -> Mapping[str, UnitKind]:
    """The kinds of units that the shard's first row names; none of an empty shard."""
    first = next(shard.dialogues(), None)
    return first.kinds if first else {}


def _is_far(folder: ShardFolder) -> bool:
    """Whether reads are requests, of which fewer are better: a row group is read ahead as a whole, and kept so long."""
    return isinstance(folder, Folder) and not folder.is_local


def _is_of(name: str, split: Split) -> bool:
    return name.startswith(f"{split}-") and name.endswith(".parquet")


def _shard(folder: Folder | HubFolder, name: str, split: Split) -> Shard:
    with _told(folder, name), _for_its_footer(folder, name) as file:
        read = pq.ParquetFile(file)
        metadata, schema = read.metadata, read.schema_arrow
    if lacking := [column for column in READ if not _has(pa.struct(list(schema)), column.split("."))]:
        mend = "if an earlier version made it, run `warmline generate` with this one: nothing is spoken again"
        raise UsageError(f"{folder.url}/{name} is no shard of this version: it has no {lacking[0]}; {mend}")
    marks = metadata.metadata or {}
    mark = fingerprint(name, metadata.num_rows, marks.get(b"warmline.shard", b"").decode() or _layout(metadata))
    groups = tuple(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
    units = schema.field("turns").type.value_type.field("units").type
    return Shard(folder, name, split, groups, mark, tuple(field.name for field in units))


def _layout(metadata: pq.FileMetaData) -> str:
    """Of a shard that another tool has written again: sizes and bounds of its columns, which change when rows do."""
    return repr([metadata.row_group(number).to_dict() for number in range(metadata.num_row_groups)])


def _for_its_footer(folder: Folder | HubFolder, name: str) -> BinaryIO:
    return folder.glance(name) if isinstance(folder, HubFolder) else folder.open(name)


def _columns(schema: pq.ParquetSchema, wanted: Sequence[str]) -> Iterator[str]:
    """The file's columns that are among these or below one of them, as Parquet names them."""
    for number in range(len(schema.names)):
        path = plain = str(schema.column(number).path)
        for name in _LISTS:
            plain = plain.replace(name, "")
        if any(f"{plain}.".startswith(f"{one}.") for one in wanted):
            yield path


def _has(kind: pa.DataType, names: Sequence[str]) -> bool:
    """Whether a column, or the rows of a list, have such a field, and it such a field, and so on."""
    if isinstance(kind, pa.ListType):
        kind = kind.value_type
    if not names:
        return True
    if not isinstance(kind, pa.StructType) or kind.get_field_index(names[0]) < 0:
        return False
    return _has(kind.field(names[0]).type, names[1:])


@contextmanager
def _told(folder: ShardFolder, name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        said = " ".join(str(error).split())[:120]
        mend = "run `warmline generate` again, or fetch it again"
        raise StorageError(f"{folder.url}/{name} cannot be read, it may be cut off ({said}): {mend}") from error
