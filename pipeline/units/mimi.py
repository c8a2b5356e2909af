"""Backend `mimi`: Kyutai's codec by `transformers`, 12.5 frames a second, the first 8 (or up to 32) codebooks of 2,048.

The kind that Moshi trains on (Défossez et al. 2024, section 3.3). The model looks back only, so a take is padded with
silence to whole frames, and what follows it in a batch changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from pipeline.audio.batches import MOST
from pipeline.audio.recording import Recording, resample
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.model_folder import Needed, digest, model_folder
from pipeline.engine.model_library import needed_by, torch_device, versions
from pipeline.units.encoder import Units
from pipeline.units.segments import Segments
from pipeline.units.weights import INSTALL, UNUSED, TokenizerSettings, revision, settings_of
from schemas.run import UnitsBackend
from schemas.take import Waveform

if TYPE_CHECKING:
    from transformers import MimiModel

VERSION = f"1, {versions('transformers', 'torch')}"
GENERATED = False

NEEDED: Needed = (("config.json",), ("model.safetensors", "model.safetensors.index.json"))


class Settings(TokenizerSettings):
    """The model's folder as it is published, and where it runs. It computes in float32."""


def check(config: UnitsBackend) -> None:
    """Raises ValueError for settings that are wrong. What the model has shows when it is loaded."""
    settings_of(config, Settings)


def identity(config: UnitsBackend) -> str:
    """The weights."""
    return digest(settings_of(config, Settings).model)


def build(config: UnitsBackend) -> "MimiEncoder":
    """Load the model. Raises UsageError or WarmlineError for a folder without it, or of another rate or size."""
    settings = settings_of(config, Settings)
    with needed_by("mimi", INSTALL):
        import torch  # noqa: F401
        import transformers
        from safetensors import SafetensorError
    folder = model_folder(settings.model, NEEDED, UNUSED)
    device = torch_device(settings.device, settings.threads)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    try:
        model, report = transformers.MimiModel.from_pretrained(
            folder, output_loading_info=True, local_files_only=True, use_safetensors=True, dtype="float32"
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        said = " ".join(str(error).split())[:300]
        raise WarmlineError(f"transformers cannot load {settings.model} for mimi: {said}") from error
    if lacking := sorted(report["missing_keys"]):
        raise UsageError(f"{settings.model} is no whole Mimi: it has no weights for {', '.join(lacking[:4])}")
    _check_shape(settings.model, model, config)
    return MimiEncoder(Codec(model.eval().to(device), device, config.codebooks), revision(settings.model))


def _check_shape(name: str, model: "MimiModel", wanted: UnitsBackend) -> None:
    has = model.config
    if (has.frame_rate, has.codebook_size) != (wanted.rate, wanted.size):
        shape = f"{has.frame_rate:g} frames a second out of {has.codebook_size}"
        raise UsageError(f"{name} has {shape}, not {wanted.rate:g} out of {wanted.size}")
    if wanted.codebooks > has.num_quantizers:
        raise UsageError(f"{name} has {has.num_quantizers} codebooks, not {wanted.codebooks}")


@dataclass(frozen=True)
class Codec:
    """A model at its device."""

    model: "MimiModel"
    device: str
    codebooks: int

    @property
    def step(self) -> int:
        """Samples of a frame."""
        config = self.model.config
        return round(float(config.sampling_rate) / float(config.frame_rate))

    def codes(self, takes: Sequence[Waveform]) -> list[Units]:
        """The codes of each take, int32 [⌈T / step⌉ × codebooks], frame by frame."""
        import torch

        counts = [ceil(len(take) / self.step) for take in takes]
        padded = np.zeros((len(takes), 1, max(counts) * self.step), dtype=np.float32)
        for row, take in zip(padded, takes, strict=True):
            row[0, : len(take)] = take
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            sound = torch.from_numpy(padded).to(self.device)
            codes = self.model.encode(sound, num_quantizers=self.codebooks).audio_codes
        frames = codes.transpose(1, 2).cpu().numpy().astype(np.int32)
        return [one[:count].reshape(-1) for one, count in zip(frames, counts, strict=True)]


class MimiEncoder:
    """See the module. Batches on a GPU; on a processor one take after another."""

    def __init__(self, codec: Codec, name: str, most: int | None = None) -> None:
        config = codec.model.config
        self.revision = name
        self.rate: float = config.frame_rate
        self.size: int = config.codebook_size
        self.codebooks = codec.codebooks
        self._sample_rate: int = config.sampling_rate
        self._segments = Segments(self._resampled, codec.codes, None, most or (1 if codec.device == "cpu" else MOST))

    def encode(self, recordings: Iterable[Recording]) -> Iterator[Units | Failure]:
        """Yield int32 [N × codebooks] a recording, in order; N = ⌈duration × 12.5⌉."""
        return self._segments.encode(recordings)

    def _resampled(self, recording: Recording) -> Recording:
        return resample(recording, self._sample_rate)
