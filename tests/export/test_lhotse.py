"""What Lhotse Shar must be, checked file by file; that Lhotse reads it stands in tests/models."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from flows.export import export_lines
from pipeline.corpus.reading import shards
from pipeline.export import shar
from pipeline.export.format import ExportSettings, Part
from pipeline.export.lhotse import Lhotse
from pipeline.export.part import PartJob
from schemas.voice import Role, Split
from tests.export.corpora import RATE, Said, Talk, talk, talks, units_of, write_corpus


class Supervision(TypedDict):
    id: str
    recording_id: str
    start: float
    duration: float
    channel: int
    text: str
    language: str
    speaker: str
    gender: str
    custom: dict[str, object]
    alignment: dict[str, list[tuple[str, float, float, None]]]


class Cut(TypedDict):
    id: str
    duration: float
    channel: list[int]
    supervisions: list[Supervision]
    recording: dict[str, object]
    type: str


def exported(tmp_path: Path, written: Sequence[Talk], **settings: object) -> Path:
    out = tmp_path / "out"
    asked = ExportSettings.model_validate({"prefix": f"{out}/", **settings})
    corpus = write_corpus(tmp_path / "corpus", written, ["glm4voice", "s3"], rows_a_shard=6)
    list(export_lines(str(corpus), "lhotse", out, asked, 1, lambda _: None))
    return out


def stored(folder: Path) -> Iterator[tuple[Cut, str, NDArray[np.float64]]]:
    """Cuts and sounds of a Shar folder in step, as a reader takes them: each field's files in the order of names."""
    fields = {path.name.split(".")[0] for path in folder.iterdir()}
    assert fields == {"cuts", "recording"}, "whatever else lies there is taken for a field"
    for cuts, tar in zip(sorted(folder.glob("cuts.*")), sorted(folder.glob("recording.*")), strict=True):
        with gzip.open(cuts, "rt") as lines, tarfile.open(tar) as file:
            entries = file.getmembers()
            for line, flac, manifest in zip(lines, entries[::2], entries[1::2], strict=True):
                cut: Cut = json.loads(line)
                about, sound = file.extractfile(manifest), file.extractfile(flac)
                assert about is not None
                assert sound is not None
                assert json.load(about) == cut["recording"]
                audio, rate = soundfile.read(io.BytesIO(sound.read()))
                assert rate == cut["recording"]["sampling_rate"] == RATE
                assert Path(manifest.name).stem == Path(flac.name).stem
                yield cut, Path(flac.name).stem, audio


def check_rules(folder: Path) -> list[str]:
    """The ids of the cuts, all of which keep the rules."""
    found = []
    for cut, key, audio in stored(folder):
        assert cut["id"] == key
        assert cut["type"] == "MultiCut"
        assert audio.shape == (cut["recording"]["num_samples"], 2)
        assert cut["duration"] == pytest.approx(len(audio) / RATE)
        for one in cut["supervisions"]:
            assert one["recording_id"] == key
            assert one["start"] + one["duration"] <= cut["duration"] + 1e-6
            assert one["gender"] in {"female", "male"}
        for before, after in pairwise(cut["supervisions"]):
            assert after["start"] >= before["start"] + before["duration"]
        found.append(key)
    return found


def test_every_dialogue_is_a_cut_in_its_order(tmp_path: Path) -> None:
    written = talks(20)
    out = exported(tmp_path, written)
    for split in Split:
        assert check_rules(out / split) == [one.id for one in written if one.split is split]
    assert len(list((out / "train").iterdir())) == 6, "three shards of the corpus, two files each"


