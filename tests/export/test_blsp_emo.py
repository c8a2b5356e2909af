"""What BLSP-Emo trains on: the checks of its loader, written out again, and the library that it reads with."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
import soundfile

from flows.export import export_lines
from pipeline.export.blsp_emo import EMOTIONS, line_faults
from pipeline.export.format import ExportSettings, Part
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, talks, write_corpus

LABELS = {"neutral": 0, "happy": 1, "angry": 2, "sad": 3, "surprise": 4}
KEYS = ["audio", "text", "instruction", "emotion", "output", "early_stop"]


class Line(TypedDict):
    audio: str
    text: str
    instruction: str
    emotion: str
    output: str
    early_stop: bool


def exported(tmp_path: Path, written: Sequence[Talk], **settings: object) -> Path:
    out = tmp_path / "out"
    asked = ExportSettings.model_validate({"prefix": f"{out}/", **settings})
    list(export_lines(str(write_corpus(tmp_path / "corpus", written)), "blsp-emo", out, asked, 1, lambda _: None))
    return out


def lines(file: Path) -> list[Line]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def check_rules(found: Sequence[Line]) -> int:
    """What the loader keeps; answers how many lines there are, all of them kept."""
    for line in found:
        assert list(line) == KEYS
        assert line["emotion"] in LABELS, "another stops it"
        assert f"'{line['emotion']}' emotion tone" in line["instruction"]
        assert line["output"].strip()
        assert line["audio"].count(":") != 2, "path:start:frames"
        audio, rate = soundfile.read(line["audio"], always_2d=True)
        assert (rate, audio.shape[1]) == (16000, 1)
        assert 1.0 <= len(audio) / 16000 <= 30.0
    return len(found)


def test_each_turn_that_is_answered_is_a_line_that_is_kept(tmp_path: Path) -> None:
    out = exported(tmp_path, talks(20))
    counts = {split: check_rules(lines(out / f"{split}.jsonl")) for split in Split}
    assert counts == {Split.TRAIN: 24, Split.VALIDATION: 2, Split.TEST: 4}, "one of two turns, two of four"
    assert not (out / "left_out.jsonl").exists()


def test_a_line_is_the_turn_its_feeling_and_the_reply(tmp_path: Path) -> None:
    first, second = lines(exported(tmp_path, [talk(3, "我的猫病了。", "真可惜。", "是的。", "哦。")]) / "train.jsonl")
    assert (first["text"], first["output"], first["early_stop"]) == ("我的猫病了。", "真可惜。", False)
    assert (second["text"], second["output"]) == ("是的。", "哦。")
    audio, _ = soundfile.read(second["audio"])
    pitch = np.argmax(np.abs(np.fft.rfft(audio))) * 16000 / len(audio)
    assert pitch == pytest.approx(300, abs=1), "the tone of the corpus"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("excited", "happy"), ("surprised", "surprise"), ("frustrated", "angry"), ("neutral", "neutral"), ("sad", "sad")],
)
def test_feelings_become_their_five_labels(tmp_path: Path, ours: str, theirs: str) -> None:
    felt = Talk(0, (Said(Role.USER, "My cat is ill.", emotion=ours), Said(Role.ASSISTANT, "Oh.", emotion="fearful")))
    (line,) = lines(exported(tmp_path, [felt]) / "train.jsonl")
    assert line["emotion"] == theirs
    assert set(EMOTIONS.values()) == set(LABELS)


def test_what_the_loader_drops_or_stops_at_is_left_out_with_its_reason(tmp_path: Path) -> None:
    reply = Said(Role.ASSISTANT, "Oh no.")
    written = [
        Talk(0, (Said(Role.USER, "My cat is ill.", 0.9), reply)),
        Talk(1, (Said(Role.USER, "My cat is ill.", 30.5), reply)),
        Talk(2, (Said(Role.USER, "My cat is ill.", emotion="disgusted"), reply)),
        Talk(3, (Said(Role.USER, "My cat is ill.", typed=True), reply)),
        Talk(4, (Said(Role.USER, "My cat is ill."), reply, Said(Role.USER, "Yes."))),
        talk(5, "My cat is ill.", "As an AI language model I have no cat."),
    ]
    out = exported(tmp_path, written, longest=60.0)
    assert check_rules(lines(out / "train.jsonl")) == 1
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [
        ("0", 0, "short"),
        ("1", 0, "long"),
        ("2", 0, "emotion"),
        ("3", 0, "typed"),
        ("4", 2, "answer"),
        ("5", 0, "refusal"),
    ]


def test_datasets_reads_it_as_their_loader_does(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    out = exported(tmp_path, talks(4))
    cache = str(tmp_path / "cache")
    read = datasets.load_dataset(str(out), data_files=["train.jsonl"], split="train", cache_dir=cache)
    assert check_rules(list(read)) == 6


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"emotion": "fear"}, "neutral"),
        ({"emotion": "happy"}, "another emotion"),
        ({"output": " "}, "pattern"),
        ({"audio": "a:1:2.wav"}, "pattern"),
        ({"audio": "b.wav"}, "cannot be read"),
        ({"early_stop": None}, "boolean"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(
    tmp_path: Path, wrong: dict[str, object], complaint: str
) -> None:
    (line,) = lines(exported(tmp_path, [talk(0, "My cat is ill.", "Oh.")], prefix="") / "train.jsonl")
    part = Part(tmp_path / "out", Split.TRAIN, 0, ExportSettings())
    assert list(line_faults(json.loads(json.dumps(line)), part)) == []
    found = list(line_faults(json.loads(json.dumps({**line, **wrong})), part))
    assert any(complaint in fault for fault in found), found
