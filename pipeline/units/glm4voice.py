"""Backend `glm4voice`: the GLM-4-Voice tokenizer, 12.5 units a second out of 16,384.

The kind that OpenS2S, GLM-4-Voice, VITA-Audio and Kimi-Audio train on. Long takes are cut every 30 seconds, and each
segment is encoded by itself, as the public code does.
"""

from collections.abc import Iterable, Iterator

from pipeline.audio.batches import MOST
from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError
from pipeline.engine.failure import Failure
from pipeline.engine.model_folder import digest, model_folder
from pipeline.engine.model_library import needed_by, torch_device
from pipeline.units.encoder import Units
from pipeline.units.glm4voice_encoder import VoiceEncoder
from pipeline.units.glm4voice_weights import NEEDED, read_weights
from pipeline.units.segments import Segments
from pipeline.units.sinc import resample_by_sinc
from pipeline.units.weights import INSTALL, UNUSED, TokenizerSettings, revision, settings_of
from pipeline.units.whisper_mel import SAMPLE_RATE
from schemas.run import UnitsBackend

VERSION = "1"
GENERATED = False


class Settings(TokenizerSettings):
    """The model's folder as it is published, and where it runs. It computes in float32, as its public code does."""


def check(config: UnitsBackend) -> None:
    """Raises ValueError for settings that are wrong. What the model has shows when it is loaded."""
    settings_of(config, Settings)
    if config.codebooks != 1:
        raise ValueError(f"glm4voice has one codebook, not {config.codebooks}")


def identity(config: UnitsBackend) -> str:
    """The weights."""
    return digest(settings_of(config, Settings).model)


def build(config: UnitsBackend) -> "GlmVoiceEncoder":
    """Load the model. Raises UsageError or WarmlineError for a folder without it, or of another rate or size."""
    settings = settings_of(config, Settings)
    with needed_by("glm4voice", INSTALL):
        import safetensors  # noqa: F401
        import torch  # noqa: F401
    folder = model_folder(settings.model, NEEDED, UNUSED)
    device = torch_device(settings.device, settings.threads)
    encoder = VoiceEncoder(read_weights(folder, device), device)
    shape = encoder.shape
    if (shape.rate, shape.codes) != (config.rate, config.size):
        has = f"{shape.rate:g} units a second out of {shape.codes}"
        raise UsageError(f"{settings.model} has {has}, not {config.rate:g} out of {config.size}")
    return GlmVoiceEncoder(encoder, revision(settings.model))


class GlmVoiceEncoder:
    """See the module. Batches on a GPU; on a processor one segment after another."""

    codebooks = 1

    def __init__(self, encoder: VoiceEncoder, name: str, most: int | None = None) -> None:
        self.revision = name
        self.rate = encoder.shape.rate
        self.size = encoder.shape.codes
        at_once = most or (1 if encoder.device == "cpu" else MOST)
        self._segments = Segments(_resampled, encoder.codes, encoder.shape.longest, at_once)

    def encode(self, recordings: Iterable[Recording]) -> Iterator[Units | Failure]:
        """Yield int32 [N] a recording, in order; N = ⌈duration × 12.5⌉, counted in each 30 seconds."""
        return self._segments.encode(recordings)


def _resampled(recording: Recording) -> Recording:
    return resample_by_sinc(recording, SAMPLE_RATE)
