"""`warmline recipes` draws what training will see."""

import re
from pathlib import Path

import pytest

from flows.recipes import recipe_lines
from pipeline.engine.errors import UsageError
from schemas.recipe import PRESETS
from tests.export.corpora import talk, write_corpus

REPLY = "I am so sorry to hear that, what did happen to her?"


def test_every_preset_is_drawn_whole(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, [talk(0, "My cat is ill.", REPLY, seconds=4.0)])
    title, *lines = recipe_lines(str(corpus), None)
    assert title == f"test-7-0000000: {REPLY!r}, 4.10 s, 51 units of glm4voice"
    drawn = dict(zip(lines[::2], lines[1::2], strict=False))
    assert (
        drawn["opens2s:"] == '    "I am so sorry" [8] "to hear that, what" [8] "did happen to her?" [8] [8] [8] [8] [3]'
    )
    text = "\n".join(lines)
    for preset in PRESETS:
        (body,) = re.findall(rf"^{preset}:\n((?:    .*\n?)+)", text, flags=re.MULTILINE)
        assert sum(int(count) for count in re.findall(r"\[(\d+)\]", body)) == 51
        assert " ".join(" ".join(re.findall(r'"([^"]*)"', " ".join(body.split()))).split()) == REPLY


def test_units_that_are_not_there_are_told(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, [talk(0, "My cat is ill.", REPLY)])
    with pytest.raises(UsageError, match="has no units of kind mimi; it has glm4voice"):
        list(recipe_lines(str(corpus), "mimi"))
