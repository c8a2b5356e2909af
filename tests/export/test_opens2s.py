"""What OpenS2S trains on, held to a validator of its own that knows the format's rules and none of our code."""

import json
import re
from itertools import zip_longest
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
import soundfile

from flows.export import export_lines
from pipeline.export.format import ExportSettings, Part
from pipeline.export.opens2s import line_faults
from pipeline.interleave.spans import interleave
from schemas.recipe import Recipe
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, talks, units_of, write_corpus

KEYS = {"text", "audio", "speech_units", "spk_emb"}


def exported(tmp_path: Path, written: list[Talk], **settings: object) -> Path:
    out = tmp_path / "out"
    asked = ExportSettings.model_validate({"prefix": f"{out}/", **settings})
    list(export_lines(str(write_corpus(tmp_path / "corpus", written)), "opens2s", out, asked, 1, lambda _: None))
    return out


class Message(TypedDict):
    role: str
    content: list[dict[str, str]]


class Row(TypedDict):
    messages: list[Message]


def rows(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def check_rules(file: Path) -> int:
    """The rules of the training code, as they were read there; answers how many lines keep them."""
    lines = rows(file)
    for row in lines:
        assert list(row) == ["messages"]
        assert {message["role"] for message in row["messages"]} <= {"user", "assistant"}, "no system message"
        for message in row["messages"]:
            assert all(set(item) == KEYS for item in message["content"])
            speech = [item for item in message["content"] if item["speech_units"]]
            for item in message["content"]:
                if message["role"] == "user":
                    assert not item["speech_units"]
                    check_audio(item)
                else:
                    assert not item["audio"]
            assert len(speech) <= 1
            for item in speech:
                assert item["text"]
                assert re.fullmatch(r"(<\|audio_\d+\|>)+", item["speech_units"])
                assert max(int(unit) for unit in re.findall(r"\d+", item["speech_units"])) < 16384
    return len(lines)


def check_audio(item: dict[str, str]) -> None:
    if not item["audio"]:
        assert item["text"], "what is neither heard nor read says nothing"
        return
    assert not item["text"], "text beside audio is dropped without a word"
    assert item["audio"].count(":") != 2, "path:start:frames"
    assert re.search(r"\.(wav|flac|ogg|mp3|opus)$", item["audio"])
    audio, rate = soundfile.read(item["audio"])
    assert rate == 16000
    assert audio.ndim == 1
    assert len(audio) >= 8000, "shorter clips are dropped without a word"


def test_every_row_keeps_the_rules_and_none_is_lost(tmp_path: Path) -> None:
    out = exported(tmp_path, talks(20))
    counts = {split: check_rules(out / f"{split}.jsonl") for split in Split}
    assert counts == {Split.TRAIN: 16, Split.VALIDATION: 2, Split.TEST: 2}
    assert not (out / "left_out.jsonl").exists()


def test_the_units_and_texts_are_those_of_the_corpus(tmp_path: Path) -> None:
    (row,) = rows(exported(tmp_path, [talk(3, "My cat is ill.", "I am sorry.")]) / "train.jsonl")
    question, answer = (message["content"][0] for message in row["messages"])
    assert answer["text"] == "I am sorry."
    assert answer["speech_units"] == "".join(f"<|audio_{unit}|>" for unit in units_of(3, 1, 1.3, "glm4voice"))
    audio, _ = soundfile.read(question["audio"])
    assert len(audio) == pytest.approx(1.2 * 16000, abs=1)
    spectrum = np.abs(np.fft.rfft(audio))
    assert np.argmax(spectrum) * 16000 / len(audio) == pytest.approx(220, abs=1), "the tone of the corpus"


def test_a_typed_turn_is_text_without_audio(tmp_path: Path) -> None:
    typed = Talk(1, (Said(Role.USER, "My cat is ill.", typed=True), Said(Role.ASSISTANT, "Oh no.")), kind="text_input")
    (row,) = rows(exported(tmp_path, [typed]) / "train.jsonl")
    assert row["messages"][0]["content"] == [{"text": "My cat is ill.", "audio": "", "speech_units": "", "spk_emb": ""}]


def test_what_the_format_cannot_take_is_left_out_with_its_reason(tmp_path: Path) -> None:
    wrong = [
        talk(0, "Hm.", "I am sorry.", seconds=0.3),
        Talk(1, (Said(Role.USER, "My cat is ill."), Said(Role.ASSISTANT, "So…", seconds=40.0))),
        talk(2, "My cat is ill.", " "),
        talk(3, "My cat is ill.", "I am sorry."),
    ]
    out = exported(tmp_path, wrong)
    assert check_rules(out / "train.jsonl") == 1
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [
        ("0", 0, "short"),
        ("1", 1, "long"),
        ("2", 1, "text"),
    ]
    assert "- short: 1" in (out / "README.md").read_text()


def test_the_recipe_lays_a_turn_out_as_their_model_does() -> None:
    """Speaker vector, then spans until both run out: the rule, written out again from their model's loop."""
    for text, units in [(11, 26), (4, 8), (1, 100), (30, 3), (0, 5), (5, 0)]:
        steps = interleave(" ".join(["x"] * text), list(range(units)), Recipe.model_validate({"preset": "opens2s"}))
        texts = ["T" * min(4, text - at) for at in range(0, text, 4)]
        speech = ["U" * min(8, units - at) for at in range(0, units, 8)]
        expected = [run for pair in zip_longest(texts, speech, fillvalue="") for run in pair if run]
        assert ["T" * len(step.text.split()) + "U" * len(step.units) for step in steps] == expected


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"role": "system", "content": [{"text": "Be kind.", "audio": "", "speech_units": "", "spk_emb": ""}]}, "user"),
        ({"role": "user", "content": []}, "at least 1"),
        ({"role": "user", "content": [{"text": "a", "audio": "", "speech_units": ""}]}, "required"),
        (
            {"role": "user", "content": [{"text": "", "audio": "", "speech_units": "<|audio_1|>", "spk_emb": ""}]},
            "only",
        ),
        (
            {"role": "assistant", "content": [{"text": "a", "audio": "b", "speech_units": "", "spk_emb": ""}]},
            "assistant's turn",
        ),
        (
            {
                "role": "assistant",
                "content": [{"text": "a", "audio": "", "speech_units": "<|audio_16384|>", "spk_emb": ""}],
            },
            "16384 codes",
        ),
        (
            {"role": "user", "content": [{"text": "", "audio": "a:1:2.wav", "speech_units": "", "spk_emb": ""}]},
            "colons",
        ),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(
    tmp_path: Path, message: dict[str, object], complaint: str
) -> None:
    reply = {"role": "assistant", "content": [{"text": "a", "audio": "", "speech_units": "", "spk_emb": ""}]}
    part = Part(tmp_path, Split.TRAIN, 0, ExportSettings())
    found = list(line_faults(json.loads(json.dumps({"messages": [message, reply]})), part))
    assert any(complaint in fault for fault in found), found
