"""Every command that the README and the shipped YAML files name is run as it stands there.

The run files for GPUs ask servers and clusters that are not here: their `generate` is left out, and their settings are
checked against the pack, which for CosyVoice gets clips.
"""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import SHIPPED, CommandLine

ROOT = SHIPPED.parent
CONTRASTS = {"contrast", "contrast-age", "contrast-gender"}
FOR_GPUS = {"one-gpu", "eight-gpus", "cluster", "empathy-en-zh", "opens2s", *CONTRASTS}


def asks_servers(line: str) -> bool:
    """Whether it makes something with models that are not here."""
    return line.startswith("warmline generate") and Path(shlex.split(line)[2]).stem in FOR_GPUS


def commands(file: Path) -> list[str]:
    """The `warmline …` lines of a file: in its comments, or in the README's blocks of shell."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        text = "\n".join(re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL))
        lines = re.findall(r"^(?:\.venv/bin/)?(warmline .*)$", text, flags=re.MULTILINE)
    else:
        lines = re.findall(
            r"^#.*?(?<![\w`])(warmline (?:init|check|plan|generate|status|doctor) .*)$", text, flags=re.MULTILINE
        )
    return [re.split(r"\s{2,}|\s#", line)[0] for line in lines]


def run_all(warmline: CommandLine, lines: list[str]) -> None:
    (warmline.folder / "prompts").symlink_to(SHIPPED)
    for line in lines:
        words = shlex.split(line.replace("RUN.yaml", "prompts/run.yaml"))[1:]
        if words[0] == "generate":
            words += ["--set", "size=1"]
        result = warmline(*words)
        assert result.returncode == 0, f"{line}: {result.stderr}"


def test_the_readmes_commands_run_in_their_order(warmline: CommandLine) -> None:
    lines = commands(ROOT / "README.md")
    assert any(line.startswith("warmline init") for line in lines)
    demo = warmline("generate", str(SHIPPED / "run.yaml"), "--out", "runs/demo", "--set", "size=1")
    assert demo.returncode == 0, demo.stderr
    run_all(warmline, lines)


def test_every_shipped_yaml_names_commands() -> None:
    assert [file for file in SHIPPED.rglob("*.yaml") if not commands(file)] == []


@pytest.mark.slow
def test_the_commands_that_every_shipped_yaml_begins_with_run(warmline: CommandLine) -> None:
    found = [commands(file) for file in sorted(SHIPPED.rglob("*.yaml"))]
    lines = dict.fromkeys(line for lines in found for line in lines)
    run_all(warmline, [line for line in lines if not asks_servers(line)])


def test_the_cluster_file_is_right_for_a_pack_whose_voices_have_clips(warmline: CommandLine) -> None:
    assert warmline("init", "my-corpus", "--pack", "empathy").returncode == 0
    own = warmline.folder / "my-corpus"
    shutil.copy(SHIPPED / "cluster.yaml", own)
    without = warmline("check", "my-corpus/cluster.yaml")
    assert without.returncode == 2
    assert "no voice of the pack can be spoken by cosyvoice: give voices clips" in without.stderr
    (own / "pack" / "clips").mkdir()
    voices = own / "pack" / "voices.yaml"
    parts = voices.read_text().split("    engines:")
    for number in range(1, len(parts)):
        soundfile.write(own / "pack" / "clips" / f"{number}.wav", np.full(48000, number / 100, dtype=np.float32), 16000)
        clip = f"{{audio: clips/{number}.wav, transcript: So we said it.}}"
        parts[number] = f"    clips: {{neutral: {clip}}}\n    engines:{parts[number]}"
    voices.write_text("".join(parts))
    with_clips = warmline("check", "my-corpus/cluster.yaml")
    assert with_clips.returncode == 0, with_clips.stderr
