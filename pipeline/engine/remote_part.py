"""Ledger parts in an object store: known by their last bytes, and their audio fetched a part at a time.

A local part is read where it lies. In a store each read is a request of tens of milliseconds, so the footer of a part
with blobs repeats the small columns: one request for the end of the file tells keys, values and reasons, whatever the
audio weighs. Parts without blobs are shorter than that end anyway.
"""

import base64
import io
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine.storage import Folder

END = 128 * 1024
"""How much of a file's end is asked for."""

_MARK = b"warmline.small"
_PARTS_HELD = 4


@dataclass(frozen=True)
class Small:
    """A part's small columns, row by row."""

    keys: list[str]
    values: list[str | None]
    reasons: list[str | None]

    def mark(self) -> dict[str, str]:
        """What the footer of a part with blobs says of them."""
        packed = zlib.compress(json.dumps([self.keys, self.values, self.reasons]).encode())
        return {_MARK.decode(): base64.b64encode(packed).decode()}


def pack(values: list[str | None]) -> bytes:
    """A part's values, as small as they can be remembered: about a third."""
    return zlib.compress(json.dumps(values).encode(), 1)


def unpack(packed: bytes) -> list[str | None]:
    """The values again."""
    values: list[str | None] = json.loads(zlib.decompress(packed))
    return values


def read_small(folder: Folder, name: str, end: bytes, check: Callable[[Mapping[bytes, bytes]], None]) -> Small:
    """The small columns of the part whose last bytes are `end`.

    `check` is given the part's metadata. Raises what it raises, pa.ArrowException for what is no Parquet file, and
    StorageError when the store refuses.
    """
    if _is_cut(end):
        end = folder.read(name)
    parquet = pq.ParquetFile(pa.BufferReader(end))
    check(parquet.schema_arrow.metadata or {})
    footer: Mapping[bytes, bytes] = parquet.metadata.metadata or {}
    if _MARK in footer:
        try:
            return Small(*json.loads(zlib.decompress(base64.b64decode(footer[_MARK]))))
        except (ValueError, TypeError, zlib.error) as error:
            raise pa.ArrowInvalid(f"what its footer repeats cannot be read: {error}") from error
    if len(end) == END:  # copied here from a local folder, where no footer repeats anything
        parquet = pq.ParquetFile(pa.BufferReader(folder.read(name)))
    table = parquet.read(columns=["key", "value", "reason"], use_threads=False)
    return Small(*(table.column(column).to_pylist() for column in ("key", "value", "reason")))


def _is_cut(end: bytes) -> bool:
    """Whether the footer is longer than what was asked for. It ends in its own length and four letters."""
    return len(end) == END and end[-4:] == b"PAR1" and int.from_bytes(end[-8:-4], "little") + 8 > END


@lru_cache(maxsize=_PARTS_HELD)
def whole_part(folder: Folder, name: str) -> bytes:
    """A part's content. Takes are wanted in the order in which they were made, so the last parts are held."""
    return folder.read(name)


def open_part(folder: Folder, name: str) -> io.BytesIO:
    """For reading single rows."""
    return io.BytesIO(whole_part(folder, name))
