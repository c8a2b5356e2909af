"""The durable record of a stage's results, keyed by fingerprint.

On disk: `RUN/ledger/<stage>/part-*.parquet`, each written whole and never changed. A row is one result: its key, its
small part as JSON text (`value`), its large part as bytes (`blob`, FLAC for takes), or the `reason` why there is
none. In parts with blobs every row is a row group of its own, so one take is read without its neighbours. How parts in
an object store are read with few requests is pipeline.engine.remote_part's matter.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from time import time_ns
from typing import BinaryIO
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine.failure import Failure
from pipeline.engine.remote_part import END, Small, open_part, pack, read_small, unpack
from pipeline.engine.storage import Folder

_FORMAT = "1"
_REMEMBERED_PARTS = 256
_REMEMBERED_RESULTS = 4096

SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("blob", pa.binary()),
        pa.field("reason", pa.string()),
        pa.field("seconds", pa.float32(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Entry:
    """One result to be kept: `value` (JSON) with an optional `blob`, or the `reason` of a failure.

    `seconds` is the time the result took to make.
    """

    key: str
    value: str | None = None
    blob: bytes | None = None
    reason: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Kept:
    """A result that this process made, at a row of a part: it need not be read to be known.

    It is in the part, or noted on its way there. `entries` are the part's, all of them if it is in an object store.
    """

    part: str
    row: int
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Place:
    """Where a result lies: enough for a worker in another process to read its blob."""

    folder: Folder
    part: str
    row: int

    def blob(self) -> bytes:
        """The result's large part."""
        (content,) = _blobs_of(self.folder, self.part, [self.row])
        return content


def blobs(places: Sequence[Place | None]) -> list[bytes | None]:
    """The large parts of several results, each part's file opened once; None where there is no place."""
    wanted: dict[tuple[str, str], list[int]] = {}
    for number, place in enumerate(places):
        if place is not None:
            wanted.setdefault((place.folder.url, place.part), []).append(number)
    found: list[bytes | None] = [None] * len(places)
    for numbers in wanted.values():
        some = [(number, place) for number in numbers if (place := places[number]) is not None]
        contents = _blobs_of(some[0][1].folder, some[0][1].part, [place.row for _, place in some])
        for (number, _), content in zip(some, contents, strict=True):
            found[number] = content
    return found


def _blobs_of(folder: Folder, part: str, rows: Sequence[int]) -> list[bytes]:
    """Each row with a blob is a row group of its own. One thread: what is read is small."""
    with _opened(folder, part) if folder.is_local else open_part(folder, part) as file:
        read = pq.ParquetFile(file, pre_buffer=False)
        found = [read.read_row_group(row, columns=["blob"], use_threads=False) for row in rows]
    return [table.column("blob")[0].as_py() for table in found]


def _opened(folder: Folder, part: str) -> AbstractContextManager[pa.NativeFile | BinaryIO]:
    """For Arrow to read, a local file as one of Arrow's own.

    A file of Python's that one of Arrow's threads lets go while the interpreter shuts down ends the process with an
    abort.
    """
    if not folder.is_local:
        return folder.open(part)
    opened: AbstractContextManager[pa.NativeFile] = pa.OSFile(folder.path(part))
    return opened


def part_name() -> str:
    """A name for a new part. Names stand in the order in which they were given."""
    return f"part-{time_ns():020d}-{uuid4().hex[:8]}.parquet"


def write_part(folder: Folder, stage: str, entries: Iterable[Entry], name: str = "") -> str:
    """Write one part, whole or not at all, and answer its name. Raises StorageError when the disk is full.

    No fsync: a part torn by a power cut is found out when read, and its few results are made again.
    """
    rows = [vars(entry) for entry in entries]
    columns = ([row[column] for row in rows] for column in ("key", "value", "reason"))
    metadata = {"warmline.ledger": _FORMAT, "warmline.stage": stage}
    table = pa.Table.from_pylist(rows, schema=SCHEMA.with_metadata(metadata))
    name = name or part_name()
    sink = pa.BufferOutputStream()
    group = 1 if any(row["blob"] is not None for row in rows) else None
    # FLAC does not shrink further, and a dictionary of keys that are all different only costs.
    with pq.ParquetWriter(sink, table.schema, compression={"value": "zstd"}, use_dictionary=False) as writer:
        if group is not None and not folder.is_local:
            writer.add_key_value_metadata(Small(*columns).mark())
        writer.write_table(table, row_group_size=group)
    folder.write(name, sink.getvalue().to_pybytes())
    return name


def warm_up() -> None:
    """Have Arrow ready to write parts: its first takes 0.3 s."""
    pq.write_table(pa.Table.from_pylist([], schema=SCHEMA), pa.BufferOutputStream(), compression={"value": "zstd"})


