"""What CosyVoice trains on, read as their code reads it and held to the limits of their filter."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from flows.export import export_lines
from pipeline.corpus.reading import shards
from pipeline.engine.errors import UsageError
from pipeline.export import cosyvoice_files
from pipeline.export.cosyvoice import build, row_faults
from pipeline.export.format import ExportSettings, LeftOut, Part
from pipeline.export.part import PartJob
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, talks, tone, units_of, write_corpus


def exported(tmp_path: Path, written: Sequence[Talk], kinds: Sequence[str] = ("s3",), **settings: object) -> Path:
    out = tmp_path / "out"
    asked = ExportSettings.model_validate({"prefix": f"{out}/", **settings})
    corpus = write_corpus(tmp_path / "corpus", written, kinds, rows_a_shard=6)
    list(export_lines(str(corpus), "cosyvoice", out, asked, 1, lambda _: None))
    return out


def samples(data_list: Path) -> Iterator[dict[str, object]]:
    """The rows of a list of files, by pandas and 64 at once, as their reader does."""
    for name in data_list.read_text().splitlines():
        for batch in pq.ParquetFile(name).iter_batches(batch_size=64):
            frame = batch.to_pandas()
            yield from (dict(frame.loc[place]) for place in range(len(frame)))


def check_rules(data_list: Path) -> list[str]:
    """What their filter and their models ask of each row; answers the names of the rows that keep it."""
    kept = []
    for sample in samples(data_list):
        assert isinstance(sample["audio_data"], bytes)
        audio, rate = soundfile.read(io.BytesIO(sample["audio_data"]))
        frames = len(audio) / rate * 100
        assert audio.ndim == 1
        assert rate >= 16000
        assert 100 <= frames <= 6000
        text = str(sample["text"])
        assert 1 <= len(text.encode()) <= 200, "so that there are no more tokens either"
        assert str(sample["instruct"]).endswith("<|endofprompt|>")
        if "speech_token" in sample:
            units = sample["speech_token"]
            assert isinstance(units, np.ndarray)
            assert len(units) == pytest.approx(frames / 4, abs=2)
            assert 0 <= units.min() <= units.max() < 6561
        kept.append(str(sample["utt"]))
    assert len(set(kept)) == len(kept)
    return kept


def test_every_turn_of_both_sides_is_a_row_that_their_filter_keeps(tmp_path: Path) -> None:
    written = talks(20)
    out = exported(tmp_path, written)
    for split in Split:
        turns = [f"{one.id}-{place:02d}" for one in written if one.split is split for place in range(len(one.turns))]
        assert check_rules(out / split / "data.list") == turns
    assert not (out / "left_out.jsonl").exists()


def test_a_row_has_the_sound_text_speaker_and_units_of_the_corpus(tmp_path: Path) -> None:
    out = exported(tmp_path, [talk(3, "我的猫病了。", "I am sorry.")])
    question, answer = samples(out / "train" / "data.list")
    assert question["audio_data"] == tone(round(1.2 * 24000), 220), "the very bytes"
    assert (question["text"], question["spk"]) == ("我的猫病了。", "user")
    assert (answer["text"], answer["spk"]) == ("I am sorry.", "assistant")
    assert answer["instruct"] == "You are a helpful assistant. Speak softly.<|endofprompt|>"
    assert np.array_equal(np.asarray(answer["speech_token"]), units_of(3, 1, 1.3, "s3"))


def test_a_corpus_without_their_units_leaves_tokens_to_their_tools(tmp_path: Path) -> None:
    out = exported(tmp_path, talks(4), kinds=["glm4voice"])
    assert len(check_rules(out / "train" / "data.list")) == 12
    assert all("speech_token" not in sample for sample in samples(out / "train" / "data.list"))
    with pytest.raises(UsageError, match="needs units of kind s3"):
        exported(tmp_path / "again", talks(4), kinds=["glm4voice"], units="s3")


def test_a_file_holds_no_more_turns_than_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cosyvoice_files, "ROWS_A_FILE", 4)
    (shard,) = shards(str(write_corpus(tmp_path / "corpus", talks(4), ["s3"])))
    job = PartJob("cosyvoice", shard, Part(tmp_path / "out", Split.TRAIN, 7, ExportSettings(prefix=f"{tmp_path}/out/")))
    assert job.run().records == 12
    found = sorted((tmp_path / "out" / "train").glob("*.tar"))
    assert [path.name for path in found] == [f"parquet_000{number}.tar" for number in (700000, 700001, 700002)]
    assert [pq.ParquetFile(path).metadata.num_rows for path in found] == [4, 4, 4]


def test_a_tokenizer_counts_as_theirs_does(tmp_path: Path) -> None:
    """Here one token a character, so that few words are too many tokens."""
    tokenizers = pytest.importorskip("tokenizers")
    letters = {letter: number for number, letter in enumerate(" ACINOPabcdefghijklmnopqrstuvwxyz,.'?")}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(letters, []))
    tokenizer.decoder = tokenizers.decoders.Fuse()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    written = [talk(0, "a" * 201, "I am sorry."), talk(1, "a" * 200, "I am sorry.")]
    out = exported(tmp_path, written, tokenizer=str(tmp_path / "tokenizer.json"))
    assert len(check_rules(out / "train" / "data.list")) == 3
    (left,) = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert (left["turn"], left["check"]) == (0, "tokens")


def test_the_lists_name_every_turn_and_speaker(tmp_path: Path) -> None:
    out = exported(tmp_path, talks(20))
    names = [Path(name).name for name in (out / "train" / "data.list").read_text().splitlines()]
    assert names == ["parquet_000000000.tar", "parquet_000100000.tar", "parquet_000200000.tar"]
    for listed, key in [("utt2data.list", "utt"), ("spk2data.list", "spk")]:
        where: dict[str, str] = {}
        for name in (out / "train" / listed).read_text().splitlines():
            where |= json.loads(Path(name).read_text())
        assert set(where) == {str(sample[key]) for sample in samples(out / "train" / "data.list")}
        assert all(Path(name).is_file() for name in where.values())


def test_what_their_filter_would_drop_is_left_out_turn_by_turn_with_its_reason(tmp_path: Path) -> None:
    wrong = [
        talk(0, "Hm.", "I am sorry.", seconds=0.95),
        Talk(1, (Said(Role.USER, "My cat is ill.", typed=True), Said(Role.ASSISTANT, "Oh no."))),
        Talk(2, (Said(Role.USER, "My cat is ill.", seconds=31.0), Said(Role.ASSISTANT, " "))),
        Talk(3, (Said(Role.USER, "no " * 201, seconds=5.0), Said(Role.ASSISTANT, "Oh no."))),
    ]
    out = exported(tmp_path, wrong)
    assert check_rules(out / "train" / "data.list") == [f"test-7-{number:07d}-01" for number in (0, 1, 3)]
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [
        ("0", 0, "short"),
        ("1", 0, "typed"),
        ("2", 0, "long"),
        ("2", 1, "text"),
        ("3", 0, "tokens"),
    ]


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"sample_rate": 8000}, "rate"),
        ({"units": {"s3": (1,) * 20}}, "units"),
        ({"units": {"s3": ()}}, "units"),
        ({"units": {"s3": (7000,) * 30}}, "units"),
        ({}, None),
    ],
)
def test_units_out_of_step_and_sound_of_a_low_rate_are_left_out(
    tmp_path: Path, wrong: dict[str, object], check: str | None
) -> None:
    (shard,) = shards(str(write_corpus(tmp_path / "corpus", talks(1), ["s3"])))
    (dialogue,) = shard.dialogues()
    turn = replace(dialogue.turns[0], **wrong)  # type: ignore[arg-type]
    with build(ExportSettings()).writer(Part(tmp_path / "out", Split.TRAIN, 0, ExportSettings())) as writer:
        first, _ = writer.take(replace(dialogue, turns=(turn, dialogue.turns[1])))
    assert (first.check if isinstance(first, LeftOut) else None) == check


GOOD = {"utt": "a", "text": "a", "spk": "b", "instruct": "c<|endofprompt|>", "audio_data": tone(24000, 220)}


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"text": " "}, "no text"),
        ({"spk": None}, "no speaker"),
        ({"instruct": "c"}, "endofprompt"),
        ({"speech_token": []}, "empty"),
        ({"speech_token": [6561]}, "outside"),
        ({"audio_data": b"fLaC"}, "cannot be read"),
        ({"audio_data": tone(20000, 220)}, "dropped"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(wrong: dict[str, object], complaint: str) -> None:
    assert list(row_faults(GOOD)) == []
    assert any(complaint in fault for fault in row_faults(GOOD | wrong))
