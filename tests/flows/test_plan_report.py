"""What `warmline plan` tells: tables, the cells filled least, sample briefs, a picture."""

import xml.etree.ElementTree as ET

from tests.conftest import SHIPPED, CommandLine

RUN_FILE = str(SHIPPED / "run.yaml")


def test_tables_cells_and_briefs_are_told_and_drawn(warmline: CommandLine) -> None:
    told = warmline("plan", RUN_FILE, "--set", "size=2000", "--preview", "2", "--picture", "plan.svg")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert lines[0] == "2000 briefs of the pack empathy, seed 7"
    (sad,) = [line.split() for line in lines if line.split()[:2] == ["sad", "17.6%"]]
    assert int(sad[3]) == round(float(sad[2].rstrip("%")) * 20)
    assert "  and 53 more (--picture draws all)" in lines
    least = lines[next(n for n, line in enumerate(lines) if line.startswith("least filled cells")) + 1].split()
    assert int(least[2]) < int(least[1])
    assert [line.partition(" ")[0] for line in lines[-2:]] == ["empathy-7-0000000", "empathy-7-0000001"]
    drawing = ET.parse(warmline.folder / "plan.svg").getroot()  # noqa: S314 -- our own
    bars = [rect for rect in drawing.iter("{http://www.w3.org/2000/svg}rect") if rect.get("class") == "drawn"]
    assert len(bars) > 100
    assert all(0 <= float(rect.get("width") or "nan") <= 420 for rect in bars)


def test_a_seed_that_finds_nobody_to_speak_is_told_before_anything(warmline: CommandLine) -> None:
    assert warmline("init", "mine").returncode == 0
    pack = warmline.folder / "mine" / "pack" / "pack.yaml"
    condition = "given:\n  - when: {user_emotion: angry}\n    user: {gender: {male: 1}, age: {young: 1}}\n"
    pack.write_text(pack.read_text() + condition)
    told = warmline("check", "mine/run.yaml")
    assert told.returncode == 2
    assert "no voice.user can be drawn for split validation, language en, user_emotion angry" in told.stderr
