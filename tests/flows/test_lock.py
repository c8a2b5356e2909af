"""Drivers that start together share a run folder's settings, and its locks where there are any."""

import errno
import fcntl
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from flows.frozen_run import PACK, freeze, settle, thaw
from flows.goal import Goal
from flows.lock import hold, settling
from flows.until import Until
from pipeline.config.run import copy_pack, load_run, shipped
from pipeline.config.source import FaultsError
from pipeline.engine.errors import UsageError
from pipeline.engine.storage import Folder
from schemas.slices import Slice


def without_the_young(pack: Path) -> Path:
    """The shipped pack edited in two files: these voices would not do for those that pack.yaml asked for before."""
    copy_pack(shipped("empathy"), pack)
    for name, old, new in (("pack.yaml", "{young: 1, adult: 1}", "{adult: 1}"), ("voices.yaml", "young", "adult")):
        text = (pack / name).read_text(encoding="utf-8")
        assert old in text
        (pack / name).write_text(text.replace(old, new), encoding="utf-8")
    return pack


def test_a_driver_waits_while_another_writes_its_settings_and_never_sees_half_a_pack(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "out"))
    settle(folder, load_run(shipped("run.yaml")))
    edited = load_run(shipped("run.yaml"), [f"pack={without_the_young(tmp_path / 'edited')}"])
    with ThreadPoolExecutor() as drivers:
        with settling(folder):
            folder.write(f"{PACK}/voices.yaml", edited.pack.files["voices.yaml"])
            with pytest.raises(FaultsError):
                thaw(folder)
            other = drivers.submit(settle, folder, edited)
            wait([other], timeout=2)  # time to go wrong
            freeze(folder, edited)
        assert other.result() == [], "all was written already"


def test_drivers_that_start_with_the_same_settings_write_them_once(tmp_path: Path) -> None:
    run = load_run(shipped("run.yaml"))
    assert settle(Folder(str(tmp_path)), run) == []
    written = {path: path.stat().st_ino for path in (tmp_path / PACK).rglob("*")}
    assert settle(Folder(str(tmp_path)), run) == []
    assert {path: path.stat().st_ino for path in (tmp_path / PACK).rglob("*")} == written


def test_slices_are_held_side_by_side_but_each_once_and_not_beside_the_whole(tmp_path: Path) -> None:
    folder, said = Folder(str(tmp_path)), list[str]()
    whole, voices = Goal(), Goal(Until.VOICES)
    one, two = (Goal(slice=Slice.parse(text)) for text in ("1/2", "2/2"))
    with hold(folder, one, said.append), hold(folder, two, said.append), hold(folder, voices, said.append):
        with pytest.raises(UsageError, match=r"slice 1/2 of .* is being made by another process"):
            hold(folder, one, said.append).__enter__()
        with pytest.raises(UsageError, match=r"slices of .* are being made: wait for them"):
            hold(folder, whole, said.append).__enter__()
    with hold(folder, whole, said.append):
        with pytest.raises(UsageError, match="is being made as a whole by another process"):
            hold(folder, one, said.append).__enter__()
        with pytest.raises(UsageError, match="is being made as a whole by another process"):
            hold(folder, voices, said.append).__enter__()
        with pytest.raises(UsageError, match="is being made by another process"):
            hold(folder, whole, said.append).__enter__()
    with hold(folder, one, said.append):
        assert not said


def test_where_there_are_no_locks_the_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def no_lock(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "a stand-in for a network file system without locks")

    monkeypatch.setattr(fcntl, "flock", no_lock)
    run = load_run(shipped("run.yaml"))
    for folder in (Folder(str(tmp_path)), Folder("memory://lockless")):
        with hold(folder, Goal(), said.append):
            assert settle(folder, run) == []
    assert [line.split(" cannot be locked")[0] for line in said] == [str(tmp_path), "memory://lockless"]
