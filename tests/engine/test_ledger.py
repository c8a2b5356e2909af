from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.failure import Failure
from pipeline.engine.ledger import Entry, Ledger, write_part
from pipeline.engine.storage import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(str(tmp_path / "ledger"))


def test_a_result_is_found_again_by_its_key_with_its_blob(folder: Folder) -> None:
    write_part(folder, "speak", [Entry("a", '"x"', b"sound"), Entry("b", '"y"', b"noise")])
    ledger = Ledger(folder, "speak").open()
    assert (ledger.value("b"), ledger.place("b").blob()) == ('"y"', b"noise")
    assert "c" not in ledger
    assert ledger.value("c") is None


@given(st.dictionaries(st.text("0123456789abcdef", min_size=1, max_size=8), st.text(max_size=20), max_size=70))
def test_every_text_written_is_read_back(values: dict[str, str]) -> None:
    folder = Folder(f"memory://ledger-{hash(tuple(values.items()))}")
    written = list(values.items())
    for start in range(0, len(written), 7):
        write_part(folder, "write", [Entry(key, value) for key, value in written[start : start + 7]])
    ledger = Ledger(folder, "write").open()
    assert {key: ledger.value(key) for key in values} == values
    assert len(ledger) == len(values)


def test_a_failure_is_kept_with_its_reason_but_due_again_in_the_next_session(folder: Folder) -> None:
    part = write_part(folder, "speak", [Entry("a", reason="no audio")])
    this_session = Ledger(folder, "speak").open()
    assert this_session.failure("a") is None, "it failed before this session began, so it is to be tried again"
    this_session.take_in(part)
    assert this_session.failure("a") == Failure("no audio")
    assert Ledger(folder, "speak", keep_failures=True).open().failure("a") == Failure("no audio")


def test_a_later_success_outweighs_a_failure(folder: Folder) -> None:
    write_part(folder, "speak", [Entry("a", reason="no audio")])
    write_part(folder, "speak", [Entry("a", '"x"')])
    ledger = Ledger(folder, "speak", keep_failures=True).open()
    assert (ledger.value("a"), ledger.failure("a")) == ('"x"', None)


def test_torn_and_foreign_files_are_named_ignored_and_left_alone(folder: Folder, tmp_path: Path) -> None:
    good = write_part(folder, "speak", [Entry("a", '"x"')])
    place = tmp_path / "ledger"
    torn, empty, other, table = (
        place / name for name in ("part-1.parquet", "part-2.parquet", "notes.txt", "t.parquet")
    )
    torn.write_bytes((place / good).read_bytes()[:-20])
    empty.write_bytes(b"")
    other.write_text("hello")
    pq.write_table(pa.table({"key": ["a"]}), table)
    write_part(folder, "write", [Entry("b", '"of another stage"')])
    ledger = Ledger(folder, "speak").open()
    assert (len(ledger), len(ledger.faults)) == (1, 5)
    assert all("ignored" in fault for fault in ledger.faults)
    assert len(list(place.iterdir())) == 6


def test_a_part_cut_at_any_byte_is_ignored_not_fatal(folder: Folder, tmp_path: Path) -> None:
    name = write_part(folder, "speak", [Entry("a", '"x"', b"sound" * 9)])
    whole = (tmp_path / "ledger" / name).read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "ledger" / name).write_bytes(whole[:length])
        ledger = Ledger(folder, "speak").open()
        assert (len(ledger), len(ledger.faults)) == (0, 1)
