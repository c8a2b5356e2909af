"""Who works in a run folder at one time: drivers of different slices, or one driver of the whole.

Keys never collide, so nothing breaks when two drivers make the same; it would only be made twice. A driver of the whole
that runs beside slices would make what they are making, so it is refused, as they are while it works: it holds `.lock`
alone, drivers of slices hold it together, and each holds its slice. The operating system drops a lock when its process
ends, however it ends.
"""

import errno
import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path

from flows.goal import Goal
from flows.until import Until
from pipeline.engine.errors import StorageError, UsageError
from pipeline.engine.storage import Folder

_WHOLE = ".lock"
_SETTINGS = ".lock-settings"
_VOICES = ".lock-voices"
_LOCKLESS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)
_MEND = "wait for it, or stop it first"


@contextmanager
def hold(folder: Folder, goal: Goal, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the run's folder, or one slice of it, for this driver; the voices, which all need, hinder no slice.

    Raises UsageError if another driver has it, StorageError if the folder cannot be written. Buckets and some network
    file systems have no locks: there the user is told.
    """
    if not _locks(folder):
        say(f"{folder.url} cannot be locked: see to it that only one driver at a time makes it, or each slice of it")
        yield
        return
    part, only_voices = goal.slice, goal.until is Until.VOICES
    with ExitStack() as held:
        if part.is_whole and not only_voices:
            if not _take(held, folder, _WHOLE, fcntl.LOCK_EX):
                raise UsageError(_who_has(folder))
        elif not _take(held, folder, _WHOLE, fcntl.LOCK_SH):
            raise UsageError(f"{folder.url} is being made as a whole by another process: {_MEND}")
        elif not (only_voices or _take(held, folder, f"{_WHOLE}-{part.number}-of-{part.count}", fcntl.LOCK_EX)):
            raise UsageError(f"slice {part} of {folder.url} is being made by another process: {_MEND}")
        yield


@contextmanager
def settling(folder: Folder) -> Iterator[None]:
    """Be alone while the frozen settings are compared and written, which takes no time; others wait."""
    with ExitStack() as held:
        if _locks(folder):
            _take(held, folder, _SETTINGS, fcntl.LOCK_EX, wait=True)
        yield


@contextmanager
def voices_turn(folder: Folder, say: Callable[[str], None]) -> Iterator[ExitStack]:
    """Be the one driver that renders what all slices share, until the answered stack is closed; others wait.

    Enter before the ledgers are opened, so that they hold what those before have rendered.
    """
    with ExitStack() as held:
        if _locks(folder) and not _take(held, folder, _VOICES, fcntl.LOCK_EX):
            say("waiting for another driver, which renders the voices' plain manner for all")
            _take(held, folder, _VOICES, fcntl.LOCK_EX, wait=True)
        yield held


def _locks(folder: Folder) -> bool:
    if not folder.is_local:
        return False
    try:
        with ExitStack() as held:
            _take(held, folder, _SETTINGS, fcntl.LOCK_SH)
    except OSError as error:
        if error.errno in _LOCKLESS:
            return False
        raise
    return True


def _who_has(folder: Folder) -> str:
    with ExitStack() as held:
        if not _take(held, folder, _WHOLE, fcntl.LOCK_SH):
            return f"{folder.url} is being made by another process: {_MEND}"
    return f"slices of {folder.url} are being made: wait for them, or stop them first; then this packs the corpus"


def _take(held: ExitStack, folder: Folder, name: str, kind: int, *, wait: bool = False) -> bool:
    """Lock a file of the folder until `held` is left; answers whether it was free."""
    file = held.enter_context(_opened(folder, name))
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _opened(folder: Folder, name: str) -> FileIO:
    place = Path(folder.path(name))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return FileIO(place, "a+")
    except OSError as error:
        raise StorageError(f"{folder.url} cannot be written: {error.strerror}: choose another --out") from error
