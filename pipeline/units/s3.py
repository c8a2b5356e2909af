"""Kind `s3`: the 25 Hz semantic tokens of the CosyVoice family, 6,561 codes.

As the speaker generated them, if it did: they are the very tokens that a take was made from, kept by the speak stage.
With a `model` named, takes without them are re-encoded by the package s3tokenizer; `source: re-encoded` has it listen
to every take, whatever the speaker brought. Each row says which it was.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from pipeline.audio.batches import MOST
from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.model_folder import HUB, Needed, digest, model_folder
from pipeline.engine.model_library import Device, needed_by, quiet, torch_device, versions
from pipeline.units.encoder import Units
from pipeline.units.segments import Segments
from pipeline.units.sinc import resample_by_sinc
from pipeline.units.weights import INSTALL, revision, settings_of
from pipeline.units.whisper_mel import SAMPLE_RATE
from schemas.frozen import Frozen, Seconds
from schemas.run import UnitsBackend
from schemas.take import Waveform

if TYPE_CHECKING:
    from s3tokenizer import S3TokenizerV2, S3TokenizerV3

VERSION = "1"
RATE = 25.0
SIZE = 6561
GENERATED = True

NAMES = {
    "v2": ("speech_tokenizer_v2.onnx", "speech_tokenizer_v2_25hz.onnx"),
    "v3": ("speech_tokenizer_v3.onnx", "speech_tokenizer_v3_25hz.onnx"),
}
"""What the weights are called in the folders of CosyVoice 2 and 3, and by s3tokenizer."""

_SHORTEST: Seconds = 0.05
_HOP, _FRAMES = 160, 4
"""Samples of a frame, frames of a unit."""
_WINDOW, _OVERLAP = 3000, 400
_STRIDE = _WINDOW - _OVERLAP
"""How s3tokenizer cuts long takes, in frames."""

NEEDED: Needed = ((*NAMES["v2"], *NAMES["v3"]),)


class Settings(Frozen):
    """`model` is a folder with speech_tokenizer_v2.onnx or _v3.onnx, such as CosyVoice's own.

    `source: generated` takes the speaker's tokens or none, `re-encoded` has every take listened to. If it is not said,
    the speaker's go first, and the `model` hears the takes that came without.
    """

    source: Literal["generated", "re-encoded"] | None = None
    model: str | None = Field(default=None, min_length=1)
    device: Device = "auto"
    threads: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.source == "re-encoded" and self.model is None:
            raise ValueError("source: re-encoded needs a model: a folder with speech_tokenizer_v2.onnx or _v3.onnx")
        if self.source == "generated" and self.model is not None:
            raise ValueError("source: generated has no use for a model: take one of the two away")
        if self.model is not None and self.model.startswith(HUB):
            raise ValueError("s3 reads its model from a folder: give one with speech_tokenizer_v2.onnx or _v3.onnx")
        return self


def check(config: UnitsBackend) -> None:
    """Raises ValueError if the run file asks for another rate or size, or for settings that do not go together.

    So is a tokenizer that is asked for and not installed, unless actors of Ray have an environment of their own.
    """
    if (config.rate, config.size, config.codebooks) != (RATE, SIZE, 1):
        raise ValueError(f"s3 has {RATE:g} units a second out of {SIZE}, not {config.rate:g} out of {config.size}")
    settings = settings_of(config, Settings)
    if settings.model is not None and config.ray is None and find_spec("s3tokenizer") is None:
        raise ValueError(f"s3 needs s3tokenizer to re-encode takes: {INSTALL}")


def reencoding(config: UnitsBackend) -> Literal["always", "where none"] | None:
    """Whether takes are listened to, and which; None: only what the speaker generated will do."""
    if "model" not in config.settings:
        return None
    always = "source" in config.settings and config.settings["source"] == "re-encoded"
    return "always" if always else "where none"


def identity(config: UnitsBackend) -> str:
    """The weights, and which takes they hear; nothing if the tokens are the take's own."""
    settings = settings_of(config, Settings)
    if settings.model is None:
        return ""
    return f"{digest(settings.model)} {reencoding(config)} {versions('s3tokenizer', 'torch')}"


