"""Several kinds of units side by side, and one added to a run that is finished."""

import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.engine.ledger import Ledger
from pipeline.engine.storage import Folder
from tests.conftest import SHIPPED, CommandLine
from tests.flows.second_tokenizer import enlist

KMEANS = "{backend: kmeans}"
LOUDNESS = "{backend: loudness, rate: 12.5, size: 16, codebooks: 2}"


@pytest.fixture
def two_kinds(warmline: CommandLine, tmp_path: Path) -> CommandLine:
    """The command line with the stand-in for a second tokenizer."""
    folders = [str(enlist(tmp_path / "site")), warmline.environment["PYTHONPATH"]]
    return replace(warmline, environment=warmline.environment | {"PYTHONPATH": os.pathsep.join(folders)})


def results(run: Path) -> dict[str, int]:
    ledger = run / "ledger"
    return {
        stage.name: len(Ledger(Folder(str(stage)), stage.name).open())
        for stage in sorted(ledger.iterdir())
        if stage.is_dir()
    }


def rows(run: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(path) for path in sorted((run / "corpus" / "data").glob("*.parquet")))


def test_a_kind_added_to_a_finished_run_speaks_nothing_again(two_kinds: CommandLine, finished_run: Path) -> None:
    run = two_kinds.copy_of(finished_run)
    before, old = results(run), rows(run)

    both = f"units=[{KMEANS}, {LOUDNESS}]"
    made = two_kinds("generate", str(SHIPPED / "run.yaml"), "--out", "out", "--set", "size=4", "--set", both)

    assert made.returncode == 0, made.stderr
    after, new = results(run), rows(run)
    turns = sum(len(row) for row in new["turns"].to_pylist())
    assert after == before | {"units.loudness": turns}
    assert new["id"].to_pylist() == old["id"].to_pylist()
    for row, earlier in zip(new.to_pylist(), old.to_pylist(), strict=True):
        assert row["provenance"]["units"]["loudness"] == {
            "revision": "stand-in",
            "rate": 12.5,
            "size": 16,
            "codebooks": 2,
            "source": "re-encoded",
        }
        for turn, before_turn in zip(row["turns"], earlier["turns"], strict=True):
            assert turn["units"]["kmeans"] == before_turn["units"]["kmeans"]
            assert abs(len(turn["units"]["loudness"]) / 2 - 12.5 * turn["duration"]) <= 2
            assert turn["audio"] == before_turn["audio"]
            assert turn["interleaved"] == before_turn["interleaved"]


def test_a_kind_that_is_wrongly_asked_for_is_told_before_anything_is_made(two_kinds: CommandLine) -> None:
    wrong = (SHIPPED / "run.yaml").read_text().replace("backend: kmeans, rate: 25, size: 1024", "backend: loudness")
    wrong = wrong.replace("{backend: loudness}]", "{backend: loudness}, {backend: mimi}, {backend: s3, rate: 50}]")
    (two_kinds.folder / "run.yaml").write_text(wrong)

    told = two_kinds("check", "run.yaml")

    assert told.returncode == 2
    for fault in (
        "loudness has 12.5 frames a second of 2 codes out of 16",
        "mimi: settings.model: Field required",
        "s3 has 25 units a second out of 6561, not 50 out of 6561",
    ):
        assert fault in told.stdout + told.stderr
