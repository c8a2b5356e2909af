"""`diff` foretells judgements as it foretells texts and takes."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from flows.diff import diff_lines
from pipeline.config.run import copy_pack, shipped

JUDGE = "judge={backend: openai, settings: {base_url: 'http://127.0.0.1:9/v1', model: tiny}}"
SIZE = 10


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """Two run files, each with a pack of its own."""
    found = []
    for name in ("before", "after"):
        copy_pack(shipped("empathy"), tmp_path / name / "pack")
        run = tmp_path / name / "run.yaml"
        run.write_text(shipped("run.yaml").read_text().replace("pack: empathy", "pack: pack"))
        found.append(run)
    return found[0], found[1]


def told(sides: tuple[Path, Path], *overrides: str) -> Sequence[str]:
    return list(diff_lines(str(sides[0]), str(sides[1]), [f"size={SIZE}", *overrides]))


def test_an_edit_of_the_rubric_judges_every_text_again_and_makes_nothing_else(sides: tuple[Path, Path]) -> None:
    rubric = sides[1].parent / "pack" / "rubric.yaml"
    rubric.write_text(rubric.read_text().replace("temperature: 0", "temperature: 0.3", 1))
    assert "temperature: 0.3" in rubric.read_text()
    lines = told(sides, JUDGE)
    assert lines[0] == f"{SIZE} dialogues; {SIZE} texts stand, 0 to write, 0 dropped"
    assert lines[1] == f"{SIZE} judgements; 0 stand, {SIZE} to make"
    assert lines[-1].startswith(f"about {SIZE} requests, 0.0 minutes of speech")


def test_what_nobody_judges_is_not_told(sides: tuple[Path, Path]) -> None:
    assert not any("judgements" in line for line in told(sides))


def test_a_text_that_changes_is_judged_anew(sides: tuple[Path, Path]) -> None:
    pack = sides[1].parent / "pack" / "pack.yaml"
    pack.write_text(pack.read_text().replace("  sad: 3\n", "  sad: 9\n"))
    lines = told(sides, JUDGE)
    to_write = lines[0].split(", ")[1]
    assert to_write != "0 to write"
    assert lines[1].endswith(f", {to_write.split()[0]} to make")
