"""Shards: closed Parquet files of rows in the plan's order, the same bytes however often the run was interrupted.

A shard's footer carries how many rows it was closed with and a fingerprint of them. A resumed run that comes to the
same rows finds the closed shard and leaves it; until its last row is known to agree, rows are only remembered.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.storage import Folder
from pipeline.shard.row import Decided, PlainRow, RowMaker

ROW_GROUP_ROWS = 32
ROW_GROUP_BYTES = 8_000_000
"""A row group is read whole: small enough to be held many times over, whatever the corpus."""

_MARK = "warmline.shard"


@dataclass
class ShardWriter:
    """Writes the shards `{prefix}-00000.parquet`, … of one split into `folder`.

    `written` counts the files written in this session, `kept` those found closed with the same rows.
    """

    folder: Folder
    prefix: str
    schema: pa.Schema
    maker: RowMaker
    target_bytes: float
    number: int = 0
    written: int = 0
    kept: int = 0
    rows: int = 0
    _held: "list[_Held]" = field(default_factory=list)
    _identities: list[str] = field(default_factory=list)
    _size: int = 0
    _draft: "_Draft | None" = None
    _closed: "_Closed | None" = None

    def __post_init__(self) -> None:
        self._closed = self._find()

    def add(self, decided: Decided) -> None:
        """Append a dialogue; closes the shard when it has grown to the target."""
        plain = self.maker.plain(decided)
        self._identities.append(plain.identity)
        self._size += decided.size
        self.rows += 1
        is_new = self._closed is None or len(self._identities) > self._closed.rows
        self._held.append(_Held(decided, plain if is_new else None))
        if is_new:
            self._write_held()
        if self._size >= self.target_bytes:
            self.close()

    def close(self) -> None:
        """Close the shard at hand, if it has rows."""
        if not self._identities:
            return
        mark = _Closed(len(self._identities), fingerprint(self._identities))
        if self._draft is None and mark == self._closed:
            self.kept += 1
        else:
            self._write_held(last=True)
            if self._draft is not None:
                self._draft.finish(mark)
                self.written += 1
        self._held, self._identities, self._size, self._draft = [], [], 0, None
        self.number += 1
        self._closed = self._find()

    def abandon(self) -> None:
        """Leave nothing of the unfinished shard."""
        if self._draft is not None:
            self._draft.abandon()
            self._draft = None

    def remove_later(self) -> list[str]:
        """After the last close: remove shards of an earlier, longer version of this corpus, and name them."""
        stale = [name for name in self.folder.names() if self._is_mine(name) and name >= self._name()]
        for name in stale:
            self.folder.remove(name)
        return stale

    def _is_mine(self, name: str) -> bool:
        number = name.removeprefix(f"{self.prefix}-").removesuffix(".parquet")
        return name == f"{self.prefix}-{number}.parquet" and number.isdigit()

    def _name(self) -> str:
        return f"{self.prefix}-{self.number:05d}.parquet"

    def _find(self) -> "_Closed | None":
        """What the closed shard of this number holds; None if there is none that we wrote."""
        if not self.folder.has(self._name()):
            return None
        try:
            with self.folder.open(self._name()) as file:
                metadata = pq.ParquetFile(file).metadata.metadata or {}
        except (pa.ArrowException, OSError):
            return None
        rows, _, identity = metadata.get(_MARK.encode(), b"0 ").decode().partition(" ")
        return _Closed(int(rows), identity) if identity else None

    def _write_held(self, *, last: bool = False) -> None:
        for group in self._groups(last=last):
            if self._draft is None:
                self._draft = _Draft(self.folder, self._name(), self.schema)
            plain = [one.plain or self.maker.plain(one.decided) for one in group]
            rows = self.maker.rows([one.decided for one in group], plain)
            self._draft.append(pa.Table.from_pylist(rows, schema=self.schema))

    def _groups(self, *, last: bool) -> Iterator[list["_Held"]]:
        """Cut full row groups off what is held; their bounds depend on the rows alone."""
        while self._held:
            size, end = 0, 0
            while end < min(len(self._held), ROW_GROUP_ROWS) and size < ROW_GROUP_BYTES:
                size += self._held[end].decided.size
                end += 1
            if not last and end < ROW_GROUP_ROWS and size < ROW_GROUP_BYTES:
                return
            group, self._held = self._held[:end], self._held[end:]
            yield group


@dataclass(frozen=True)
class _Held:
    """A dialogue that waits for its row group, and its row; not the row where many may wait for nothing."""

    decided: Decided
    plain: PlainRow | None


@dataclass(frozen=True)
class _Closed:
    """The footer's mark: number of rows, and the fingerprint of their fingerprints."""

    rows: int
    identity: str


class _Draft:
    """A shard being written: it has no name until it is finished."""

    def __init__(self, folder: Folder, name: str, schema: pa.Schema) -> None:
        self._stack = ExitStack()
        self._file = self._stack.enter_context(folder.create(name))
        self._basin = _Basin()
        # Content-defined chunks: a corpus that changed a little uploads only its changes.
        self._writer = pq.ParquetWriter(self._basin, schema, compression="zstd", use_content_defined_chunking=True)

    def append(self, table: pa.Table) -> None:
        """Write a row group. Raises StorageError when it cannot be written."""
        self._writer.write_table(table, row_group_size=len(table))
        self._pass_on()

    def _pass_on(self) -> None:
        try:
            self._file.write(self._basin.drain())
        except OSError as error:
            self._stack.__exit__(type(error), error, error.__traceback__)  # the folder tells it in its own words
            raise

    def finish(self, mark: _Closed) -> None:
        """Close the file and give it its name."""
        self._writer.add_key_value_metadata({_MARK: f"{mark.rows} {mark.identity}"})
        self._writer.close()
        self._pass_on()
        self._stack.close()

    def abandon(self) -> None:
        """Drop the file."""
        self._writer.close()
        self._stack.__exit__(_AbandonedError, _AbandonedError(), None)


class _Basin:
    """Where Arrow writes: memory, so that no write of its fails. It ends the process when one does while it chunks."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, content: bytes) -> int:
        """Take it in."""
        self._pieces.append(content)
        self._size += len(content)
        return len(content)

    def tell(self) -> int:
        """How much was ever written."""
        return self._size

    def drain(self) -> bytes:
        """What was written since the last time."""
        drained = b"".join(self._pieces)
        self._pieces = []
        return drained


class _AbandonedError(Exception):
    """Ends a draft that is not to get its name."""
