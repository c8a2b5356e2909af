"""An edit of the pack remakes what it touches, and `diff` says so before."""

import re
from pathlib import Path

import pytest

from pipeline.engine.ledger import Ledger
from pipeline.engine.storage import Folder
from tests.conftest import CommandLine

LIMITS = {
    "wer": 9,
    "emotion": 0,
    "shortest": 0,
    "longest": 90,
    "clipping": 1,
    "quietest_rms": -90,
    "leading_silence": 9,
    "trailing_silence": 9,
    "longest_silence": 9,
    "least_seconds_per_character": 0,
    "most_seconds_per_character": 9,
}
OPEN_GATE = [word for name, limit in LIMITS.items() for word in ("--set", f"gate.{name}={limit}")]
"""Every take passes at once, so that what is made is what was foretold: retakes nobody can foretell."""


def results(run: Path) -> dict[str, int]:
    return {
        stage: len(Ledger(Folder(str(run / "ledger" / stage)), stage).open())
        for stage in ("write", "speak", "score.asr")
    }


def numbers(text: str, pattern: str) -> tuple[int, ...]:
    found = re.search(pattern, text)
    assert found, text
    return tuple(int(number) for number in found.groups())


@pytest.mark.parametrize("size", [8, pytest.param(300, marks=pytest.mark.slow)])
def test_only_the_changed_dialogues_are_made_and_as_many_as_foretold(warmline: CommandLine, size: int) -> None:
    assert warmline("init", "mine").returncode == 0
    settings = ["--set", f"size={size}", *OPEN_GATE]
    first = warmline("generate", "mine/run.yaml", "--out", "run", *settings, patience=1200.0)
    assert first.returncode == 0, first.stderr
    before = results(warmline.folder / "run")

    pack = warmline.folder / "mine" / "pack" / "pack.yaml"
    pack.write_text(re.sub(r"^  sad: 3$", "  sad: 4", pack.read_text(), flags=re.MULTILINE))
    told = warmline("diff", "run", "mine/run.yaml", *settings)
    assert told.returncode == 0, told.stderr
    (stand, to_write, dropped) = numbers(told.stdout, r"(\d+) texts stand, (\d+) to write, (\d+) dropped")
    (to_speak,) = numbers(told.stdout, r"(\d+) to speak")
    plain = re.search(r"and (\d+) plain renderings", told.stdout)
    assert (stand + to_write, to_write) == (size, dropped)
    assert 0 < to_write <= 0.15 * size

    again = warmline("generate", "mine/run.yaml", "--out", "run", *settings, patience=1200.0)
    assert again.returncode == 0, again.stderr
    after = results(warmline.folder / "run")
    assert after["write"] - before["write"] == to_write
    assert after["speak"] - before["speak"] == to_speak + (int(plain.group(1)) if plain else 0)
    assert after["score.asr"] - before["score.asr"] == to_speak

    assert "0 to write, 0 dropped" in warmline("diff", "run", "mine/run.yaml", *settings).stdout


def test_nothing_changed_is_nothing_to_make_and_what_is_no_run_is_told_in_a_line(warmline: CommandLine) -> None:
    assert warmline("init", "mine").returncode == 0
    same = warmline("diff", "mine/pack", "mine/run.yaml")
    assert same.stdout.startswith(
        "30 dialogues; 30 texts stand, 0 to write, 0 dropped\n154 takes; 154 stand, 0 to speak"
    )
    wrong = warmline("diff", "mine/pack", "elsewhere")
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "warmline: elsewhere is no run file, no run's folder and no pack (which has a pack.yaml)\n",
    )


@pytest.mark.slow
def test_where_one_emotion_fails_more_often_every_cell_still_gets_its_share(warmline: CommandLine) -> None:
    strict = ["--set", "gate.emotions.angry=0.97", "--set", "retakes=0", "--set", "budget.briefs=9", "--set", "size=26"]
    made = warmline("generate", str(Path(__file__).parents[2] / "prompts" / "run.yaml"), "--out", "run", *strict)
    assert made.returncode == 0, made.stderr
    status = warmline("status", "run").stdout
    (accepted, rejected) = numbers(status, r"(\d+) accepted, (\d+) rejected")
    assert (accepted, rejected > 1) == (26, True), status
    cells = re.findall(r"^    (\w+) +(\d+) +(\d+) +(\d+)$", status, re.MULTILINE)
    assert len(cells) == 9
    assert all(asked == made for _, asked, _, made in cells)
    begun = {emotion: int(count) for emotion, _, count, _ in cells}
    assert sum(begun.values()) == accepted + rejected
    assert any(int(count) > int(asked) for _, asked, count, _ in cells), "what was rejected was made up for"


@pytest.mark.slow
def test_a_run_that_comes_out_short_names_its_cells(warmline: CommandLine) -> None:
    hopeless = [
        "--set",
        "gate.emotions.angry=1",
        "--set",
        "retakes=0",
        "--set",
        "budget.briefs=1.5",
        "--set",
        "size=10",
    ]
    made = warmline("generate", str(Path(__file__).parents[2] / "prompts" / "run.yaml"), "--out", "run", *hopeless)
    assert made.returncode == 3, made.stdout + made.stderr
    assert re.search(r"^  angry +0 of 1$", made.stdout, re.MULTILINE), made.stdout
