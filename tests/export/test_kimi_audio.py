"""What Kimi-Audio is fine-tuned on, held to what its data set and its model do with a conversation."""

import json
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
import pytest
import soundfile

from flows.export import export_lines
from pipeline.export.format import ExportSettings, Part
from pipeline.export.kimi_audio import line_faults
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, talks, units_of, write_corpus

QUESTION = "My cat is ill."
ANSWER = "I am so sorry. What happened to her?"
MIXED = Talk(
    2,
    (
        Said(Role.USER, "我的猫病了。", typed=True),
        Said(Role.ASSISTANT, "怎么了？"),
        Said(Role.USER, "它不吃东西。"),
        Said(Role.ASSISTANT, "我很难过。"),
    ),
    language="zh",
)
TALKS = [*talks(8), Talk(12, MIXED.turns, language="zh")]


class Message(TypedDict):
    role: str
    message_type: str
    content: str | list[str]
    audio_tokens: NotRequired[list[int]]


class Row(TypedDict):
    task_type: str
    conversation: list[Message]


def exported(tmp_path: Path, written: list[Talk], *kinds: str, **settings: object) -> Path:
    out = tmp_path / "out"
    corpus = str(write_corpus(tmp_path / "corpus", written, kinds=kinds or ("glm4voice",), rows_a_shard=5))
    asked = ExportSettings.model_validate({"prefix": f"{out}/", **settings})
    list(export_lines(corpus, "kimi-audio", out, asked, 1, lambda _: None))
    return out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("kimi"), TALKS)


def rows(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def features(path: str) -> int:
    """Whisper's features of a sound at 16 kHz in pieces of 30 s, by the formula in their encoder."""
    sound, rate = soundfile.read(path)
    assert rate == 16000
    return sum((len(sound[at : at + 480000]) - 1) // 1280 + 1 for at in range(0, len(sound), 480000))


def check_as_trained(row: Row) -> None:
    """What their data set and model assert of a line, as they were read there."""
    assert row["task_type"] == "understanding"
    sounds = [message for message in row["conversation"] if message["message_type"] == "audio"]
    assert len(sounds) == 1, "the mask of all sounds has to be as long as the first"
    for message in row["conversation"]:
        assert message["role"] in {"user", "assistant"}
        assert message["message_type"] in {"text", "audio"}, "it knows no others"
        assert isinstance(message["content"], str)
    tokens = sounds[0]["audio_tokens"]
    assert 152064 <= min(tokens) <= max(tokens) < 152064 + 16384, "their place in the vocabulary"
    assert len(tokens) <= features(str(sounds[0]["content"])), "a unit without a feature"
    assert row["conversation"][-1]["role"] == "assistant", "something to be trained on"


def test_every_spoken_turn_of_the_user_is_a_line_that_the_trainer_takes(made: Path) -> None:
    lines = rows(made / "train.jsonl")
    for row in lines:
        check_as_trained(row)
    heard = [(one, n) for one in TALKS for n, turn in enumerate(one.turns) if n % 2 == 0 and not turn.typed]
    assert len(lines) == len(heard)
    for row, (said, number) in zip(lines, heard, strict=True):
        texts = [turn.text for turn in said.turns[: number + 2]]
        assert [m["content"] for m in row["conversation"] if m["message_type"] == "text"] == texts[:-2] + texts[-1:]
        sound = row["conversation"][number]
        units = units_of(said.number, number, said.turns[number].seconds, "glm4voice")
        assert sound.get("audio_tokens") == [unit + 152064 for unit in units]


def test_whole_dialogues_with_spoken_replies_are_in_their_own_file(made: Path) -> None:
    lines = rows(made / "train-speech.jsonl")
    assert len(lines) == len(TALKS)
    mixed = lines[-1]["conversation"]
    kinds = [(message["role"], message["message_type"]) for message in mixed]
    assert kinds == [("user", "text"), ("assistant", "audio-text"), ("user", "audio"), ("assistant", "audio-text")]
    path = mixed[3]["content"][0]
    assert mixed[3]["content"] == [path, "我很难过。"]
    assert mixed[3].get("audio_tokens") == [unit + 152064 for unit in units_of(12, 3, 1.2, "glm4voice")]
    sound, rate = soundfile.read(path)
    assert np.argmax(np.abs(np.fft.rfft(sound))) * rate / len(sound) == pytest.approx(220 + 3 * 40, abs=1)


def test_what_the_trainer_cannot_take_is_left_out_with_its_reason(tmp_path: Path) -> None:
    wrong = [
        Talk(0, (Said(Role.USER, QUESTION, typed=True), Said(Role.ASSISTANT, ANSWER)), kind="text_input"),
        talk(1, QUESTION, "<|im_user_end|>"),
        talk(2, QUESTION, ANSWER, seconds=40.0),
        talk(3, QUESTION, ANSWER),
    ]
    out = exported(tmp_path, wrong)
    assert len(rows(out / "train.jsonl")) == len(rows(out / "train-speech.jsonl")) == 1
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [
        ("0", 0, "typed"),
        ("1", 1, "marker"),
        ("2", 0, "long"),
    ]


def test_units_of_twice_the_rate_are_no_units_for_it(tmp_path: Path) -> None:
    """More units than features stop the trainer in the middle of an epoch."""
    out = exported(tmp_path, [talk(1, QUESTION, ANSWER)], "s3", units="s3")
    (left,) = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert (left["check"], left["message"][:40]) == ("units", "30 units of a sound of 15 features, one ")


@pytest.mark.parametrize(
    ("wrong", "by", "complaint"),
    [
        ('"message_type": "audio"', '"message_type": "text"', "0 sounds"),
        ('"role": "assistant"', '"role": "system"', "user"),
        ('"message_type": "text"', '"message_type": "audio-text"', "a path and a text"),
        ('"audio_tokens": [1', '"audio_tokens": [', "lie from 152064"),
        ('"audio_tokens": [', '"audio_tokens": [152064, 152064, ', "more than"),
        ("-00.wav", "-09.wav", "cannot be read"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(made: Path, wrong: str, by: str, complaint: str) -> None:
    line = (made / "train.jsonl").read_text(encoding="utf-8").splitlines()[0]
    part = Part(made, Split.TRAIN, 0, ExportSettings(prefix=f"{made}/"))
    assert not list(line_faults(json.loads(line), part))
    assert wrong in line
    found = list(line_faults(json.loads(line.replace(wrong, by)), part))
    assert any(complaint in fault for fault in found), found
