"""Answers that were noted and are in no part yet."""

import os
import subprocess
import sys
from pathlib import Path

from pipeline.engine.journal import Journal, recover
from pipeline.engine.ledger import Entry, Ledger
from pipeline.engine.storage import Folder

_KILLED = """
import os, signal, sys
from pipeline.engine.journal import Journal
from pipeline.engine.ledger import Entry
from pipeline.engine.storage import Folder
journal = Journal(Folder(sys.argv[1]))
for number in range(3):
    journal.note(Entry(f"k{number}", value='{"n":%d}' % number))
journal.note(Entry("bad", reason="unlucky"))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_driver_had_noted_becomes_a_part(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False, cwd=Path(__file__).parents[2])
    (journal,) = tmp_path.iterdir()
    journal.write_bytes(journal.read_bytes() + b'["torn", "{')
    folder = Folder(str(tmp_path))
    assert list(folder.names()) == [], "a journal is no part"
    recover(folder, "write")
    ledger = Ledger(folder, "write", keep_failures=True).open()
    assert [ledger.value(f"k{number}") for number in range(3)] == ['{"n":0}', '{"n":1}', '{"n":2}']
    assert (len(ledger), ledger.failures, ledger.faults) == (3, 1, [])
    assert not list(tmp_path.glob(".journal-*"))


def test_a_journal_of_a_driver_that_runs_is_left_alone_and_goes_with_its_part(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    journal = Journal(folder)
    assert journal.note(Entry("k", value="1"))
    recover(folder, "write")
    assert [path.name.split("-")[-2] for path in tmp_path.iterdir()] == [str(os.getpid())]
    journal.remove()
    assert not list(tmp_path.iterdir())


def test_large_parts_and_object_stores_are_not_noted(tmp_path: Path) -> None:
    journal = Journal(Folder(str(tmp_path)))
    assert not journal.note(Entry("k", value="1", blob=b"sound"))
    assert not Journal(Folder("memory://journal")).note(Entry("k", value="1"))
    assert not list(tmp_path.iterdir())
