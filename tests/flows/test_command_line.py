"""The command line as a user meets it."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import SHIPPED, CommandLine

RUN_FILE = str(SHIPPED / "run.yaml")


def one_line(result: "subprocess.CompletedProcess[str]") -> str:
    assert "Traceback" not in result.stderr
    lines = result.stderr.strip().splitlines()
    assert 1 <= len(lines) <= 2, result.stderr
    return lines[0]


def test_init_check_plan_generate_status_in_a_row(warmline: CommandLine) -> None:
    assert warmline("init", "mine").returncode == 0
    assert "no faults" in warmline("check", "mine").stdout
    assert "no faults" in warmline("check", "mine/pack").stdout
    planned = warmline("plan", "mine/run.yaml", "--preview", "2").stdout
    assert "user emotion" in planned
    assert "empathy-7-0000001" in planned
    made = warmline("generate", "mine/run.yaml", "--out", "out", "--set", "size=2")
    assert made.returncode == 0, made.stderr
    assert "2 dialogues" in made.stdout
    status = warmline("status", "out").stdout
    assert "2 accepted" in status
    assert "mean WER" in status


def test_a_changed_config_says_what_changed_and_remakes_only_that(warmline: CommandLine, finished_run: Path) -> None:
    run = warmline.copy_of(finished_run)
    takes = sorted((run / "ledger" / "speak").iterdir())
    edit = ("generate", RUN_FILE, "--out", "out", "--set", "size=4", "--set", "interleave.text_span=6")
    edited = warmline(*edit)
    assert "changed since last time: interleave.text_span: 4 → 6" in edited.stderr
    assert "of 4 dialogues 4 stand; to make now: 0 texts, 0 takes" in edited.stderr
    assert sorted((run / "ledger" / "speak").iterdir()) == takes
    assert "changed" not in warmline(*edit).stderr
    rows = [row for shard in (run / "corpus" / "data").iterdir() for row in pq.read_table(shard).to_pylist()]
    texts = [step["text"] for row in rows for turn in row["turns"] for step in turn["interleaved"] if step["text"]]
    assert max(len(text.split()) for text in texts) == 6


def test_a_run_that_cannot_reach_its_size_ends_with_exit_code_3_and_tells_why(warmline: CommandLine) -> None:
    hard = ("--set", "size=2", "--set", "gate.most_seconds_per_character=0.001", "--set", "retakes=0")
    made = warmline("generate", RUN_FILE, "--out", "out", *hard)
    assert made.returncode == 3
    assert "short of the 2 wanted" in made.stdout
    assert "rejected for most_seconds_per_character: 6" in warmline("status", "out").stdout
    rejected = pq.read_table(warmline.folder / "out" / "corpus" / "rejected" / "rejected-00000.parquet").to_pylist()
    assert len(rejected) == 6
    assert all(row["reasons"] and row["turns"][0]["audio"]["bytes"] for row in rejected)


def test_another_runs_folder_is_refused(warmline: CommandLine, finished_run: Path) -> None:
    warmline.copy_of(finished_run)
    other = warmline("generate", RUN_FILE, "--out", "out", "--set", "seed=8")
    assert other.returncode == 2
    assert "holds another run (pack empathy, seed 7; you ask for pack empathy, seed 8)" in one_line(other)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("generate", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (("generate", RUN_FILE, "--set", "sise=3"), "did you mean size?"),
        (("generate", RUN_FILE, "--out", "strange"), "is no run folder, and not empty"),
        (("generate", RUN_FILE, "--out", "file.txt/run"), "cannot be written"),
        (("status", "empty"), "holds no run"),
        (("init", "strange"), "not empty"),
        (("init", "new", "--pack", "empaty"), "did you mean empathy?"),
        (("check", "nowhere"), "is not there"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2_or_1(
    warmline: CommandLine, words: tuple[str, ...], expected: str
) -> None:
    (warmline.folder / "strange").mkdir()
    (warmline.folder / "strange" / "thesis.txt").write_text("precious")
    (warmline.folder / "file.txt").write_text("a file")
    (warmline.folder / "empty").mkdir()
    result = warmline(*words)
    assert result.returncode in {1, 2}
    assert expected in one_line(result)
    assert (warmline.folder / "strange" / "thesis.txt").read_text() == "precious"


def test_a_torn_ledger_part_is_named_and_the_run_goes_on(warmline: CommandLine, finished_run: Path) -> None:
    run = warmline.copy_of(finished_run)
    part = next((run / "ledger" / "speak").iterdir())
    part.write_bytes(part.read_bytes()[:-30])
    made = warmline("generate", RUN_FILE, "--out", "out", "--set", "size=4")
    assert made.returncode == 0, made.stderr
    assert f"{part.name} is no whole part of this ledger, ignored" in made.stderr
    assert part.exists()


def test_a_run_shows_on_the_prefect_server_under_names_a_person_understands(
    finished_run: Path, prefect_url: str
) -> None:
    assert finished_run.exists()

    def names(kind: str) -> list[str]:
        request = urllib.request.Request(  # noqa: S310 -- loopback
            f"{prefect_url}/{kind}/filter", data=b"{}", headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return [run["name"] for run in json.load(answer)]

    assert f"make demo from {RUN_FILE}" in names("flow_runs")
    task = r"speak from item \d+"
    assert any(re.fullmatch(task, name) for name in names("task_runs"))


def test_words_that_the_recogniser_cannot_hear_are_noted_by_check(warmline: CommandLine) -> None:
    assert warmline("init", "mine").returncode == 0
    assert "note" not in warmline("check", "mine").stdout
    situations = warmline.folder / "mine" / "pack" / "situations" / "sad.yaml"
    situations.write_text(situations.read_text().replace('"old terrier"', '"labradoodle"'))
    checked = warmline("check", "mine")
    assert checked.returncode == 0
    assert "misheard wherever they are said (1): labradoodle" in checked.stdout


def test_doctor_names_every_backend_and_its_state(warmline: CommandLine) -> None:
    lines = warmline("doctor").stdout
    assert all(f"{name}: ready" in lines for name in ("espeak", "pocketsphinx", "prosody", "kmeans", "phrasebook"))


def test_help_does_not_load_prefect_or_any_engine() -> None:
    assert loaded_by("flows.command_line", of=("prefect", "torch", "pyarrow", "numpy")) == []


EMBEDDED = {
    *("__init__", "espeak", "espeak_process", "pocketsphinx", "pocketsphinx_words", "kmeans", "prosody"),
}
"""Backends that are there to be embedded: what they need comes with them."""

ASKS_SERVERS = {
    *("model_server", "server_connection", "server_faults", "chat_completion", "openai_chat", "transcriptions"),
    *("openai_speech", "openai_speech_batch", "openai_speech_request", "openai_speech_settings"),
    *("chat_server", "chat_judge"),
}
"""Backends that wait for a server, and what only they import."""


def test_importing_the_stages_pulls_in_neither_prefect_nor_torch_nor_an_engine() -> None:
    modules = [
        str(path.relative_to(SHIPPED.parent)).removesuffix(".py").replace(os.sep, ".")
        for top in ("schemas", "pipeline")
        for path in sorted((SHIPPED.parent / top).rglob("*.py"))
        if path.stem not in EMBEDDED | ASKS_SERVERS and path.parent.name != "pytorch"
    ]
    heavy = ("prefect", "torch", "espeakng_loader", "pocketsphinx", "datasets", "sklearn", "openai", "vllm")
    assert loaded_by(*modules, of=heavy) == []
    assert len(modules) > 30


def loaded_by(*modules: str, of: tuple[str, ...]) -> list[str]:
    """Which modules `of` these are loaded once `modules` are imported by a fresh Python."""
    code = f"import sys, importlib; [importlib.import_module(m) for m in {modules}]; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SHIPPED.parent)
    return sorted(set(of) & set(run.stdout.split()))
