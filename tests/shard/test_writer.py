from hashlib import blake2b
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.engine.storage import Folder
from pipeline.shard.writer import ShardWriter
from schemas.shard import shard_schema
from tests.shard.decided_dialogues import MAKER, decided

SCHEMA = shard_schema(["kmeans"])


@pytest.fixture
def ledger(tmp_path: Path) -> Folder:
    return Folder(str(tmp_path / "ledger"))


def writer(tmp_path: Path, name: str, target: float = 1e9) -> ShardWriter:
    return ShardWriter(Folder(str(tmp_path / name)), "train", SCHEMA, MAKER, target)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: blake2b(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def fill(one: ShardWriter, ledger: Folder, count: int) -> ShardWriter:
    for index in range(count):
        one.add(decided(ledger, index))
    one.close()
    return one


def test_rows_come_back_in_order_with_their_audio(tmp_path: Path, ledger: Folder) -> None:
    fill(writer(tmp_path, "out"), ledger, 3)
    rows = pq.read_table(tmp_path / "out" / "train-00000.parquet").to_pylist()
    assert [row["id"] for row in rows] == ["d-0", "d-1", "d-2"]
    turn = rows[1]["turns"][0]
    assert turn["audio"]["bytes"][:4] == b"fLaC"
    assert turn["audio"]["path"] == "d-1-00.flac"
    assert turn["units"]["kmeans"] == list(range(25))
    assert [step["text"] for step in turn["interleaved"] if step["text"]] == ["It rains 1 for", " the user."]
    assert turn["scores"]["emotion_match"] == 0.75


def test_a_shard_is_closed_at_its_target_and_row_groups_stay_small(tmp_path: Path, ledger: Folder) -> None:
    fill(writer(tmp_path, "out", target=100_000), ledger, 5)
    sizes = [pq.ParquetFile(path).metadata.num_rows for path in sorted((tmp_path / "out").iterdir())]
    assert sizes == [2, 2, 1]


def test_many_rows_are_cut_into_row_groups_by_number(tmp_path: Path, ledger: Folder) -> None:
    fill(writer(tmp_path, "out"), ledger, 70)
    metadata = pq.ParquetFile(tmp_path / "out" / "train-00000.parquet").metadata
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [32, 32, 6]


def test_the_same_rows_give_the_same_bytes_and_closed_shards_are_left_alone(tmp_path: Path, ledger: Folder) -> None:
    fill(writer(tmp_path, "out", target=100_000), ledger, 5)
    before = {path.name: path.stat().st_ino for path in (tmp_path / "out").iterdir()}
    again = fill(writer(tmp_path, "out", target=100_000), ledger, 5)
    assert (again.written, again.kept) == (0, 3)
    assert {path.name: path.stat().st_ino for path in (tmp_path / "out").iterdir()} == before
    fill(writer(tmp_path, "other", target=100_000), ledger, 5)
    assert digests(tmp_path / "out") == digests(tmp_path / "other")


def test_an_interrupted_writer_leaves_no_trace_and_the_next_gives_the_same_bytes(
    tmp_path: Path, ledger: Folder
) -> None:
    broken = writer(tmp_path, "out", target=4_000_000)
    for index in range(40):
        broken.add(decided(ledger, index))
    broken.abandon()
    assert list((tmp_path / "out").iterdir()) == []
    fill(writer(tmp_path, "out", target=4_000_000), ledger, 70)
    fill(writer(tmp_path, "other", target=4_000_000), ledger, 70)
    assert digests(tmp_path / "out") == digests(tmp_path / "other")


def test_a_corpus_that_grew_rewrites_only_its_last_shard(tmp_path: Path, ledger: Folder) -> None:
    fill(writer(tmp_path, "out", target=100_000), ledger, 5)
    first = (tmp_path / "out" / "train-00000.parquet").stat().st_ino
    grown = fill(writer(tmp_path, "out", target=100_000), ledger, 8)
    assert (grown.written, grown.kept) == (2, 2)
    assert (tmp_path / "out" / "train-00000.parquet").stat().st_ino == first


def test_a_corpus_that_shrank_leaves_no_stale_shards(tmp_path: Path, ledger: Folder) -> None:
    fill(writer(tmp_path, "out", target=100_000), ledger, 7)
    (tmp_path / "out" / "mine.parquet").write_bytes(b"a stranger's")
    shorter = fill(writer(tmp_path, "out", target=100_000), ledger, 3)
    assert shorter.remove_later() == ["train-00002.parquet", "train-00003.parquet"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "mine.parquet",
        "train-00000.parquet",
        "train-00001.parquet",
    ]


def test_a_torn_shard_is_written_anew(tmp_path: Path, ledger: Folder) -> None:
    fill(writer(tmp_path, "out"), ledger, 2)
    shard = tmp_path / "out" / "train-00000.parquet"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-9])
    fill(writer(tmp_path, "out"), ledger, 2)
    assert shard.read_bytes() == whole
