"""Fifty dialogues of each pack that ships, from the plan to the shards. Chinese is written and spoken on loopback."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.config.run import shipped
from tests.conftest import CommandLine
from tests.packs.loopback import MODEL, RATE
from tests.packs.sentences import WORDS
from tests.packs.shipping import IN_CHINESE, NAMES, pack, run_file

pytestmark = pytest.mark.slow

SIZE = 50


@contextmanager
def loopback() -> Iterator[str]:
    """The server's base_url; it ends with the block."""
    command = [sys.executable, "-m", "tests.packs.loopback", "--model", MODEL]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/v1"
    finally:
        process.kill()
        process.communicate()


def size_of(name: str) -> int:
    """Fifty, and so many more that the last contrast set is whole."""
    contrast = pack(name).contrast
    return SIZE if contrast is None else -(-SIZE // contrast.members) * contrast.members


def on_loopback(warmline: CommandLine, name: str, base_url: str) -> str:
    """The pack's own run file, with the servers of this machine in it and the recogniser that is embedded."""
    config = yaml.safe_load(shipped(run_file(name)).read_text(encoding="utf-8"))
    config |= {"pack": name, "size": size_of(name), "budget": {"briefs": 8.0}}
    if name in IN_CHINESE:
        server = {"base_url": base_url, "model": MODEL}
        for stage in ("write", "judge", "speak"):
            if stage in config:
                config[stage]["settings"] |= server
        config["speak"]["settings"]["sample_rate"] = RATE
        config["score"] = {
            "asr": {"backend": "transcriptions", "settings": server},
            "ser": {"backend": "prosody"},
        }
        config["gate"] |= {"wer": 0.0, "cer": 0.0, "emotion": 0.1}
    run = warmline.folder / "run.yaml"
    run.write_text(yaml.safe_dump(config), encoding="utf-8")
    return str(run)


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_makes_fifty_dialogues_end_to_end(warmline: CommandLine, name: str) -> None:
    with loopback() as base_url:
        made = warmline("generate", on_loopback(warmline, name, base_url), "--out", "out")
    assert made.returncode == 0, made.stderr
    rows = pq.ParquetDataset(warmline.folder / "out" / "corpus" / "data").read().to_pylist()
    assert len(rows) == size_of(name)
    assert all(turn["audio"]["bytes"] for row in rows for turn in row["turns"] if _is_spoken(row, turn))
    if name in IN_CHINESE:
        languages = Counter(row["language"] for row in rows)
        assert min(languages["en"], languages["zh"]) >= SIZE / 5
        written = {row["language"]: row["turns"][0]["text"] for row in rows}
        assert any(word in written["zh"] for word in WORDS["zh"]["who"])
        assert any(word in written["en"].lower() for word in WORDS["en"]["who"])


def _is_spoken(row: dict[str, str], turn: dict[str, str]) -> bool:
    return (row["kind"], turn["role"]) != ("text_input", "user")
