"""Answers on their way to a ledger part, noted in the folder as they come: a killed driver asks for none again.

A journal is a file of JSON lines beside the parts, one for the results of one part to be. It is removed when the part
is there; one that a killed driver left is made a part by the next that opens the ledger. Object stores cannot append:
there parts are written sooner instead. Results with a large part are not noted.
"""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from pipeline.engine.ledger import Entry, write_part
from pipeline.engine.storage import JOURNAL, Folder, is_running


@dataclass
class Journal:
    """The notes of one part to be. Nothing is on disk before the first."""

    folder: Folder
    _path: Path | None = None
    _file: int = field(default=-1)

    def note(self, entry: Entry) -> bool:
        """Keep the entry if the folder is local and the entry small, and answer whether it is kept."""
        if entry.blob is not None or not self.folder.is_local:
            return False
        line = json.dumps([entry.key, entry.value, entry.reason, entry.seconds], ensure_ascii=False) + "\n"
        try:
            if self._file < 0:
                name = f"{JOURNAL}{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
                self._path = Path(self.folder.path(name))
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            content = line.encode()
            return os.write(self._file, content) == len(content)
        except OSError:  # the disk is full: writing the part will tell
            return False

    def remove(self) -> None:
        """The part is there."""
        if self._path is not None:
            os.close(self._file)
            self._path.unlink(missing_ok=True)
            self._path, self._file = None, -1


def recover(folder: Folder, stage: str) -> None:
    """Make parts of the journals that drivers of this machine left when they were killed."""
    for path, entries in _left_behind(folder):
        if entries:
            write_part(folder, stage, entries)
        path.unlink(missing_ok=True)


def _left_behind(folder: Folder) -> Iterator[tuple[Path, list[Entry]]]:
    if not folder.is_local or not Path(folder.path()).is_dir():
        return
    mine = f"{JOURNAL}{socket.gethostname()}-"
    for path in sorted(Path(folder.path()).glob(f"{JOURNAL}*")):
        if path.name.startswith(mine) and not is_running(int(path.name[len(mine) :].split("-", 1)[0])):
            yield path, list(_entries(path))


def _entries(path: Path) -> Iterator[Entry]:
    """What was noted; the last line may be torn."""
    for line in path.read_bytes().split(b"\n"):
        try:
            key, value, reason, seconds = json.loads(line)
        except ValueError:
            continue
        yield Entry(key, value=value, reason=reason, seconds=seconds)
