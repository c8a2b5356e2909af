"""What moshi-finetune trains on, cut into windows as its code cuts it, and read by its own loader where that is."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from flows.export import export_lines
from pipeline.corpus.reading import shards
from pipeline.corpus.rows import Dialogue
from pipeline.export.format import ExportSettings, LeftOut, Part
from pipeline.export.moshi import Moshi, line_faults
from schemas.take import Word as Spoken
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, talks, write_corpus

RATE = 24000
Word = tuple[str, tuple[float, float], str]


class Line(TypedDict):
    path: str
    duration: float


def exported(tmp_path: Path, written: Sequence[Talk], **settings: object) -> Path:
    out = tmp_path / "out"
    asked = ExportSettings.model_validate({"prefix": f"{out}/", **settings})
    list(export_lines(str(write_corpus(tmp_path / "corpus", written)), "moshi", out, asked, 1, lambda _: None))
    return out


def lines(file: Path) -> list[Line]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def words_of(file: Path, line: Line) -> list[Word]:
    return [
        tuple(word) for word in json.loads((file.parent / line["path"]).with_suffix(".json").read_text())["alignments"]
    ]


def check_rules(file: Path) -> int:
    """The rules of the training code, as they were read there; answers how many lines keep them."""
    found = lines(file)
    for line in found:
        assert set(line) == {"path", "duration"}
        audio, rate = soundfile.read(file.parent / line["path"])
        assert rate == RATE
        assert audio.shape[1] == 2
        assert line["duration"] == pytest.approx(len(audio) / RATE, abs=1e-6)
        words = words_of(file, line)
        starts = [start for _, (start, _), _ in words]
        assert starts == sorted(starts), "windows are found by bisection"
        assert {speaker for _, _, speaker in words} == {"SPEAKER_MAIN"}
        assert all(0 <= start < end <= line["duration"] + 0.01 for _, (start, end), _ in words)
    return len(found)


def heard(sound: NDArray[np.float64]) -> float:
    """The strongest frequency, in Hz."""
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * RATE / len(sound))


def test_every_dialogue_is_a_line_that_keeps_the_rules(tmp_path: Path) -> None:
    out = exported(tmp_path, talks(20))
    counts = {split: check_rules(out / f"{split}.jsonl") for split in Split}
    assert counts == {Split.TRAIN: 16, Split.VALIDATION: 2, Split.TEST: 2}


def test_the_assistant_is_left_the_user_right_and_a_pause_lies_between(tmp_path: Path) -> None:
    written = [talk(0, "Hi you.", "Oh no, what?", "Much.", "I see.")]
    file = exported(tmp_path, written, gap=0.5) / "train.jsonl"
    (line,) = lines(file)
    audio, _ = soundfile.read(file.parent / line["path"])
    left, right = audio.T
    at = 0.0
    for place, seconds in enumerate([1.2, 1.3, 1.4, 1.5]):
        first, last = round(at * RATE), round((at + seconds) * RATE)
        speaks, listens = (left, right) if place % 2 else (right, left)
        assert heard(speaks[first:last]) == pytest.approx(220 + 40 * place, abs=1), "the tone of the corpus"
        assert not listens[first:last].any()
        assert not audio[last : last + RATE // 2].any()
        at += seconds + 0.5
    assert line["duration"] == pytest.approx(at - 0.5)


def test_the_assistants_words_stand_where_they_sound(tmp_path: Path) -> None:
    file = exported(tmp_path, [talk(0, "My cat is ill.", "So sorry.")]) / "train.jsonl"
    words = words_of(file, lines(file)[0])
    step = 1.3 / 2
    assert [word for word, _, _ in words] == ["So", "sorry."]
    for number, (_, (start, end), _) in enumerate(words):
        assert start == pytest.approx(1.2 + 0.2 + number * step, abs=1e-3)
        assert end == pytest.approx(1.2 + 0.2 + (number + 0.9) * step, abs=1e-3)


def dialogue_with(tmp_path: Path, *words: tuple[float, float]) -> Dialogue:
    """A dialogue of two turns, with these times for the words of the second."""
    (shard,) = shards(str(write_corpus(tmp_path / "corpus", [talk(0, "My cat is ill.", "Oh no.")])))
    (dialogue,) = shard.dialogues()
    timed = tuple(Spoken(text="oh", start=start, end=end) for start, end in words)
    return replace(dialogue, turns=(dialogue.turns[0], replace(dialogue.turns[1], words=timed)))


def test_a_word_without_length_gets_a_little_so_that_it_is_not_dropped(tmp_path: Path) -> None:
    part = Part(tmp_path / "out", Split.TRAIN, 0, ExportSettings())
    with Moshi(ExportSettings()).writer(part) as writer:
        assert list(writer.take(dialogue_with(tmp_path, (0.5, 0.5), (1.3, 1.3)))) == [pytest.approx(2.7)]
    assert list(Moshi(ExportSettings()).faults(part)) == []
    (line,) = lines(part.notes)
    assert [end - start for _, (start, end), _ in words_of(part.out / "train.jsonl", line)] == pytest.approx(
        [0.02, 0.02]
    )


@pytest.mark.parametrize("words", [[(0.5, 0.6), (0.4, 0.7)], [(-0.1, 0.2)], [(0.2, 0.3), (9.0, 9.1)]])
def test_times_that_run_backwards_or_out_of_the_turn_are_left_out(
    tmp_path: Path, words: list[tuple[float, float]]
) -> None:
    with Moshi(ExportSettings()).writer(Part(tmp_path / "out", Split.TRAIN, 0, ExportSettings())) as writer:
        (left,) = writer.take(dialogue_with(tmp_path, *words))
    assert isinstance(left, LeftOut)
    assert (left.turn, left.check) == (1, "words")


def test_windows_of_100_s_hold_every_word_once(tmp_path: Path) -> None:
    sides = [Role.USER, Role.ASSISTANT]
    said = tuple(Said(sides[place % 2], "one two three four five", 29.0) for place in range(8))
    file = exported(tmp_path, [Talk(0, said)]) / "train.jsonl"
    (line,) = lines(file)
    words = words_of(file, line)
    starts = [start for _, (start, _), _ in words]
    windows = np.arange(0, line["duration"], 100.0)
    assert len(windows) == 3
    cut = [bisect_left(starts, window) for window in [*windows, windows[-1] + 100]]
    assert sum(after - before for before, after in pairwise(cut)) == len(words) == 20


def test_what_cannot_be_trained_on_is_left_out_with_its_mend(tmp_path: Path) -> None:
    wrong = [
        Talk(0, (Said(Role.USER, "My cat is ill.", typed=True), Said(Role.ASSISTANT, "Oh no."))),
        Talk(1, (Said(Role.USER, "My cat is ill."), Said(Role.ASSISTANT, "Oh no.", timed=False))),
        Talk(2, (Said(Role.USER, "My cat is ill.", timed=False), Said(Role.ASSISTANT, "Oh no."))),
        Talk(3, (Said(Role.USER, "My cat is ill.", 31.0), Said(Role.ASSISTANT, "Oh no."))),
    ]
    out = exported(tmp_path, wrong)
    assert check_rules(out / "train.jsonl") == 1, "nobody needs the user's words"
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [
        ("0", 0, "typed"),
        ("1", 1, "words"),
        ("3", 0, "long"),
    ]
    assert "add `words` to `score`" in left[1]["message"]


def test_their_own_loader_reads_every_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sphn = pytest.importorskip("sphn")
    out = exported(tmp_path, talks(4))
    monkeypatch.chdir("/")
    file = str(out / "train.jsonl")
    samples = list(sphn.dataset_jsonl(file, duration_sec=2.0, num_threads=1, sample_rate=RATE, pad_last_segment=True))
    assert {sample["path"] for sample in samples} == {str(out / line["path"]) for line in lines(out / "train.jsonl")}
    lengths = sum(sample["unpadded_len"] for sample in samples)
    assert lengths == pytest.approx(
        sum(line["duration"] for line in lines(out / "train.jsonl")) * RATE, abs=len(samples)
    )
    assert all(sample["data"].shape[0] == 2 for sample in samples)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([["no", [1.0, 1.2], "SPEAKER_MAIN"], ["oh", [0.5, 0.9], "SPEAKER_MAIN"]], "order"),
        ([["oh", [0.5, 0.5], "SPEAKER_MAIN"]], "cannot be learnt"),
        ([["oh", [0.5, 0.9], "SPEAKER_USER"]], "cannot be learnt"),
        ([["oh", [0.5, 9.0], "SPEAKER_MAIN"]], "cannot be learnt"),
        ([], "at least 1"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(tmp_path: Path, words: list[object], complaint: str) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((2 * RATE, 2)), RATE, subtype="PCM_16")
    (tmp_path / "a.json").write_text(json.dumps({"alignments": words}))
    part = Part(tmp_path, Split.TRAIN, 0, ExportSettings())
    found = list(line_faults({"path": "a.wav", "duration": 2.0}, part))
    assert any(complaint in fault for fault in found), found


def test_it_finds_a_wrong_length_and_one_channel(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"alignments": [["oh", [0.5, 0.9], "SPEAKER_MAIN"]]}))
    part = Part(tmp_path, Split.TRAIN, 0, ExportSettings())
    soundfile.write(tmp_path / "a.wav", np.zeros((2 * RATE, 2)), RATE, subtype="PCM_16")
    assert list(line_faults({"path": "a.wav", "duration": 2.0}, part)) == []
    assert list(line_faults({"path": "a.wav", "duration": 3.0}, part)) == ["a.wav is not as long as the line says"]
    soundfile.write(tmp_path / "a.wav", np.zeros(2 * RATE), RATE, subtype="PCM_16")
    assert "1 channels" in next(iter(line_faults({"path": "a.wav", "duration": 2.0}, part)))
