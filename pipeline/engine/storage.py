"""Folders by URL: a path, s3://, gs://, memory://. Every file appears whole or not at all."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import BinaryIO, cast
from uuid import uuid4

import fsspec
from fsspec import AbstractFileSystem

from pipeline.engine.errors import StorageError

_UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class Folder:
    """A folder somewhere, by its URL. It need not exist; writing makes it. Picklable, so workers get it by value.

    >>> folder = Folder("memory://doctest")
    >>> folder.write("a/b.txt", b"hello")
    >>> folder.read("a/b.txt"), list(folder.names("a"))
    (b'hello', ['b.txt'])
    """

    url: str

    @cached_property
    def _place(self) -> tuple[AbstractFileSystem, str]:
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
        """Names of the finished files directly in `name`, sorted; none if there is no such folder."""
        self.filesystem.invalidate_cache()
        try:
            entries = cast("list[dict[str, str]]", self.filesystem.ls(self.path(name), detail=True))
        except FileNotFoundError:
            return
        for entry in sorted(entries, key=lambda found: found["name"]):
            base = PurePosixPath(entry["name"]).name
            if entry["type"] == "file" and not base.startswith(_UNFINISHED):
                yield base

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return bool(self.filesystem.exists(self.path(name)))

    def read(self, name: str) -> bytes:
        """The whole content. Raises StorageError if it cannot be read."""
        try:
            return cast("bytes", self.filesystem.cat_file(self.path(name)))
        except OSError as error:
            raise StorageError(f"{self.url}/{name}: cannot be read: {error.strerror or error}") from error

    def open(self, name: str) -> BinaryIO:
        """For reading at random places."""
        return cast("BinaryIO", self.filesystem.open(self.path(name), "rb"))

    def write(self, name: str, content: bytes) -> None:
        """Put a small file there in one go."""
        with self.create(name) as file:
            file.write(content)

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        """A file to write to that takes its name when the block ends well, and leaves nothing behind if not.

        On object stores the upload itself is all or nothing. Raises StorageError when the disk is full or forbidden.
        """
        final = self.path(name)
        parent, base = final.rsplit("/", 1)
        draft = f"{parent}/{_UNFINISHED}{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}-{base}"
        target = draft if self.is_local else final
        try:
            self.filesystem.makedirs(parent, exist_ok=True)
            with self.filesystem.open(target, "wb") as file:
                yield file
            if target != final:
                os.replace(target, final)  # noqa: PTH105 -- atomic, which fsspec's own move does not promise
        except OSError as error:
            raise StorageError(
                f"{self.url}/{name}: cannot be written: {error.strerror or error}. "
                "What was finished is kept: make room or give rights, then run the same command again."
            ) from error
        finally:
            if target != final and os.path.exists(target):  # noqa: PTH110
                os.remove(target)  # noqa: PTH107

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        with suppress(FileNotFoundError):
            self.filesystem.rm_file(self.path(name))

    def sweep(self, name: str = "") -> None:
        """Remove drafts in `name` whose process on this machine was killed."""
        if not self.is_local or not self.filesystem.isdir(self.path(name)):
            return
        mine = f"{_UNFINISHED}{socket.gethostname()}-"
        for base in os.listdir(self.path(name)):  # noqa: PTH208
            if base.startswith(mine) and not _is_running(int(base[len(mine) :].split("-", 1)[0])):
                with suppress(FileNotFoundError):
                    os.remove(f"{self.path(name)}/{base}")  # noqa: PTH107


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