def build(config: UnitsBackend) -> "S3Encoder":
    """Load the weights. Raises UsageError or WarmlineError for a folder without them, or that cannot be read."""
    settings = settings_of(config, Settings)
    if settings.model is None:
        raise UsageError("s3 re-encodes with a model only: settings: {model: FOLDER}")
    with needed_by("s3", INSTALL):
        import s3tokenizer  # noqa: F401
        import torch  # noqa: F401
    folder = model_folder(settings.model, NEEDED)
    names = {folder / name: version for version, files in NAMES.items() for name in files}
    found = [path for path in names if path.is_file()]
    if len(found) > 1:
        several = " and ".join(path.name for path in found)
        raise UsageError(f"the model folder {settings.model} holds {several}: keep one of them there")
    device = torch_device(settings.device, settings.threads)
    version = names[found[0]]
    model = load(version, found[0]).to(device)
    return S3Encoder(Tokenizer(model, device), f"{version} {revision(settings.model)}")


def load(version: str, path: Path) -> "S3TokenizerV2 | S3TokenizerV3":
    """The model on the CPU. The package leaves a v3 at random where weights lack, so that is looked at here."""
    import s3tokenizer
    from google.protobuf.message import DecodeError

    third = version == "v3"
    kind = s3tokenizer.S3TokenizerV3 if third else s3tokenizer.S3TokenizerV2
    try:
        with quiet():
            model = kind(f"speech_tokenizer_{version}_25hz")
            weights = (s3tokenizer.onnx2torch_v3 if third else s3tokenizer.onnx2torch)(str(path))
            lacking = [name for name in model.state_dict() if name not in weights and "_ln." not in name]
            model.load_state_dict(weights, strict=not third)
    except (OSError, RuntimeError, ValueError, KeyError, AssertionError, AttributeError, DecodeError) as error:
        said = " ".join(str(error).split())[:300] or type(error).__name__
        raise WarmlineError(f"s3tokenizer cannot load {path}: {said}") from error
    if lacking:
        raise WarmlineError(f"{path} is no speech tokenizer of CosyVoice: it has no weights for {lacking[0]}")
    return model.eval()


@dataclass(frozen=True)
class Tokenizer:
    """A model of s3tokenizer at its device."""

    model: "S3TokenizerV2 | S3TokenizerV3"
    device: str

    def codes(self, takes: Sequence[Waveform]) -> list[Units]:
        """The codes of each take, int32 [N]. Takes above 30 s go through in windows that overlap by 4 s."""
        import s3tokenizer
        import torch

        due = [ceil(len(take) // _HOP / _FRAMES) for take in takes]
        with torch.inference_mode():
            whole = [torch.from_numpy(np.pad(take, (0, lacking(len(take) // _HOP) * _HOP))) for take in takes]
            mel, lengths = s3tokenizer.padding([s3tokenizer.log_mel_spectrogram(take, n_mels=128) for take in whole])
            codes, counts = self.model.quantize(mel.to(self.device), lengths.to(self.device))
        ends = [min(count, most) for count, most in zip(counts.tolist(), due, strict=True)]
        return [one[:end].int().cpu().numpy() for one, end in zip(codes, ends, strict=True)]


def lacking(frames: int) -> int:
    """Frames of silence that a long take needs behind it, so that its last window is no shorter than the overlap.

    Of two windows' overlap each gives a half. Where the last window is shorter, the one before it is cut at its end
    too, and s3tokenizer 0.3 loses what lies between.

    >>> lacking(3000), lacking(3100), lacking(5300)
    (0, 0, 300)
    """
    last = (frames - 1) % _STRIDE + 1
    return max(0, _OVERLAP - last) if frames > _WINDOW else 0


class S3Encoder:
    """See the module. Batches on a GPU; on a processor one take after another."""

    rate = RATE
    size = SIZE
    codebooks = 1

    def __init__(self, tokenizer: Tokenizer, name: str, most: int | None = None) -> None:
        self.revision = name
        at_once = most or (1 if tokenizer.device == "cpu" else MOST)
        self._segments = Segments(_resampled, tokenizer.codes, None, at_once, _SHORTEST)

    def encode(self, recordings: Iterable[Recording]) -> Iterator[Units | Failure]:
        """Yield int32 [N] a recording, in order; N = duration × 25, rounded."""
        return self._segments.encode(recordings)


def _resampled(recording: Recording) -> Recording:
    return resample_by_sinc(recording, SAMPLE_RATE)
