"""A whole run over HTTP: one server writes, one speaks, one hears, and all misbehave."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests.conftest import SHIPPED, CommandLine
from tests.servers.orders import Order
from tests.servers.running import CHAT_MODEL, SPEECH_MODEL, TRANSCRIPTION_MODEL, Running, running
from tests.servers.service import Asked

SIZE = 2
BROKEN = "breaks off: its header promises"
UNHEARD = "the server sent no text but"


@dataclass(frozen=True)
class Servers:
    """All three, and how to make them behave."""

    chat: Running
    speech: Running
    transcription: Running

    def misbehave(self) -> None:
        """One request in twenty gets a 500, one hangs, there is a storm of 429, and some answers are none."""
        self.chat.order(Order(fault="status", status=503, retry_after=0.2, times=1), Order(fault="cut_off", times=1))
        self.speech.order(
            Order(fault="status", status=429, retry_after=0.3, first=8, times=1, lasting=0.4),
            Order(fault="hang", first=2, times=1),
            Order(fault="half_as_much", first=3, every=5, times=2),
            Order(fault="status", status=500, every=20),
        )
        self.transcription.order(
            Order(fault="status", status=500, every=20),
            Order(fault="error_in_json", first=4, times=1),
        )

    def behave(self) -> None:
        """From now on."""
        for server in (self.chat, self.speech, self.transcription):
            server.order()


@pytest.fixture
def servers() -> Iterator[Servers]:
    with running("chat") as chat, running("speech") as speech, running("transcription") as transcription:
        yield Servers(chat, speech, transcription)


def run_file(folder: Path, servers: Servers) -> str:
    """A run of the shipped pack whose voices the servers know by name."""
    shutil.copytree(SHIPPED / "empathy", folder / "pack")
    file = folder / "pack" / "voices.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    for voice in document["voices"]:
        voice["engines"] = {"openai_speech": {"voice": voice["id"]}}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    honoured = {"instructions": True, "seed": True, "language": "name", "sample_rate": 22050}
    speaking = {"base_url": servers.speech.base_url, "model": SPEECH_MODEL, **honoured, "timeout": 3.0}
    hearing = {"base_url": servers.transcription.base_url, "model": TRANSCRIPTION_MODEL, "prompt": "dialogue"}
    config = yaml.safe_load((SHIPPED / "run.yaml").read_text(encoding="utf-8")) | {"pack": "pack", "size": SIZE}
    config["write"] = {"backend": "openai", "settings": {"base_url": servers.chat.base_url, "model": CHAT_MODEL}}
    config["speak"] = {"backend": "openai_speech", "settings": speaking}
    config["score"] |= {"asr": {"backend": "transcriptions", "settings": hearing}, "words": {"backend": "pocketsphinx"}}
    config["interleave"] = {"preset": "moshi"}
    run = folder / "run.yaml"
    run.write_text(yaml.safe_dump(config), encoding="utf-8")
    return str(run)


def column(run: Path, stage: str, name: str) -> list[str]:
    """What a ledger holds there, without its empty places."""
    parts = (run / "ledger" / stage).glob("part-*.parquet")
    found = [value for part in parts for value in pq.read_table(part, columns=[name])[name].to_pylist()]
    return [value for value in found if value is not None]


def reasons(run: Path, stage: str) -> list[str]:
    return column(run, stage, "reason")


def answered(asked: list[Asked]) -> list[str]:
    """What was sent, of those that were answered well."""
    return [json.dumps(one.fields, sort_keys=True) for one in asked if one.answered and one.fault is None]


def test_a_run_over_http_completes_through_faults_and_repeats_nothing(warmline: CommandLine, servers: Servers) -> None:
    command = ("generate", run_file(warmline.folder, servers), "--out", "out")
    servers.misbehave()

    made = warmline(*command)

    assert made.returncode == 0, made.stderr
    rows = pq.ParquetDataset(warmline.folder / "out" / "corpus" / "data").read().to_pylist()
    assert len(rows) == SIZE
    assert {turn["engine"] for row in rows for turn in row["turns"]} == {SPEECH_MODEL}
    for row in rows:
        assert row["provenance"]["words"] == "pocketsphinx alignment"
        for turn in row["turns"]:
            assert [word["text"] for word in turn["words"]] == turn["text"].split()
            assert turn["words"][-1]["end"] <= turn["duration"]
            steps = turn["interleaved"]
            assert "".join(step["text"] for step in steps) == turn["text"]
            assert [unit for step in steps for unit in step["units"]] == turn["units"]["kmeans"]
            assert max(len(step["text"].split()) for step in steps) == 1
    out = warmline.folder / "out"
    spoken, heard = servers.speech.asked(), servers.transcription.asked()
    assert {one.fault for one in servers.chat.asked()} == {"status", "cut_off", None}
    assert {one.fault for one in spoken} == {"status", "hang", "half_as_much", None}
    assert {one.fault for one in heard} == {"status", "error_in_json", None}
    assert [BROKEN in reason for reason in reasons(out, "speak")] == [True] * 2
    assert [UNHEARD in reason for reason in reasons(out, "score.asr")] == [True]
    assert any("cut off at max_tokens" in value for value in column(out, "write", "value"))
    assert max(Counter(answered(spoken)).values()) == 1, "an answered line was asked for again"

    asked_to_write = len(servers.chat.asked())
    servers.behave()
    again = warmline(*command)

    assert again.returncode == 0, again.stderr
    assert len(servers.chat.asked()) == asked_to_write
    more_spoken, more_heard = servers.speech.asked()[len(spoken) :], servers.transcription.asked()[len(heard) :]
    assert not set(answered(spoken)) & set(answered(more_spoken))
    assert not set(answered(heard)) & set(answered(more_heard))
    assert len(more_spoken) <= 2, "more than the lines that had failed"


def test_a_server_that_is_gone_ends_the_run_in_a_line_that_says_which(warmline: CommandLine, servers: Servers) -> None:
    run = run_file(warmline.folder, servers)

    gone = ("--set", "speak.settings.base_url=http://127.0.0.1:9/v1", "--set", "speak.settings.patience=1.0")

    made = warmline("generate", run, "--out", "out", *gone)

    assert made.returncode == 1
    assert "Traceback" not in made.stderr
    assert "no model server answers at http://127.0.0.1:9/v1: start it, or mend base_url" in made.stderr
    assert len(servers.chat.asked()) == len(column(warmline.folder / "out", "write", "value"))
