"""Files on their way to and from an object store."""

import io
from abc import abstractmethod
from contextlib import suppress

from fsspec import AbstractFileSystem
from fsspec.spec import AbstractBufferedFile

from pipeline.engine.object_store import told

_PIECE = 16 * 1024 * 1024
"""What is held in memory of an upload. A smaller file goes up in one request; a larger in pieces of this size."""


class Upload(io.RawIOBase):
    """A file being written to a store. It appears there whole with `finish`, and not at all without.

    A process that is killed leaves no file; of a large one the pieces it had sent lie unseen in the bucket until a
    lifecycle rule clears them away (docs/storage.md).
    """

    def __init__(self, filesystem: AbstractFileSystem, path: str, url: str) -> None:
        self._url = url
        self._finished = False
        with told(url, "written"):
            self._file = filesystem.open(path, "wb", block_size=_PIECE)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: object) -> int:
        """Append bytes. Raises StorageError when the store refuses."""
        with told(self._url, "written"):
            return int(self._file.write(content))

    def tell(self) -> int:
        """How many bytes were written."""
        return int(self._file.tell())

    def finish(self) -> None:
        """Give the file its name. Raises StorageError when the store refuses."""
        with told(self._url, "written"):
            self._file.close()
        self._finished = True

    def call_off(self) -> None:
        """Unless it is finished: discard what was sent. A store that refuses even that keeps the pieces."""
        if not self._finished:
            with suppress(Exception):
                self._file.discard()
            if isinstance(self._file, AbstractBufferedFile):
                self._file.closed = True  # or its finaliser would finish the upload
        self.close()


class RangedFile(io.RawIOBase):
    """A file elsewhere, for reading at a few places: `_part` fetches what a read asks for. `_size` is its length."""

    _size: int
    _at = 0

    @abstractmethod
    def _part(self, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`, which both lie in the file."""
        ...

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, or all that are left. Raises what fetching them raises."""
        end = self._size if size is None or size < 0 else min(self._size, self._at + size)
        if end <= self._at:
            return b""
        content = self._part(self._at, end)
        self._at += len(content)
        return content


class Download(RangedFile):
    """A file of a store: each read is one request. Raises StorageError when the store refuses."""

    def __init__(self, filesystem: AbstractFileSystem, path: str, url: str) -> None:
        self._filesystem, self._path, self._url = filesystem, path, url
        with told(url, "read"):
            self._size = int(filesystem.info(path)["size"])

    def _part(self, start: int, end: int) -> bytes:
        with told(self._url, "read"):
            return bytes(self._filesystem.cat_file(self._path, start=start, end=end))
