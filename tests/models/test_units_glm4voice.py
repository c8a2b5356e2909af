"""The GLM-4-Voice tokenizer on random weights: its codes are those of the public code, whatever the batch."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.units.glm4voice import GlmVoiceEncoder, build
from pipeline.units.glm4voice_encoder import VoiceEncoder
from pipeline.units.glm4voice_weights import read_weights
from pipeline.units.sinc import resample_by_sinc
from pipeline.units.whisper_mel import log_mel, mel_filters
from schemas.run import UnitsBackend
from tests.models.make_glm4voice_expected import EXPECTED
from tests.models.tiny_glm4voice import VARIANTS, clip, make_tokenizer

pytestmark = pytest.mark.models

LENGTHS = (1.0, 0.3, 31.0, 7.3, 0.08, 1.0, 30.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tokenizer(tmp_path_factory.mktemp("glm4voice") / "tiny")


def config(folder: Path, size: int = 512) -> UnitsBackend:
    return UnitsBackend(backend="glm4voice", size=size, settings={"model": str(folder)})


def in_batches(folder: Path) -> GlmVoiceEncoder:
    return GlmVoiceEncoder(VoiceEncoder(read_weights(folder, "cpu"), "cpu"), "r", most=4)


def units(encoder: GlmVoiceEncoder, *recordings: Recording) -> list[list[int]]:
    return [answer.tolist() for answer in encoder.encode(recordings) if not isinstance(answer, Failure)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_codes_are_those_of_the_public_code(tmp_path: Path, variant: str) -> None:
    encoder = build(config(make_tokenizer(tmp_path, changed=VARIANTS[variant])))
    kept = [row[1:] for row in json.loads(EXPECTED.read_text()) if row[0] == variant]
    assert len(kept) >= 2
    for seconds, rate, codes in kept:
        assert units(encoder, Recording(clip(seconds, rate), rate)) == [codes], f"{seconds} s at {rate} Hz"


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_company_changes_nothing(tmp_path: Path, variant: str) -> None:
    folder = make_tokenizer(tmp_path, changed=VARIANTS[variant])
    takes = [Recording(clip(seconds), 16000) for seconds in LENGTHS]
    alone = [units(build(config(folder)), take)[0] for take in takes]
    assert units(in_batches(folder), *takes) == alone
    assert units(in_batches(folder), *takes[::-1]) == alone[::-1]


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_lies_behind_a_segment_is_not_heard(tmp_path: Path, variant: str) -> None:
    encoder = VoiceEncoder(read_weights(make_tokenizer(tmp_path, changed=VARIANTS[variant]), "cpu"), "cpu")
    for seconds in (0.08, 0.3, 4.08):
        (alone,), (beside, _) = encoder.hidden([clip(seconds)]), encoder.hidden([clip(seconds), clip(5.0)])
        assert (alone - beside[: len(alone)]).abs().max() < 2e-5 * alone.abs().max()


@pytest.mark.parametrize(("seconds", "count"), [(0.01, 1), (0.08, 1), (0.081, 2), (1, 13), (30, 375), (31, 388)])
def test_a_unit_is_begun_every_80_milliseconds(folder: Path, seconds: float, count: int) -> None:
    (made,) = units(build(config(folder)), Recording(clip(seconds), 16000))
    assert len(made) == count
    assert min(made) >= 0
    assert max(made) < 512


@pytest.mark.parametrize("bands", [80, 128])
def test_features_are_whispers(bands: int) -> None:
    import torch
    from transformers import WhisperFeatureExtractor

    theirs = WhisperFeatureExtractor(feature_size=bands)
    audio = clip(3.2)
    features = theirs(audio, sampling_rate=16000, padding="longest", return_tensors="np").input_features[0]

    assert np.abs(mel_filters(bands) - theirs.mel_filters).max() < 1e-7
    assert np.abs(log_mel(torch.from_numpy(audio), bands).numpy() - features).max() < 1e-5


@pytest.mark.parametrize("rate", [8000, 22050, 24000, 44100, 48000])
def test_a_tone_keeps_its_place_when_resampled(rate: int) -> None:
    times = np.arange(rate) / rate
    made = resample_by_sinc(Recording(np.sin(2 * np.pi * 440 * times).astype(np.float32), rate), 16000)
    wanted = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    assert len(made.audio) == 16000
    assert np.abs(made.audio - wanted)[200:-200].max() < 2e-3


def test_rows_name_the_folder_and_its_weights(folder: Path, tmp_path: Path) -> None:
    name, digest = build(config(folder)).revision.split(" ")
    other = make_tokenizer(tmp_path / "tiny", changed={"init_std": 0.5})
    assert (name, len(digest)) == ("tiny", 32)
    assert build(config(other)).revision != f"{name} {digest}"


def test_what_cannot_be_encoded_is_a_failure_and_the_rest_is_not(folder: Path) -> None:
    empty, broken = Recording(np.zeros(0, np.float32), 16000), Recording(np.full(99, np.inf, np.float32), 16000)
    fine = Recording(clip(1.0), 16000)
    answers = list(in_batches(folder).encode([empty, fine, broken, fine]))
    assert [isinstance(answer, Failure) for answer in answers] == [True, False, True, False]
    assert answers[0] == Failure("there is no audio to encode")


def test_a_model_of_another_size_is_refused_with_what_it_has(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"tiny has 12.5 units a second out of 512, not 12.5 out of 16384"):
        build(config(folder, size=16384))


def test_what_the_folder_lacks_is_named(folder: Path, tmp_path: Path) -> None:
    for lost in ("config.json", "preprocessor_config.json", "model.safetensors"):
        copy = Path(shutil.copytree(folder, tmp_path / lost))
        (copy / lost).unlink()
        with pytest.raises(UsageError, match=f"lacks {lost}"):
            build(config(copy))


def test_weights_that_lack_or_do_not_fit_are_named(folder: Path, tmp_path: Path) -> None:
    deeper = Path(shutil.copytree(folder, tmp_path / "deeper"))
    changed = json.loads((folder / "config.json").read_text())
    (deeper / "config.json").write_text(json.dumps(changed | {"quantize_position": 4}))
    with pytest.raises(UsageError, match=r"lack model\.encoder\.layers\.2\..*, and \d+ more"):
        build(config(deeper))

    wider = Path(shutil.copytree(folder, tmp_path / "wider"))
    (wider / "config.json").write_text(json.dumps(changed | {"max_source_positions": 3000}))
    with pytest.raises(UsageError, match=r"have another shape .* model\.encoder\.embed_positions\.weight"):
        build(config(wider))


def test_torn_weights_are_said(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "torn"))
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(WarmlineError, match=r"torn cannot be read"):
        build(config(copy))


def test_pickles_are_no_weights(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "pickled"))
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(UsageError, match=r"lacks model\.safetensors"):
        build(config(copy))
