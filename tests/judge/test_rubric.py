"""The rubrics of packs: what is wrong with one is told at its line, and those that ship are right."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.config.pack import load_pack
from pipeline.config.pack_schema import pack_schema
from pipeline.config.run import copy_pack, load_run, shipped
from pipeline.config.run_schema import run_schema
from pipeline.config.schema_parts import as_schema
from pipeline.config.source import FaultsError
from pipeline.judge.rubric import complaints, of_text, prompts_of
from schemas.judgement import Rubric
from tests.config.small_pack import faults, write_child, write_small
from tests.judge.texts import RUBRIC, SAID, text
from tests.packs.shipping import NAMES, pack

SYSTEM = "rubric:\n  system: Judge.\n"
HEAD = SYSTEM + "  prompt: Hm.\n"
JUDGE = "judge={backend: openai, settings: {base_url: 'http://127.0.0.1:9/v1', model: tiny}}"


def small(tmp_path: Path, lines: str) -> Path:
    """A small pack whose rubric.yaml has these lines."""
    folder = write_small(tmp_path / "small")
    manifest = folder / "pack.yaml"
    manifest.write_text(manifest.read_text().replace("situations.yaml]", "situations.yaml, rubric.yaml]"))
    (folder / "rubric.yaml").write_text(lines)
    return folder


def test_a_good_rubric_has_no_faults() -> None:
    assert list(complaints(RUBRIC)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_pack_that_ships_has_one_that_tells_of_every_scale_and_every_turn(name: str) -> None:
    rubric = pack(name).rubric
    assert rubric is not None
    prompts = prompts_of(rubric)
    for scale, meaning in rubric.scales.items():
        assert f"{scale}: {meaning}" in prompts.system
        assert all(f" {mark}: " in meaning for mark in (0, 1, 2))
    asked = prompts.prompt(of_text(text(), rubric))
    assert asked.index(SAID[0]) < asked.index(SAID[1])
    assert "English" in asked
    assert "sad" in asked


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (SYSTEM + "  prompt: '{{ turns'\n", 3, "broken Jinja, line 1 of the template"),
        ("rubric:\n  system: '{% if %}'\n  prompt: Hm.\n", 2, "broken Jinja"),
        (SYSTEM + "  prompt: '{{ trns }}'\n", 3, "asks for 'trns': did you mean turns?"),
        (
            "rubric:\n  system: '{{ about }}'\n  prompt: Hm.\n",
            2,
            "asks for 'about', which only the rubric's prompt",
        ),
        (SYSTEM + "  prompt: '{{ user.voice }}'\n", 3, "asks for user.voice"),
        (SYSTEM + "  prompt: '{{ turns[0].txt }}'\n", 3, "cannot be rendered"),
        (SYSTEM + "  prompt: no/such.jinja\n", 3, "no/such.jinja is not in"),
        (SYSTEM, 1, "rubric.prompt is missing"),
        (HEAD + "  leest: {}\n", 4, "leest is not a key here: did you mean least?"),
        (HEAD + "  least:\n    exploraton: 1\n", 5, "did you mean exploration?"),
        (HEAD + "  least: {exploration: 3}\n", 4, "less than or equal to 2, not 3"),
        (HEAD + "  scales:\n    Warmth: How.\n", 5, "cannot be a scale's name"),
        (HEAD + "  scales:\n    reason: Why.\n", 5, "cannot be a scale's name"),
        (HEAD + "  scales: {}\n", 4, "rubric.scales"),
        (HEAD + "  temperature: 3\n", 4, "less than or equal to 2, not 3"),
    ],
)
def test_a_fault_is_told_with_file_line_and_mend(tmp_path: Path, lines: str, line: int, words: str) -> None:
    folder = small(tmp_path, lines)
    (fault,) = faults(folder)
    assert fault.startswith(f"{folder / 'rubric.yaml'}:{line}: "), fault
    assert words in fault


def test_a_broken_template_file_is_told_where_it_is_named(tmp_path: Path) -> None:
    folder = small(tmp_path, SYSTEM + "  prompt: judge.jinja\n")
    (folder / "judge.jinja").write_text("{% for turn in turns %}\n{{ turn.text }\n{% endfor %}\n")
    assert [fault.partition(": ")[0] for fault in faults(folder)] == [f"{folder / 'rubric.yaml'}:3"]


def test_a_template_belongs_to_the_pack_and_its_digest(tmp_path: Path) -> None:
    folder = small(tmp_path, SYSTEM + "  prompt: judge.jinja\n")
    (folder / "judge.jinja").write_text("{{ turns[0].text }}")
    before = load_pack(folder)
    assert before.pack.rubric is not None
    assert (before.pack.rubric.prompt, "judge.jinja" in before.files) == ("{{ turns[0].text }}", True)
    (folder / "judge.jinja").write_text("{{ turns[1].text }}")
    assert load_pack(folder).digest != before.digest


def test_a_pack_that_extends_another_may_ask_for_more_and_keeps_the_rest(tmp_path: Path) -> None:
    small(tmp_path, HEAD + "  least: {exploration: 1, interpretation: 1}\n")
    rubric = load_pack(write_child(tmp_path / "child", "rubric: {least: {exploration: 2}}\n")).pack.rubric
    assert rubric is not None
    assert (rubric.system, dict(rubric.least)) == ("Judge.", {"exploration": 2, "interpretation": 1})


def test_a_run_with_a_judge_needs_a_pack_with_a_rubric(tmp_path: Path) -> None:
    copy_pack(shipped("empathy"), tmp_path / "pack")
    file = tmp_path / "run.yaml"
    file.write_text(shipped("run.yaml").read_text())
    config = load_run(file, ["pack=pack", JUDGE]).config
    assert config.judge is not None
    assert config.judge in config.backends
    manifest = tmp_path / "pack" / "pack.yaml"
    manifest.write_text(manifest.read_text().replace("  - rubric.yaml\n", ""))
    assert load_run(file, ["pack=pack"]).config.judge is None
    with pytest.raises(FaultsError) as caught:
        load_run(file, ["pack=pack", JUDGE])
    assert "the pack empathy has no rubric to judge by: give it one" in str(caught.value)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("judge={backend: opnai}", "no judge backend is called 'opnai': did you mean openai?"),
        ("judge={backend: openai, settings: {}}", "openai: model is missing"),
        ("judge={backend: openai, settings: {model: tiny}, ray: {gpus: 1}}", "take `ray` away"),
    ],
)
def test_a_wrong_judge_is_a_fault(override: str, words: str) -> None:
    with pytest.raises(FaultsError) as caught:
        load_run(shipped("run.yaml"), [override])
    assert words in str(caught.value)


def test_a_score_is_0_1_or_2() -> None:
    with pytest.raises(ValidationError):
        Rubric(system="Judge.", prompt="Hm.", least={"exploration": -1})


def test_editors_complete_a_rubric_and_a_judge() -> None:
    found = as_schema(pack_schema()["$defs"])
    assert set(as_schema(as_schema(found["RubricChanges"])["properties"])) == set(Rubric.model_fields)
    named = json.dumps(as_schema(run_schema()["properties"])["judge"])
    assert "judge.Backend" in named