def test_a_supervision_is_a_turn_with_its_sound_words_and_units(tmp_path: Path) -> None:
    said = (Said(Role.USER, "我的 猫病了。", voice="mei", emotion="angry"), Said(Role.ASSISTANT, "So sorry.", 1.3))
    ((cut, _, audio),) = stored(exported(tmp_path, [Talk(3, said, language="zh")], gap=0.5) / "train")
    question, answer = cut["supervisions"]
    assert (question["text"], question["language"], question["speaker"]) == ("我的 猫病了。", "zh", "mei")
    assert question["custom"]["role"] == "user"
    assert question["custom"]["emotion"] == "angry"
    assert question["custom"]["units"] == {kind: units_of(3, 0, 1.2, kind) for kind in ("glm4voice", "s3")}
    assert answer["channel"] == 1
    assert [answer["start"], answer["duration"]] == pytest.approx([1.7, 1.3])
    words = answer["alignment"]["word"]
    assert [word for word, *_ in words] == ["So", "sorry."]
    assert [start for _, start, *_ in words] == pytest.approx([1.7, 1.7 + 0.65], abs=1e-3)
    for place, one in enumerate(cut["supervisions"]):
        heard = audio[round(one["start"] * RATE) : round((one["start"] + one["duration"]) * RATE)]
        pitch = np.argmax(np.abs(np.fft.rfft(heard[:, place]))) * RATE / len(heard)
        assert pitch == pytest.approx(220 + 40 * place, abs=1), "the tone of the corpus"
        assert not heard[:, 1 - place].any()


def test_one_kind_of_units_can_be_asked_for(tmp_path: Path) -> None:
    cuts = [cut for cut, *_ in stored(exported(tmp_path, talks(1), units="s3") / "train")]
    assert [list(one["custom"]["units"]) for one in cuts[0]["supervisions"]] == [["s3"], ["s3"]]  # type: ignore[call-overload]


def test_what_has_no_sound_is_left_out_with_its_reason(tmp_path: Path) -> None:
    wrong = [
        Talk(0, (Said(Role.USER, "My cat is ill.", typed=True), Said(Role.ASSISTANT, "Oh no."))),
        talk(1, "My cat is ill.", " "),
        talk(2, "My cat is ill.", "Oh no.", seconds=31.0),
        talk(3, "My cat is ill.", "Oh no."),
    ]
    out = exported(tmp_path, wrong)
    assert len(check_rules(out / "train")) == 1
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["turn"], one["check"]) for one in left] == [(0, "typed"), (1, "text"), (0, "long")]


FILES = [("cuts", "jsonl.gz"), ("recording", "tar")]


@pytest.fixture
def part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Part:
    """A part of four cuts in shards of three."""
    monkeypatch.setattr(shar, "CUTS_A_SHARD", 3)
    made = Part(tmp_path / "out", Split.TRAIN, 7, ExportSettings())
    (shard,) = shards(str(write_corpus(tmp_path / "corpus", talks(4))))
    assert PartJob("lhotse", shard, made).run().records == 4
    return made


def test_shards_hold_no_more_cuts_than_asked_and_no_name_is_anothers(part: Part) -> None:
    names = sorted(path.name for path in (part.out / "train").iterdir())
    assert names == [f"{name}.000700{k}.{end}" for name, end in FILES for k in (0, 1)]
    assert len(check_rules(part.out / "train")) == 4


def test_the_same_part_is_the_same_bytes_when_it_is_made_again(part: Part, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (part.out / "train").iterdir()}
    (shard,) = shards(str(tmp_path / "corpus"))
    part.notes.with_suffix(".json").unlink()
    PartJob("lhotse", shard, part).run()
    assert {path: path.read_bytes() for path in before} == before
    assert all(content[4:8] == bytes(4) for path, content in before.items() if path.suffix == ".gz"), "no time in them"


def test_the_formats_own_check_finds_sounds_in_wrong_places_and_cut_off(part: Part) -> None:
    form = Lhotse(ExportSettings())
    assert list(form.faults(part)) == []
    first, second = (part.out / "train" / f"recording.000700{k}.tar" for k in (0, 1))
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    assert any("the sound in the place of" in fault for fault in form.faults(part))
    assert any("does not hold the sounds" in fault for fault in form.faults(part))
    first.write_bytes(kept[: len(kept) // 2])
    assert any("does not hold the sounds" in fault for fault in form.faults(part))


def test_it_finds_turns_that_sound_at_once(part: Part) -> None:
    cuts = part.out / "train" / "cuts.0007001.jsonl.gz"
    line = json.loads(gzip.decompress(cuts.read_bytes()))
    line["supervisions"][1]["start"] = 0.0
    cuts.write_bytes(gzip.compress(json.dumps(line).encode() + b"\n"))
    assert list(Lhotse(ExportSettings()).faults(part)) == ["cuts.0007001.jsonl.gz line 1: two turns sound at once"]
