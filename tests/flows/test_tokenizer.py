"""A recipe's tokenizer: read once, kept with the run, and only what it cuts is made anew."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer

from flows.frozen_run import changes, settle, thaw
from pipeline.config.run import load_run, shipped
from pipeline.config.source import FaultsError
from pipeline.engine.storage import Folder
from tests.conftest import CommandLine
from tests.interleave.tokenizers import byte_level, lower_case


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    (tmp_path / "tokenizer.json").write_bytes(byte_level())
    (tmp_path / "lower.json").write_bytes(lower_case())
    file = tmp_path / "run.yaml"
    file.write_text(shipped("run.yaml").read_text())
    return file


def test_it_is_kept_with_the_run_and_found_there_again(run_file: Path, tmp_path: Path) -> None:
    run = load_run(run_file, ["interleave={tokenizer: tokenizer.json}"])
    folder = Folder(str(tmp_path / "out"))
    assert settle(folder, run) == []
    (tmp_path / "tokenizer.json").unlink()
    thawed = thaw(folder)
    assert thawed is not None
    assert thawed.tokenizer == byte_level()
    assert changes(thawed, run) == [], "wherever the file lies, it is the same"


def test_another_tokenizer_is_told_as_a_change(run_file: Path) -> None:
    words, tokens = load_run(run_file), load_run(run_file, ["interleave={tokenizer: tokenizer.json}"])
    assert [change.what for change in changes(words, tokens)] == ["interleave.tokenizer_digest"]


def test_one_that_does_not_give_the_texts_back_is_a_fault_of_its_line(run_file: Path) -> None:
    with pytest.raises(FaultsError, match="what it cuts cannot be joined again"):
        load_run(run_file, ["interleave={tokenizer: lower.json}"])


def test_what_is_no_tokenizer_is_a_fault_of_its_line(run_file: Path) -> None:
    with pytest.raises(FaultsError, match=r"run\.yaml: it is no tokenizer\.json"):
        load_run(run_file, ["interleave={tokenizer: run.yaml}"])


def test_the_rows_hold_its_ids_and_nothing_is_spoken_again(warmline: CommandLine, finished_run: Path) -> None:
    run = warmline.copy_of(finished_run)
    (warmline.folder / "tokenizer.json").write_bytes(byte_level())
    file = warmline.folder / "run.yaml"
    file.write_text(shipped("run.yaml").read_text())
    takes = sorted((run / "ledger" / "speak").iterdir())
    recipe = "interleave={preset: glm-4-voice, tokenizer: tokenizer.json}"
    made = warmline("generate", str(file), "--out", "out", "--set", "size=4", "--set", recipe)
    assert made.returncode == 0, made.stderr
    assert sorted((run / "ledger" / "speak").iterdir()) == takes
    tokenizer = Tokenizer.from_str(byte_level().decode())
    rows = pq.ParquetDataset(run / "corpus" / "data").read().to_pylist()
    for turn in (turn for row in rows for turn in row["turns"]):
        steps = turn["interleaved"]
        assert [token for step in steps for token in step["tokens"]] == tokenizer.encode(turn["text"]).ids
        assert steps[0]["marker"] == "<|assistant|>streaming_transcription\n"
        assert len(steps[1]["tokens"]) == 13
        assert len(steps[2]["units"]) == 26
