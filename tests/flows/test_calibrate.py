"""`warmline calibrate`, and the gate that uses what it wrote."""

from pathlib import Path

import pytest
import yaml

from pipeline.config.run import load_run, shipped
from pipeline.config.source import FaultsError
from tests.conftest import CommandLine


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    file = tmp_path / "run.yaml"
    file.write_text(shipped("run.yaml").read_text())
    return file


def test_it_tells_the_emotions_apart_and_writes_thresholds_that_the_gate_uses(
    warmline: CommandLine, run_file: Path
) -> None:
    done = warmline("calibrate", "run.yaml", "--out", "run", "--voices", "2", "--texts", "1")
    assert done.returncode == 0, done.stderr
    assert "18 renderings of 2 voices; 0 failed" in done.stdout
    assert "asked \\ heard" in done.stdout
    tables = yaml.safe_load((run_file.parent / "calibration.yaml").read_text())
    assert set(tables["emotions"]) == {*load_run(run_file).pack.pack.deliveries}
    gate = load_run(run_file, ["gate.calibration=calibration.yaml", "gate.emotions.sad=0.11"]).config.gate
    assert gate.emotions == tables["emotions"] | {"sad": 0.11}, "what the run file says itself goes before"
    spoken = len(list((warmline.folder / "run" / "ledger" / "speak").iterdir()))
    assert warmline("calibrate", "run.yaml", "--out", "run", "--voices", "2", "--texts", "1").returncode == 0
    assert len(list((warmline.folder / "run" / "ledger" / "speak").iterdir())) == spoken, "nothing is spoken again"


def test_a_calibration_file_that_is_wrong_is_named_with_its_line(run_file: Path) -> None:
    (run_file.parent / "mine.yaml").write_text("emotions: {sad: 2.0}\nfeelings: {}\n")
    with pytest.raises(FaultsError) as caught:
        load_run(run_file, ["gate.calibration=mine.yaml"])
    assert "mine.yaml:2: feelings is no table of thresholds" in str(caught.value)
    (run_file.parent / "mine.yaml").write_text("emotions: {sad: 2.0}\n")
    with pytest.raises(FaultsError) as caught:
        load_run(run_file, ["gate.calibration=mine.yaml"])
    assert "mine.yaml:1: gate.emotions.sad should be less than or equal to 1" in str(caught.value)
    with pytest.raises(FaultsError, match="cannot be read"):
        load_run(run_file, ["gate.calibration=none.yaml"])
