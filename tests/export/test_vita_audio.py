"""What VITA-Audio trains on, held to its own way of putting units into messages, and read by `datasets` as it does."""

import json
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
import soundfile
import yaml
from datasets import load_dataset

from flows.export import export_lines
from pipeline.export.format import ExportSettings, Part
from pipeline.export.vita_audio import line_faults
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, units_of, write_corpus

QUESTION = "My cat is ill."
ANSWER = "I am so sorry. What happened to her?"
TALKS = [
    Talk(1, (Said(Role.USER, QUESTION, typed=True), Said(Role.ASSISTANT, ANSWER)), kind="text_input"),
    Talk(2, (Said(Role.USER, "我的猫病了。"), Said(Role.ASSISTANT, "我很好，谢谢你。")), language="zh"),
    talk(3, QUESTION, ANSWER, "Yes.", "Good."),
    talk(4, QUESTION, ANSWER, split=Split.TEST),
]


class Message(TypedDict):
    content: str
    role: str


class Row(TypedDict):
    id: str
    messages: list[Message]
    audios: list[str]


def exported(tmp_path: Path, written: list[Talk], *kinds: str) -> Path:
    out = tmp_path / "out"
    corpus = str(write_corpus(tmp_path / "corpus", written, kinds=kinds))
    list(export_lines(corpus, "vita-audio", out, ExportSettings(prefix=f"{out}/"), 1, lambda _: None))
    return out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("vita"), TALKS, "glm4voice")


def rows(made: Path) -> list[Row]:
    return [json.loads(line) for line in (made / "train.jsonl").read_text(encoding="utf-8").splitlines()]


def as_trained(row: Row) -> list[str]:
    """The messages as their code tokenizes them, written from its preprocessing: what fails is left away there."""
    kept = [Path(audio).with_suffix("") for audio in row["audios"]]
    units = [json.loads(path.with_name(f"{path.name}_glm4voice.json").read_text()) for path in kept]
    sounds = ["".join(f"<|audio_{unit}|>" for unit in one) for one in units]
    said = []
    for message in row["messages"]:
        assert "Convert the text to speech." not in message["content"]
        content = message["content"]
        while "<|audio|>" in content:
            content = content.replace("<|audio|>", f"<|begin_of_audio|>{sounds.pop(0)}<|end_of_audio|>", 1)
        if message["role"] == "assistant":
            assert content.count("<|begin_of_audio|>") == 1, "it interleaves one sound with the text around it"
            assert not content.startswith("<|begin_of_audio|>"), "sound without text is not interleaved"
        said.append(content)
    assert not sounds, "each sound has its place"
    return said


def test_every_turn_is_what_their_code_tokenizes(made: Path) -> None:
    assert [row["id"] for row in rows(made)] == [one.id for one in TALKS[:3]]
    for row, said in zip(rows(made), TALKS, strict=False):
        expected = []
        for place, turn in enumerate(said.turns):
            units = "".join(f"<|audio_{unit}|>" for unit in units_of(said.number, place, turn.seconds, "glm4voice"))
            sound = f"<|begin_of_audio|>{units}<|end_of_audio|>"
            user = turn.text if turn.typed else sound
            expected.append(user if turn.role is Role.USER else f"{turn.text}\n{sound}")
        assert as_trained(row) == expected


def test_sounds_are_those_of_the_corpus_at_the_rate_of_their_tokenizer(made: Path) -> None:
    audio, rate = soundfile.read(rows(made)[2]["audios"][3])
    assert rate == 16000
    assert len(audio) == pytest.approx(1.5 * 16000, abs=1)
    spectrum = np.abs(np.fft.rfft(audio))
    assert np.argmax(spectrum) * 16000 / len(audio) == pytest.approx(220 + 3 * 40, abs=1), "the fourth turn's tone"


def test_datasets_reads_the_file_that_the_list_of_data_names(made: Path, tmp_path: Path) -> None:
    """As their loader does: a file that it does not find is skipped with a warning."""
    (named,) = yaml.safe_load((made / "vita-audio.yaml").read_text())["dataset"]["warmline"]["data_paths"]
    read = load_dataset("json", data_files=named, split="train", cache_dir=str(tmp_path))
    assert read.column_names == ["id", "messages", "audios"]
    assert read[2]["messages"] == rows(made)[2]["messages"]
    assert list(read[2]["messages"][0]) == ["content", "role"]


def test_a_corpus_without_units_leaves_them_to_the_trainer(tmp_path: Path) -> None:
    out = exported(tmp_path, [talk(1, QUESTION, ANSWER)], "s3")
    assert len(rows(out)) == 1
    assert not list(out.rglob("*_glm4voice.json"))


def test_what_their_code_would_misread_is_left_out_with_its_reason(tmp_path: Path) -> None:
    asked = "Convert the text to speech.\nHello."
    heard = f"{asked} <|audio|>"
    wrong = [
        Talk(0, (Said(Role.USER, asked, typed=True), Said(Role.ASSISTANT, ANSWER)), kind="text_input"),
        talk(1, QUESTION, "Listen: <|audio|>"),
        talk(2, QUESTION, ANSWER, seconds=0.05),
        talk(3, QUESTION, ANSWER, seconds=40.0),
        talk(4, heard, ANSWER),
    ]
    out = exported(tmp_path, wrong, "glm4voice")
    assert [row["id"][-1] for row in rows(out)] == ["4"], "what is only heard is not in the line"
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [
        ("0", 0, "reading"),
        ("1", 1, "marker"),
        ("2", 0, "short"),
        ("3", 0, "long"),
    ]


@pytest.mark.parametrize(
    ("wrong", "by", "complaint"),
    [
        ("<|audio|>", "<|audio|><|audio|>", "another number"),
        ("\\n<|audio|>", "", "one sound after it"),
        ("sorry", "<|im_end|>", "special token"),
        ("<|audio|>", "Convert the text to speech.", "reading task"),
        ("-00.wav", "-09.wav", "cannot be read"),
        ('"assistant"', '"gpt"', "user"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(made: Path, wrong: str, by: str, complaint: str) -> None:
    line = (made / "train.jsonl").read_text(encoding="utf-8").splitlines()[2]
    part = Part(made, Split.TRAIN, 0, ExportSettings(prefix=f"{made}/"))
    assert not list(line_faults(json.loads(line), part))
    assert wrong in line
    found = list(line_faults(json.loads(line.replace(wrong, by)), part))
    assert any(complaint in fault for fault in found), found
