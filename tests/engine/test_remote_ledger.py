"""A ledger in a bucket tells the same as a local one, with few requests."""

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.engine.errors import StorageError
from pipeline.engine.failure import Failure
from pipeline.engine.ledger import Entry, Kept, Ledger, write_part
from pipeline.engine.remote_part import END, whole_part
from pipeline.engine.storage import Folder
from tests.engine.bucket import Bucket, BucketServer, bucket_server

PARTS = 12


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@pytest.fixture
def bucket(server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    return server.new_bucket(monkeypatch)


@pytest.fixture
def folder(bucket: Bucket) -> Folder:
    whole_part.cache_clear()
    return Folder(f"{bucket.url}/run/ledger/speak")


def takes(part: int) -> list[Entry]:
    """Results as large as takes are: the audio of one part is longer than the end that is asked for."""
    return [Entry(f"{part}-{row}", f'"value {part}-{row}"', bytes([part]) * (END // 2)) for row in range(4)]


def test_opening_costs_one_request_a_part_many_at_once_and_values_none(folder: Folder, server: BucketServer) -> None:
    for part in range(PARTS):
        write_part(folder, "speak", takes(part))
    server.requests.clear()
    meeting = Barrier(PARTS)
    server.is_refused = lambda request: "part-" in request and meeting.wait(30) < 0
    ledger = Ledger(folder, "speak").open()
    assert len(ledger) == 4 * PARTS, "all were asked for before the first was answered"
    assert [ledger.value(f"{part}-3") for part in range(PARTS)] == [f'"value {part}-3"' for part in range(PARTS)]
    assert len(server.requests) == 1 + PARTS


def test_the_takes_of_a_part_are_fetched_together(folder: Folder, server: BucketServer) -> None:
    name = write_part(folder, "speak", takes(7))
    ledger = Ledger(folder, "speak")
    ledger.take_in(name)
    server.requests.clear()
    assert [ledger.place(f"7-{row}").blob() for row in range(4)] == [b"\7" * (END // 2)] * 4
    assert len(server.requests) == 1


def test_failures_and_results_without_sound_are_told_as_from_a_local_folder(folder: Folder, tmp_path: Path) -> None:
    entries = [Entry("a", '"é"'), Entry("b", reason="no audio"), Entry("c", None, b"sound")]
    for place in (folder, Folder(str(tmp_path))):
        write_part(place, "speak", entries[:2])
        write_part(place, "speak", entries)
        ledger = Ledger(place, "speak", keep_failures=True).open()
        assert (ledger.value("a"), ledger.value("c"), ledger.failure("b")) == ('"é"', None, Failure("no audio"))
        assert ledger.place("c").blob() == b"sound"


def test_a_part_that_this_process_wrote_is_known_without_a_request(folder: Folder, server: BucketServer) -> None:
    ledger = Ledger(folder, "write")
    for number in range(5000):
        ledger.learn(Kept(f"part-{number}", 0, (Entry(f"k{number}", f'"{number}"'),)))
    assert ledger.value("k0") == '"0"', "also when it was written long ago"
    assert server.requests == []


def test_parts_copied_from_a_local_folder_are_read(folder: Folder, bucket: Bucket, tmp_path: Path) -> None:
    name = write_part(Folder(str(tmp_path)), "speak", takes(1))
    bucket.store.put_file(str(tmp_path / name), folder.path(name))
    ledger = Ledger(folder, "speak").open()
    assert (ledger.value("1-2"), ledger.place("1-2").blob()) == ('"value 1-2"', b"\1" * (END // 2))


def test_a_footer_longer_than_the_end_that_is_asked_for_is_read(folder: Folder) -> None:
    noise = [f'"{"".join(chr(0x4E00 + (i * j) % 20000) for j in range(4000))}"' for i in range(1, 40)]
    write_part(folder, "speak", [Entry(f"k{i}", value, b"sound") for i, value in enumerate(noise)])
    ledger = Ledger(folder, "speak").open()
    assert [ledger.value(f"k{i}") for i in range(len(noise))] == noise


def test_torn_and_foreign_objects_are_named_and_ignored(folder: Folder, bucket: Bucket, tmp_path: Path) -> None:
    good = write_part(folder, "speak", takes(1))
    whole = folder.read(good)
    strange = tmp_path / "strange.parquet"
    pq.write_table(pa.table({"key": ["a"]}), strange)
    others = {"torn": whole[:-20], "empty": b"", "notes": b"hello", "strange": strange.read_bytes()}
    for name, content in others.items():
        bucket.store.pipe_file(folder.path(name), content)
    write_part(folder, "write", [Entry("b", '"of another stage"')])
    ledger = Ledger(folder, "speak").open()
    assert (len(ledger), len(ledger.faults)) == (4, 5)
    assert all("ignored" in fault for fault in ledger.faults)


def test_a_refusal_is_no_fault_of_the_parts(folder: Folder, server: BucketServer) -> None:
    write_part(folder, "speak", takes(1))
    server.is_refused = lambda request: request.startswith("GET") and "part-" in request
    with pytest.raises(StorageError, match="access denied"):
        Ledger(folder, "speak").open()


def test_a_run_folder_moved_out_of_the_bucket_is_as_good(folder: Folder, bucket: Bucket, tmp_path: Path) -> None:
    write_part(folder, "speak", takes(1))
    bucket.store.get(folder.path(), str(tmp_path / "speak"), recursive=True)
    ledger = Ledger(Folder(str(tmp_path / "speak")), "speak").open()
    assert (ledger.value("1-0"), ledger.place("1-0").blob()) == ('"value 1-0"', b"\1" * (END // 2))
