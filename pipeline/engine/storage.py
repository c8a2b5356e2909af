"""Folders by URL: a path, s3://, gs://, az://. Every file appears whole or not at all."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast
from uuid import uuid4

import fsspec
from fsspec import AbstractFileSystem

from pipeline.engine.errors import StorageError
from pipeline.engine.object_store import MOST_REQUESTS, connect, is_missing, is_store, refused, told
from pipeline.engine.transfer import Download, Upload

_UNFINISHED = ".unfinished-"
JOURNAL = ".journal-"
"""Begins the names of notes towards a file that is not there yet (pipeline.engine.journal)."""


@dataclass(frozen=True)
class Folder:
    """A folder somewhere, by its URL. It need not exist; writing makes it. Picklable, so workers get it by value.

    >>> folder = Folder("memory://doctest")
    >>> folder.write("a/b.txt", b"hello")
    >>> folder.read("a/b.txt"), list(folder.names("a"))
    (b'hello', ['b.txt'])
    """

    url: str

    def __getstate__(self) -> dict[str, str]:
        return {"url": self.url}

    @cached_property
    def _place(self) -> tuple[AbstractFileSystem, str]:
        if is_store(self.url):
            return connect(self.url)
        filesystem, path = fsspec.core.url_to_fs(self.url)
        return filesystem, str(path)

    @property
    def filesystem(self) -> AbstractFileSystem:
        """The fsspec file system that serves this folder."""
        return self._place[0]

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return "file" in self.filesystem.protocol

    def path(self, name: str = "") -> str:
        """The path of `name` as the file system wants it. Names stay inside: no `..`, nothing absolute."""
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts:
            raise ValueError(f"{name!r} leads out of {self.url}")
        return "/".join([self._place[1].rstrip("/"), *parts])

    def below(self, name: str) -> "Folder":
        """The folder `name` inside this one."""
        return Folder(f"{self.url.rstrip('/')}/{name}")

    def names(self, name: str = "") -> Iterator[str]:
        """Names of the finished files directly in `name`, sorted; none if there is no such folder.

        Raises StorageError when a store refuses.
        """
        self.filesystem.invalidate_cache()
        try:
            with self._told(name, "listed"):
                entries = cast("list[dict[str, str]]", self.filesystem.ls(self.path(name), detail=True))
        except FileNotFoundError:
            return
        for entry in sorted(entries, key=lambda found: found["name"]):
            base = PurePosixPath(entry["name"]).name
            # A name that ends in a slash is a folder as the consoles of object stores make it: an empty object.
            if (
                entry["type"] == "file"
                and not base.startswith((_UNFINISHED, JOURNAL))
                and not entry["name"].endswith("/")
            ):
                yield base

    def has(self, name: str) -> bool:
        """Whether there is such a file. Raises StorageError when a store refuses."""
        if self.is_local:
            return bool(self.filesystem.exists(self.path(name)))
        try:
            with self._told(name, "looked up"):
                return bool(self.filesystem.info(self.path(name))["type"] == "file")
        except FileNotFoundError:
            return False

    def read(self, name: str) -> bytes:
        """The whole content. Raises StorageError if it cannot be read."""
        try:
            with self._told(name, "read"):
                return cast("bytes", self.filesystem.cat_file(self.path(name)))
        except OSError as error:
            raise StorageError(f"{self.url}/{name}: cannot be read: {error.strerror or error}") from error

    def ends(self, names: Sequence[str], size: int) -> Iterator[tuple[str, bytes]]:
        """The last `size` bytes of files of an object store, or all there are; many requests at once, one a file.

        Raises StorageError when the store refuses.
        """
        for start in range(0, len(names), 4 * MOST_REQUESTS):
            some = names[start : start + 4 * MOST_REQUESTS]
            paths = [self.path(name) for name in some]
            found = self.filesystem.cat_ranges(paths, -size, None, batch_size=MOST_REQUESTS)
            for name, end in zip(some, found, strict=True):
                if isinstance(end, Exception):
                    # No store gives a range of an empty file; so what cannot be had in part is asked for as a whole.
                    yield name, self.read(name)
                else:
                    yield name, end

    def open(self, name: str) -> BinaryIO:
        """For reading at random places."""
        if self.is_local:
            return cast("BinaryIO", self.filesystem.open(self.path(name), "rb"))
        return cast("BinaryIO", Download(self.filesystem, self.path(name), f"{self.url}/{name}"))

    def write(self, name: str, content: bytes) -> None:
        """Put a small file there in one go."""
        if self.is_local:
            with self.create(name) as file:
                file.write(content)
        else:
            with self._told(name, "written"):
                self.filesystem.pipe_file(self.path(name), content)

    def create(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file to write to that takes its name when the block ends well, and leaves nothing behind if not.

        Raises StorageError when the disk is full or forbidden.
        """
        return self._draft(name) if self.is_local else self._upload(name)

    @contextmanager
    def _draft(self, name: str) -> Iterator[BinaryIO]:
        final = self.path(name)
        parent, base = final.rsplit("/", 1)
        draft = f"{parent}/{_UNFINISHED}{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}-{base}"
        try:
            self.filesystem.makedirs(parent, exist_ok=True)
            with self.filesystem.open(draft, "wb") as file:
                yield file
            os.replace(draft, final)  # noqa: PTH105 -- atomic, which fsspec's own move does not promise
        except OSError as error:
            raise StorageError(
                f"{self.url}/{name}: cannot be written: {error.strerror or error}. "
                "What was finished is kept: make room or give rights, then run the same command again."
            ) from error
        finally:
            if os.path.exists(draft):  # noqa: PTH110
                os.remove(draft)  # noqa: PTH107

    @contextmanager
    def _upload(self, name: str) -> Iterator[BinaryIO]:
        """An upload is all or nothing by itself; it is called off when the block breaks."""
        upload = Upload(self.filesystem, self.path(name), f"{self.url}/{name}")
        try:
            yield cast("BinaryIO", upload)
            upload.finish()
        finally:
            upload.call_off()

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        with suppress(FileNotFoundError), self._told(name, "removed"):
            self.filesystem.rm_file(self.path(name))

    def copy_out(self, name: str, target: Path) -> None:
        """Copy the folder `name` with all that is in it to this machine. Raises StorageError if it cannot be read."""
        with told(f"{self.url}/{name}", "read"):
            self.filesystem.get(self.path(name), str(target), recursive=True)

    def sweep(self, name: str = "") -> None:
        """Remove drafts in `name` whose process on this machine was killed."""
        if not self.is_local or not self.filesystem.isdir(self.path(name)):
            return
        mine = f"{_UNFINISHED}{socket.gethostname()}-"
        for base in os.listdir(self.path(name)):  # noqa: PTH208
            if base.startswith(mine) and not is_running(int(base[len(mine) :].split("-", 1)[0])):
                with suppress(FileNotFoundError):
                    os.remove(f"{self.path(name)}/{base}")  # noqa: PTH107

    @contextmanager
    def _told(self, name: str, doing: str) -> Iterator[None]:
        """Refusals of a store become StorageError. What a local disk says passes, and so does FileNotFoundError."""
        try:
            yield
        except Exception as error:
            if self.is_local or is_missing(error):
                raise
            raise refused(f"{self.url}/{name}".rstrip("/"), doing, error) from error


def is_running(pid: int) -> bool:
    """Whether this machine has such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