@dataclass
class Ledger:
    """A stage's results as one driver sees them.

    Failures recorded before this ledger was opened are forgotten (they are due to be tried again) unless
    `keep_failures`; those of this session are known. Parts that cannot be read are named in `faults` and left alone.

    >>> ledger = Ledger(Folder("memory://doctest-ledger"), "speak")
    >>> ledger.take_in(write_part(ledger.folder, "speak", [Entry("k1", value='"hello"')]))
    >>> ledger.value("k1"), ledger.value("k2")
    ('"hello"', None)
    """

    folder: Folder
    stage: str
    keep_failures: bool = False
    faults: list[str] = field(default_factory=list)
    _places: dict[str, tuple[str, int]] = field(default_factory=dict)
    _failures: dict[str, str] = field(default_factory=dict)
    _values: OrderedDict[str, list[str | None]] = field(default_factory=OrderedDict)
    _fresh: OrderedDict[str, str | None] = field(default_factory=OrderedDict)
    """Values of the last results made here: their parts may not be written yet."""
    _packed: dict[str, bytes] = field(default_factory=dict)
    """All values of an object store's parts: asking for one again would cost a request each."""

    def open(self) -> "Ledger":
        """Read which keys are there."""
        self.folder.sweep()
        names = list(self.folder.names())
        if not self.folder.is_local:
            self._take_in_remote(names, failures=self.keep_failures)
        else:
            for name in names:
                self.take_in(name, failures=self.keep_failures)
        return self

    def learn(self, kept: Kept) -> None:
        """Learn the key and value of a result that this process made."""
        entry = kept.entries[kept.row]
        self._fresh[entry.key] = entry.value
        if len(self._fresh) > _REMEMBERED_RESULTS:
            self._fresh.popitem(last=False)
        if not self.folder.is_local and kept.part not in self._packed:
            self._packed[kept.part] = pack([one.value for one in kept.entries])
        self._learn(kept.part, [entry.key], [entry.reason], first=kept.row)

    def take_in(self, name: str, *, failures: bool = True) -> None:
        """Learn the keys of a part."""
        if not self.folder.is_local:
            self._take_in_remote([name], failures=failures)
            return
        try:
            table = self._read(name, ["key", "reason"])
        except (pa.ArrowException, OSError, _ForeignError) as error:
            self._ignore(name, error)
            return
        keys, reasons = (table.column(column).to_pylist() for column in ("key", "reason"))
        self._learn(name, keys, reasons, failures=failures)

    def _take_in_remote(self, names: Sequence[str], *, failures: bool) -> None:
        for name, end in self.folder.ends(names, END):
            try:
                small = read_small(self.folder, name, end, self._check)
            except (pa.ArrowException, OSError, _ForeignError) as error:
                self._ignore(name, error)
                continue
            self._packed[name] = pack(small.values)
            self._learn(name, small.keys, small.reasons, failures=failures)

    def _ignore(self, name: str, error: Exception) -> None:
        reason = " ".join(str(error).split())[:120]
        self.faults.append(f"{self.folder.url}/{name} is no whole part of this ledger, ignored: {reason}")

    def _learn(
        self, name: str, keys: Sequence[str], reasons: Sequence[str | None], *, first: int = 0, failures: bool = True
    ) -> None:
        for row, (key, reason) in enumerate(zip(keys, reasons, strict=True), first):
            if reason is None:
                self._places[key] = (name, row)
                self._failures.pop(key, None)
            elif failures and key not in self._places:
                self._failures[key] = reason

    def _read(self, name: str, columns: list[str]) -> pa.Table:
        with _opened(self.folder, name) as file:
            parquet = pq.ParquetFile(file, pre_buffer=False)
            self._check(parquet.schema_arrow.metadata or {})
            return parquet.read(columns=columns, use_threads=False)

    def _check(self, metadata: Mapping[bytes, bytes]) -> None:
        if metadata.get(b"warmline.stage") != self.stage.encode():
            raise _ForeignError(f"not written by the {self.stage} stage")
        if metadata.get(b"warmline.ledger") != _FORMAT.encode():
            raise _ForeignError("another version of the ledger format")

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def place(self, key: str) -> Place:
        """Where `key`'s result lies. Raises KeyError if there is none."""
        name, row = self._places[key]
        return Place(self.folder, name, row)

    def failure(self, key: str) -> Failure | None:
        """Why `key` failed, if its last try did."""
        reason = self._failures.get(key)
        return None if reason is None else Failure(reason)

    @property
    def failures(self) -> int:
        """How many keys' last try failed."""
        return len(self._failures)

    def value(self, key: str) -> str | None:
        """The small part of `key`'s result (JSON), or None if there is none."""
        if key not in self._places:
            return None
        if key in self._fresh:
            return self._fresh[key]
        name, row = self._places[key]
        if name not in self._values:
            self._remember(name, self._values_of(name))
        self._values.move_to_end(name)
        return self._values[name][row]

    def values(self) -> Iterator[str]:
        """Every small part that is kept: of results, and of failures what they cost."""
        for name in self.folder.names():
            with suppress(pa.ArrowException, OSError, _ForeignError):  # told in `faults`
                yield from (value for value in self._values_of(name) if value is not None)

    def _values_of(self, name: str) -> list[str | None]:
        if name in self._packed:
            return unpack(self._packed[name])
        values: list[str | None] = self._read(name, ["value"]).column("value").to_pylist()
        return values

    def _remember(self, name: str, values: list[str | None]) -> None:
        self._values[name] = values
        if len(self._values) > _REMEMBERED_PARTS:
            self._values.popitem(last=False)


class _ForeignError(Exception):
    """A Parquet file that is no part of this ledger."""
