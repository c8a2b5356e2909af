"""Chat messages with sound, held to the types of the `openai` package, and read by `datasets`."""

import base64
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
import soundfile
from datasets import load_dataset
from openai.types.chat import ChatCompletionMessageParam
from pydantic import JsonValue, TypeAdapter, ValidationError

from flows.export import export_lines
from pipeline.export.format import ExportSettings
from pipeline.export.openai import line_faults
from schemas.voice import Role
from tests.export.corpora import Said, Talk, talk, write_corpus

MESSAGES = TypeAdapter(list[ChatCompletionMessageParam])
QUESTION = "My cat is ill."
ANSWER = "I am so sorry. What happened to her?"
TALKS = [
    Talk(1, (Said(Role.USER, QUESTION, typed=True), Said(Role.ASSISTANT, ANSWER)), kind="text_input"),
    Talk(2, (Said(Role.USER, "我的猫病了。"), Said(Role.ASSISTANT, "我很好，谢谢你。")), language="zh"),
    talk(3, QUESTION, ANSWER, "Yes.", "Good."),
]


class Audio(TypedDict):
    data: str
    format: str


class Piece(TypedDict, total=False):
    type: str
    text: str
    input_audio: Audio


class Message(TypedDict):
    role: str
    content: list[Piece]


class Row(TypedDict):
    id: str
    messages: list[Message]


def exported(tmp_path: Path, written: list[Talk]) -> Path:
    out = tmp_path / "out"
    corpus = str(write_corpus(tmp_path / "corpus", written))
    list(export_lines(corpus, "openai", out, ExportSettings(), 1, lambda _: None))
    return out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("openai"), TALKS)


def rows(made: Path) -> list[Row]:
    return [json.loads(line) for line in (made / "train.jsonl").read_text(encoding="utf-8").splitlines()]


def check_types(messages: JsonValue) -> None:
    """By the package's own types; the parts of a content are looked at as they are walked through."""
    for message in MESSAGES.validate_python(messages):
        content = message["content"]
        assert isinstance(content, Iterable)
        assert list(content)


def test_every_line_is_of_the_types_of_the_openai_package(made: Path) -> None:
    lines = rows(made)
    assert [row["id"] for row in lines] == [one.id for one in TALKS]
    for row in lines:
        check_types(json.loads(json.dumps(row["messages"])))
    with pytest.raises(ValidationError):
        check_types(
            [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "x"}}]}]
        )


def test_the_user_is_heard_and_the_assistant_is_read(made: Path) -> None:
    for row, said in zip(rows(made), TALKS, strict=True):
        for place, (message, turn) in enumerate(zip(row["messages"], said.turns, strict=True)):
            (piece,) = message["content"]
            assert message["role"] == str(turn.role)
            if turn.role is Role.ASSISTANT or turn.typed:
                assert piece == {"type": "text", "text": turn.text}
                continue
            assert piece["input_audio"]["format"] == "wav"
            sound, rate = soundfile.read(io.BytesIO(base64.b64decode(piece["input_audio"]["data"])))
            assert (rate, sound.ndim) == (16000, 1)
            assert len(sound) == pytest.approx(turn.seconds * 16000, abs=1)
            pitch = np.argmax(np.abs(np.fft.rfft(sound))) * rate / len(sound)
            assert pitch == pytest.approx(220 + 40 * place, abs=1), "the tone of the corpus"


def test_datasets_reads_the_lines(made: Path, tmp_path: Path) -> None:
    read = load_dataset("json", data_files=str(made / "train.jsonl"), split="train", cache_dir=str(tmp_path))
    assert [len(messages) for messages in read["messages"]] == [2, 2, 4]
    assert read[0]["messages"][0]["content"][0]["text"] == QUESTION


def test_what_no_server_takes_is_left_out_with_its_reason(tmp_path: Path) -> None:
    out = exported(
        tmp_path, [talk(0, QUESTION, ANSWER, seconds=40.0), talk(1, QUESTION, " "), talk(2, QUESTION, ANSWER)]
    )
    assert [row["id"][-1] for row in rows(out)] == ["2"]
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [("0", 0, "long"), ("1", 1, "text")]


@pytest.mark.parametrize(
    ("wrong", "by", "complaint"),
    [
        ('"format": "wav"', '"format": "flac"', "'wav'"),
        ('"data": "UklGR', '"data": "Ukl!GR', "cannot be read"),
        ('"data": "UklGR', '"data": "VVVVV', "cannot be read"),
        ('"role": "user"', '"role": "system"', "messages.0"),
        ('"role": "assistant"', '"role": "user"', "take turns"),
        ('"text": "Good."', '"text": ""', "at least 1"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(made: Path, wrong: str, by: str, complaint: str) -> None:
    line = (made / "train.jsonl").read_text(encoding="utf-8").splitlines()[2]
    assert not list(line_faults(json.loads(line)))
    assert wrong in line
    found = list(line_faults(json.loads(line.replace(wrong, by))))
    assert any(complaint in fault for fault in found), found
