"""The corpus loads with `datasets`, audio and all."""

import io
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
import soundfile


@pytest.fixture
def corpus(finished_run: Path) -> Path:
    return finished_run / "corpus"


def load(corpus: Path, cache: Path) -> datasets.DatasetDict:
    return datasets.load_dataset(str(corpus), cache_dir=str(cache))


def test_load_dataset_gives_every_row_with_audio_features(corpus: Path, tmp_path: Path) -> None:
    loaded = load(corpus, tmp_path / "cache")
    assert sum(len(split) for split in loaded.values()) == 4
    split = loaded["train"]
    audio = split.features["turns"].feature["audio"]
    assert isinstance(audio, datasets.Audio)
    undecoded = {**split.features["turns"].feature, "audio": datasets.Audio(decode=False)}
    plain = split.cast_column("turns", datasets.List(undecoded))
    for row in plain:
        for turn in row["turns"]:
            samples, rate = soundfile.read(io.BytesIO(turn["audio"]["bytes"]))
            assert rate == turn["sample_rate"] == 22050
            assert len(samples) / rate == pytest.approx(turn["duration"], abs=1e-3)
            assert len(turn["units"]["kmeans"]) == pytest.approx(25 * turn["duration"], abs=2)
            words = turn["words"]
            assert [word["text"] for word in words] == turn["text"].split()
            assert words[-1]["end"] <= turn["duration"] + 1e-3


def test_the_schema_is_the_one_datasets_would_write(corpus: Path) -> None:
    written = pq.read_schema(next((corpus / "data").glob("train-*.parquet")))
    features = datasets.Features.from_arrow_schema(written)
    assert written.remove_metadata() == features.arrow_schema.remove_metadata()


@pytest.mark.decode
def test_torchcodec_decodes_the_audio_at_its_rate(corpus: Path, tmp_path: Path) -> None:
    row = load(corpus, tmp_path / "cache")["train"][0]
    for turn in row["turns"]:
        samples = turn["audio"].get_all_samples()
        assert samples.sample_rate == 22050
        assert samples.data.shape[-1] / samples.sample_rate == pytest.approx(turn["duration"], abs=1e-3)
