"""Tokens of CosyVoice by s3tokenizer, on random weights in the published files' layout."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.units.s3 import S3Encoder, Tokenizer, build, load
from schemas.run import UnitsBackend
from tests.models.tiny_glm4voice import clip
from tests.models.tiny_s3 import make_s3, package, shrink

s3tokenizer = package()
pytestmark = pytest.mark.models


@pytest.fixture(params=["v2", "v3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shrink(monkeypatch)
    return make_s3(tmp_path / request.param, request.param)


def takes() -> list[Recording]:
    return [Recording(clip(seconds), 16000) for seconds in (1.0, 0.3, 4.7, 1.0, 31.0)]


def config(folder: Path) -> UnitsBackend:
    return UnitsBackend(backend="s3", settings={"model": str(folder)})


def units(encoder: S3Encoder, recordings: list[Recording]) -> list[list[int]]:
    answers = list(encoder.encode(recordings))
    return [[] if isinstance(answer, Failure) else answer.tolist() for answer in answers]


def test_units_are_those_of_the_package_25_a_second(folder: Path) -> None:
    import torch

    made = units(build(config(folder)), takes())

    (weights,) = folder.glob("*.onnx")
    model = load(folder.name, weights)
    for recording, mine in zip(takes(), made, strict=True):
        mel = s3tokenizer.log_mel_spectrogram(torch.from_numpy(recording.audio))
        codes, counts = model.quantize(mel[None], torch.tensor([mel.shape[1]]))
        assert mine == codes[0, : counts[0]].tolist()
        assert abs(len(mine) - 25 * recording.duration) < 1
    assert len({code for sequence in made for code in sequence}) > 20


def test_the_company_changes_nothing(folder: Path) -> None:
    (weights,) = folder.glob("*.onnx")
    together = S3Encoder(Tokenizer(load(folder.name, weights), "cpu"), "r", most=3)
    assert units(together, takes()) == units(build(config(folder)), takes())


@pytest.mark.parametrize("seconds", [30.0, 30.5, 52.1, 53.0, 55.0, 56.5])
def test_no_length_loses_units(folder: Path, seconds: float) -> None:
    (made,) = units(build(config(folder)), [Recording(clip(seconds), 16000)])
    assert abs(len(made) - 25 * seconds) < 1


def test_rows_name_the_version_and_the_weights(folder: Path) -> None:
    assert build(config(folder)).revision.startswith(f"{folder.name} {folder.name} ")


def test_what_cannot_be_encoded_is_a_failure(folder: Path) -> None:
    broken = Recording(np.full(1600, np.nan, np.float32), 16000)
    short = Recording(np.zeros(100, np.float32), 16000)
    fine = Recording(clip(1.0), 16000)

    answers = list(build(config(folder)).encode([broken, short, fine]))

    assert [type(answer) for answer in answers[:2]] == [Failure, Failure]
    assert answers[1] == Failure("0.01 s of sound is too short; it takes 0.05 s")
    assert len(answers[2]) == 25  # type: ignore[arg-type]


def test_weights_that_lack_are_not_left_at_random(folder: Path) -> None:
    import onnx

    (path,) = folder.glob("*.onnx")
    model = onnx.load(path)
    for node in list(model.graph.node):
        if node.name == "/blocks.1/attn/query/MatMul":
            model.graph.node.remove(node)
    onnx.save(model, path)
    with pytest.raises(WarmlineError, match=r"encoder\.blocks\.1\.attn\.query\.weight"):
        build(config(folder))


def test_a_file_that_is_no_onnx_is_named(folder: Path) -> None:
    (path,) = folder.glob("*.onnx")
    path.write_bytes(b"not a model")
    with pytest.raises(WarmlineError, match=rf"s3tokenizer cannot load .*{path.name}"):
        build(config(folder))


def test_two_versions_in_a_folder_are_one_too_many(tmp_path: Path) -> None:
    for version in ("v2", "v3"):
        (tmp_path / f"speech_tokenizer_{version}.onnx").write_bytes(b"")
    with pytest.raises(UsageError, match=r"holds speech_tokenizer_v2.onnx and speech_tokenizer_v3.onnx: keep one"):
        build(config(tmp_path))
