"""Mimi by transformers on random weights: several codebooks, and a batch that changes nothing."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.units.mimi import Codec, MimiEncoder, build
from schemas.run import UnitsBackend
from tests.models.tiny_glm4voice import clip
from tests.models.tiny_mimi import make_mimi

if TYPE_CHECKING:
    from transformers import MimiModel

pytestmark = pytest.mark.models

LENGTHS = (1.0, 0.3, 31.0, 7.3, 0.01, 1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_mimi(tmp_path_factory.mktemp("mimi") / "tiny")


@pytest.fixture(scope="module")
def model(folder: Path) -> "MimiModel":
    from transformers import MimiModel

    return MimiModel.from_pretrained(folder).eval()


def config(folder: Path, size: int = 64, codebooks: int = 8) -> UnitsBackend:
    return UnitsBackend(backend="mimi", size=size, codebooks=codebooks, settings={"model": str(folder)})


def units(encoder: MimiEncoder, *recordings: Recording) -> list[list[int]]:
    return [answer.tolist() for answer in encoder.encode(recordings) if not isinstance(answer, Failure)]


@pytest.mark.parametrize("codebooks", [1, 8, 12])
def test_codes_are_those_of_transformers_frame_by_frame(folder: Path, model: "MimiModel", codebooks: int) -> None:
    import torch

    for frames in (1, 13, 92, 388):
        audio = clip(frames / 12.5, 24000)
        with torch.inference_mode():
            codes = model.encode(torch.from_numpy(audio)[None, None], num_quantizers=codebooks).audio_codes[0]
        assert codes.shape == (codebooks, frames)
        (made,) = units(build(config(folder, codebooks=codebooks)), Recording(audio, 24000))
        assert [made[book::codebooks] for book in range(codebooks)] == codes.tolist()
    assert len(set(codes[0].tolist())) > 5


def test_a_broken_frame_is_filled_with_silence(folder: Path) -> None:
    encoder, audio = build(config(folder)), clip(1.02, 24000)
    whole = np.pad(audio, (0, -len(audio) % 1920))
    assert units(encoder, Recording(audio, 24000)) == units(encoder, Recording(whole, 24000))


def test_the_company_changes_nothing(folder: Path, model: "MimiModel") -> None:
    takes = [Recording(clip(seconds, 24000), 24000) for seconds in LENGTHS]
    alone = [units(build(config(folder)), take)[0] for take in takes]
    together = MimiEncoder(Codec(model, "cpu", 8), "r", most=3)
    assert units(together, *takes) == alone
    assert units(together, *takes[::-1]) == alone[::-1]


def test_there_are_12_and_a_half_frames_a_second_of_eight_codes(folder: Path) -> None:
    encoder = build(config(folder))
    assert (encoder.rate, encoder.size, encoder.codebooks) == (12.5, 64, 8)
    (made,) = units(encoder, Recording(clip(2.0, 16000), 16000))
    assert len(made) == 25 * 8


def test_what_cannot_be_encoded_is_a_failure(folder: Path) -> None:
    broken = Recording(np.full(99, np.nan, np.float32), 24000)
    answers = list(build(config(folder)).encode([broken, Recording(clip(1.0, 24000), 24000)]))
    assert [isinstance(answer, Failure) for answer in answers] == [True, False]


def test_a_model_of_another_size_or_with_fewer_codebooks_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"tiny has 12.5 frames a second out of 64, not 12.5 out of 2048"):
        build(config(folder, size=2048))
    with pytest.raises(UsageError, match="tiny has 12 codebooks, not 13"):
        build(config(folder, codebooks=13))


def test_weights_that_lack_are_not_left_at_random(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    copy = Path(shutil.copytree(folder, tmp_path / "holed"))
    held = load_file(copy / "model.safetensors")
    lost = next(name for name in held if "encoder_transformer" in name)
    save_file({name: one for name, one in held.items() if name != lost}, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(UsageError, match=rf"it has no weights for .*{re.escape(lost)}"):
        build(config(copy))


def test_torn_weights_are_said(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "torn"))
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(WarmlineError, match=r"transformers cannot load .*torn for mimi"):
        build(config(copy))
