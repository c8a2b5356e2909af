"""What ms-swift trains on, read by the library that it reads with."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
import soundfile

from flows.export import export_lines
from pipeline.export.format import ExportSettings, Part
from pipeline.export.ms_swift import line_faults
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, talks, write_corpus


class Line(TypedDict):
    messages: list[dict[str, str]]
    audios: list[str]


def exported(tmp_path: Path, written: Sequence[Talk], **settings: object) -> Path:
    out = tmp_path / "out"
    asked = ExportSettings.model_validate({"prefix": f"{out}/", **settings})
    list(export_lines(str(write_corpus(tmp_path / "corpus", written)), "ms-swift", out, asked, 1, lambda _: None))
    return out


def lines(file: Path) -> list[Line]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def check_rules(found: Sequence[Line]) -> int:
    """What the documentation and the template ask of a row; answers how many keep it."""
    for line in found:
        assert {message["role"] for message in line["messages"]} == {"user", "assistant"}
        assert line["messages"][-1]["role"] == "assistant"
        contents = "\n".join(message["content"] for message in line["messages"])
        assert len(re.findall("<audio>", contents)) == len(line["audios"])
        assert not re.search("<(image|video|bbox|ref-object)>", contents)
        for name in line["audios"]:
            audio, rate = soundfile.read(name)
            assert (rate, audio.ndim) == (16000, 1)
    return len(found)


def test_every_dialogue_is_a_row_that_keeps_the_rules(tmp_path: Path) -> None:
    out = exported(tmp_path, talks(20))
    counts = {split: check_rules(lines(out / f"{split}.jsonl")) for split in Split}
    assert counts == {Split.TRAIN: 16, Split.VALIDATION: 2, Split.TEST: 2}


def test_sounds_stand_in_the_order_of_their_marks(tmp_path: Path) -> None:
    (line,) = lines(exported(tmp_path, [talk(3, "My cat is ill.", "Oh no.", "Yes.", "我明白。")]) / "train.jsonl")
    assert [message["content"] for message in line["messages"]] == ["<audio>", "Oh no.", "<audio>", "我明白。"]
    for name, place in zip(line["audios"], (0, 2), strict=True):
        audio, _ = soundfile.read(name)
        pitch = np.argmax(np.abs(np.fft.rfft(audio))) * 16000 / len(audio)
        assert pitch == pytest.approx(220 + 40 * place, abs=1), "the tone of the corpus"


def test_datasets_reads_heard_and_typed_rows_of_one_file(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    typed = Talk(0, (Said(Role.USER, "My cat is ill.", typed=True), Said(Role.ASSISTANT, "Oh no.")), kind="text_input")
    file = exported(tmp_path, [typed, talk(1, "My cat is ill.", "Oh no.")]) / "train.jsonl"
    cache = str(tmp_path / "cache")
    read = list(datasets.load_dataset("json", data_files=str(file), split="train", cache_dir=cache))
    assert check_rules(read) == 2
    assert [(row["messages"][0]["content"], len(row["audios"])) for row in read] == [
        ("My cat is ill.", 0),
        ("<audio>", 1),
    ]


def test_what_cannot_be_taken_is_told(tmp_path: Path) -> None:
    written = [
        talk(0, "My cat is ill."),
        talk(1, "My cat is ill.", "Look: <image>"),
        Talk(2, (Said(Role.USER, "My cat is ill.", 31.0), Said(Role.ASSISTANT, "Oh no."))),
        Talk(
            3,
            (Said(Role.USER, "An <audio> mark."), Said(Role.ASSISTANT, "Oh.", 0.05), Said(Role.ASSISTANT, "No.", 40.0)),
        ),
    ]
    out = exported(tmp_path, written)
    assert check_rules(lines(out / "train.jsonl")) == 1, "neither what is heard is read, nor what is read heard"
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["turn"], one["check"]) for one in left] == [(0, "answer"), (1, "mark"), (0, "long")]


@pytest.mark.parametrize(
    ("contents", "audios", "complaint"),
    [
        (["<audio>", "b"], [], "1 marks for 0 sounds"),
        (["a", "b"], ["a.wav"], "0 marks for 1 sounds"),
        (["a", "<image>"], [], "mark of a sound or picture"),
        (["<audio>", "b"], ["a.wav"], "cannot be read"),
        (["a", ""], [], "at least 1"),
        (["a", "b", "c"], [], "nothing answers"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(
    tmp_path: Path, contents: list[str], audios: list[str], complaint: str
) -> None:
    messages = [
        {"role": ["user", "assistant"][place % 2], "content": content} for place, content in enumerate(contents)
    ]
    part = Part(tmp_path, Split.TRAIN, 0, ExportSettings())
    found = list(line_faults(json.loads(json.dumps({"messages": messages, "audios": audios})), part))
    assert any(complaint in fault for fault in found), found
