import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.engine.errors import StorageError
from pipeline.engine.storage import Folder
from pipeline.shard.writer import ShardWriter
from schemas.shard import shard_schema
from tests.shard.decided_dialogues import MAKER, decided


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A disk on which larger files do not fit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_file_appears_only_when_its_block_ends_well(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))

    def break_off() -> None:
        with folder.create("a/b.bin") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert list(folder.names("a")) == []
    assert list((tmp_path / "a").iterdir()) == [], "nothing half-written is left behind"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x"])
def test_names_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="leads out"):
        Folder(str(tmp_path)).write(name, b"")


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with largest_file(4096), pytest.raises(StorageError, match=r"big\.bin: cannot be written: .*run the same command"):
        Folder(str(tmp_path)).write("big.bin", b"x" * 100_000)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_in_the_middle_of_a_shard_is_told_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    ledger = Folder(str(tmp_path / "ledger"))
    dialogues = [decided(ledger, index) for index in range(70)]
    writer = ShardWriter(Folder(str(tmp_path / "data")), "train", shard_schema(["kmeans"]), MAKER, 1e9)

    def write() -> None:
        for dialogue in dialogues:
            writer.add(dialogue)

    with largest_file(500_000), pytest.raises(StorageError, match=r"train-00000\.parquet: cannot be written"):
        write()
    writer.abandon()
    assert list((tmp_path / "data").iterdir()) == []


def test_drafts_of_processes_that_are_gone_are_swept_and_those_of_the_living_kept(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    with folder.create("mine.bin") as file:
        file.write(b"x")
        living = next(tmp_path.iterdir())
        pid_gone = living.name.replace(living.name.split("-")[-3], "999999999")
        (tmp_path / pid_gone).write_bytes(b"torn")
        folder.sweep()
        assert [path.name for path in tmp_path.iterdir()] == [living.name]
    assert list(folder.names()) == ["mine.bin"]
