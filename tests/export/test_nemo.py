"""What NeMo's SpeechLM2 trains on, read as its reader of multimodal conversations reads it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
import soundfile

from flows.export import export_lines
from pipeline.export.format import ExportSettings, Part
from pipeline.export.nemo import line_faults
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, talks, write_corpus

Turn = TypedDict("Turn", {"from": str, "type": str, "value": str, "duration": float, "text": str}, total=False)


class Line(TypedDict):
    id: str
    conversations: list[Turn]
    custom: dict[str, str]


def exported(tmp_path: Path, written: Sequence[Talk], **settings: object) -> Path:
    out = tmp_path / "out"
    asked = ExportSettings.model_validate({"prefix": f"{out}/", **settings})
    list(export_lines(str(write_corpus(tmp_path / "corpus", written)), "nemo", out, asked, 1, lambda _: None))
    return out


def lines(file: Path) -> list[Line]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def check_rules(file: Path) -> int:
    """What the reader asks of a line; answers how many lines keep it."""
    found = lines(file)
    assert len({line["id"] for line in found}) == len(found)
    for line in found:
        turns = line["conversations"]
        assert turns[-1]["from"].lower() == "assistant"
        for turn in turns:
            assert turn["from"].lower() in {"user", "assistant"}
            if turn["type"] == "text":
                assert "<|audioplaceholder|>" not in turn["value"]
                continue
            audio, rate = soundfile.read(turn["value"])
            assert (rate, audio.ndim, turn["from"]) == (16000, 1, "User")
            assert turn["duration"] == pytest.approx(len(audio) / rate)
    return len(found)


def test_every_dialogue_is_a_line_that_keeps_the_rules(tmp_path: Path) -> None:
    out = exported(tmp_path, talks(20))
    counts = {split: check_rules(out / f"{split}.jsonl") for split in Split}
    assert counts == {Split.TRAIN: 16, Split.VALIDATION: 2, Split.TEST: 2}
    assert not (out / "left_out.jsonl").exists()


def test_the_user_is_heard_and_the_assistant_is_read(tmp_path: Path) -> None:
    (line,) = lines(exported(tmp_path, [talk(3, "我的猫病了。", "真可惜。", "是的。", "哦。")]) / "train.jsonl")
    assert [turn["type"] for turn in line["conversations"]] == ["audio", "text", "audio", "text"]
    assert [turn["value"] for turn in line["conversations"][1::2]] == ["真可惜。", "哦。"]
    assert [turn["text"] for turn in line["conversations"][::2]] == ["我的猫病了。", "是的。"]
    for place, seconds in [(0, 1.2), (2, 1.4)]:
        audio, _ = soundfile.read(line["conversations"][place]["value"])
        assert len(audio) == pytest.approx(seconds * 16000, abs=1)
        pitch = np.argmax(np.abs(np.fft.rfft(audio))) * 16000 / len(audio)
        assert pitch == pytest.approx(220 + 40 * place, abs=1), "the tone of the corpus"


def test_what_is_typed_is_read_and_what_cannot_be_taken_is_told(tmp_path: Path) -> None:
    written = [
        Talk(0, (Said(Role.USER, "My cat is ill.", typed=True), Said(Role.ASSISTANT, "Oh no.")), kind="text_input"),
        talk(1, "My cat is ill."),
        talk(2, "My cat is ill.", "Oh <|audioplaceholder|>."),
        talk(3, " ", "Oh no."),
        Talk(4, (Said(Role.USER, "My cat is ill.", 31.0), Said(Role.ASSISTANT, "Oh no."))),
        Talk(5, (Said(Role.USER, "My cat is ill."), Said(Role.ASSISTANT, "Oh no.", 31.0))),
    ]
    out = exported(tmp_path, written)
    assert check_rules(out / "train.jsonl") == 2, "how long the assistant speaks does not matter"
    typed = lines(out / "train.jsonl")[0]["conversations"][0]
    assert typed == {"from": "User", "type": "text", "value": "My cat is ill."}
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [
        ("1", 0, "answer"),
        ("2", 1, "mark"),
        ("3", 0, "text"),
        ("4", 0, "long"),
    ]


def text(side: str, value: str) -> dict[str, object]:
    return {"from": side, "type": "text", "value": value}


@pytest.mark.parametrize(
    ("turns", "complaint"),
    [
        ([text("User", "a"), text("User", "b")], "nothing answers"),
        ([text("user", "a"), text("Assistant", "b")], "User"),
        ([text("User", "a"), text("Assistant", "<|audio|>")], "mark of a sound"),
        ([text("User", "a"), text("Assistant", "")], "at least 1"),
        ([text("User", "a"), {**text("Assistant", "a.wav"), "type": "audio"}], "no duration"),
        ([{**text("User", "no.wav"), "type": "audio", "duration": 1.0}, text("Assistant", "b")], "cannot be read"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(
    tmp_path: Path, turns: list[dict[str, object]], complaint: str
) -> None:
    part = Part(tmp_path, Split.TRAIN, 0, ExportSettings())
    line = json.loads(json.dumps({"id": "a", "conversations": turns, "custom": {}}))
    found = list(line_faults(line, part, set()))
    assert any(complaint in fault for fault in found), found


def test_it_finds_two_lines_of_one_id(tmp_path: Path) -> None:
    part = Part(tmp_path, Split.TRAIN, 0, ExportSettings())
    seen: set[str] = set()
    turns = [text("User", "a"), text("Assistant", "b")]
    line = json.loads(json.dumps({"id": "a", "conversations": turns, "custom": {}}))
    assert list(line_faults(line, part, seen)) == []
    assert list(line_faults(line, part, seen)) == ["a is there twice"]
