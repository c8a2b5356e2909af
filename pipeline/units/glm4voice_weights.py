"""The folder of a GLM-4-Voice tokenizer: its settings checked, its weights read.

The weights are those of a whole Whisper that was trained to speak through its own codebook; of these only the encoder
up to the codebook is read. Its names and shapes are a fact of the published folder, read from safetensors alone.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.model_folder import Needed
from pipeline.units.whisper_mel import HOP, SAMPLE_RATE

if TYPE_CHECKING:
    import torch

NEEDED: Needed = (
    ("config.json",),
    ("preprocessor_config.json",),
    ("model.safetensors", "model.safetensors.index.json", "model-*.safetensors"),
)

_PREFIX = "model.encoder."

Read = TypeVar("Read", bound=BaseModel)


class Shape(BaseModel):
    """What `config.json` says of the encoder; all else in it concerns training or the decoder."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    d_model: int = Field(ge=1)
    encoder_attention_heads: int = Field(ge=1)
    encoder_ffn_dim: int = Field(ge=1)
    num_mel_bins: int = Field(ge=1)
    max_source_positions: int = Field(ge=1)
    activation_function: Literal["gelu"] = "gelu"
    encoder_causal_convolution: bool = False
    encoder_causal_attention: bool = False
    quantize_causal_encoder: bool = False
    quantize_causal_block_size: int | None = Field(default=None, ge=1)
    quantize_position: int = Field(ge=1)
    quantize_vocab_size: int = Field(ge=1)
    pooling_position: int = Field(ge=1)
    pooling_kernel_size: int = Field(ge=1)
    pooling_type: Literal["avg", "max"] = "max"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.d_model % self.encoder_attention_heads:
            raise ValueError(f"{self.d_model} channels cannot be shared among {self.encoder_attention_heads} heads")
        if self.pooling_position > self.quantize_position:
            raise ValueError("pools after the codebook")
        return self

    @property
    def step(self) -> int:
        """Samples that one unit stands for."""
        return 2 * HOP * self.pooling_kernel_size

    @property
    def rate(self) -> float:
        """Units a second."""
        return SAMPLE_RATE / self.step

    @property
    def longest(self) -> int:
        """Samples that the encoder has positions for."""
        return min(30 * SAMPLE_RATE, self.max_source_positions * 2 * HOP)

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Every weight that is needed, by its name below `model.encoder.`, and its shape."""
        wide, inner = self.d_model, self.encoder_ffn_dim
        yield from {"conv1.weight": (wide, self.num_mel_bins, 3), "conv2.weight": (wide, wide, 3)}.items()
        yield from {"conv1.bias": (wide,), "conv2.bias": (wide,), "codebook.weight": (self.codes, wide)}.items()
        yield "embed_positions.weight", (self.max_source_positions, wide)
        for number in range(self.quantize_position):
            layer = f"layers.{number}."
            for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                yield f"{layer}self_attn.{name}.weight", (wide, wide)
                if name != "k_proj":
                    yield f"{layer}self_attn.{name}.bias", (wide,)
            for name in ("self_attn_layer_norm", "final_layer_norm"):
                yield f"{layer}{name}.weight", (wide,)
                yield f"{layer}{name}.bias", (wide,)
            for name, (out, into) in {"fc1": (inner, wide), "fc2": (wide, inner)}.items():
                yield f"{layer}{name}.weight", (out, into)
                yield f"{layer}{name}.bias", (out,)

    @property
    def codes(self) -> int:
        """Vectors in the codebook."""
        return self.quantize_vocab_size


class _Extractor(BaseModel):
    """What `preprocessor_config.json` says of the features, none of which may be otherwise."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    feature_size: int
    sampling_rate: Literal[16000] = 16000
    hop_length: Literal[160] = 160
    n_fft: Literal[400] = 400
    padding_value: Literal[0] = 0
    do_normalize: Literal[False] = False
    dither: Literal[0] = 0


@dataclass(frozen=True)
class Weights:
    """An encoder's shape and its tensors by name, float32 at one device."""

    shape: Shape
    tensors: "Mapping[str, torch.Tensor]"


def read_shape(folder: Path) -> Shape:
    """What the folder's two JSON files say. Raises UsageError for what is no tokenizer of this kind."""
    shape = _read(folder / "config.json", Shape)
    extractor = _read(folder / "preprocessor_config.json", _Extractor)
    if extractor.feature_size != shape.num_mel_bins:
        bands = f"{extractor.feature_size} mel bands, and config.json {shape.num_mel_bins}"
        raise UsageError(f"{folder / 'preprocessor_config.json'} names {bands}")
    return shape


def read_weights(folder: Path, device: str) -> Weights:
    """The encoder in float32. Raises UsageError for weights that lack or do not fit, WarmlineError for torn files."""
    from safetensors import SafetensorError, safe_open

    shape = read_shape(folder)
    wanted = dict(shape.tensors())
    tensors: dict[str, torch.Tensor] = {}
    try:
        with ExitStack() as opened:
            for path in sorted(folder.glob("model*.safetensors")):
                file = opened.enter_context(safe_open(path, framework="pt", device="cpu"))
                for name in file.keys():  # noqa: SIM118 (it is no mapping)
                    if (short := name.removeprefix(_PREFIX)) in wanted and name.startswith(_PREFIX):
                        tensors[short] = file.get_tensor(name).float().to(device)
    except (SafetensorError, OSError) as error:
        raise WarmlineError(f"{folder} cannot be read: {' '.join(str(error).split())[:200]}") from error
    _check(folder, wanted, tensors)
    return Weights(shape, tensors)


def _check(folder: Path, wanted: Mapping[str, tuple[int, ...]], found: "Mapping[str, torch.Tensor]") -> None:
    lacking = [name for name in wanted if name not in found]
    unfit = [name for name in found if tuple(found[name].shape) != wanted[name]]
    for names, fault in ((lacking, "lack"), (unfit, "have another shape than config.json says for")):
        if names:
            more = f", and {len(names) - 3} more" if len(names) > 3 else ""
            raise UsageError(f"the weights in {folder} {fault} {_PREFIX}{f', {_PREFIX}'.join(names[:3])}{more}")


def _read(path: Path, model: type[Read]) -> Read:
    try:
        return model.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in error.errors()[:4])
        raise UsageError(f"{path} is not of a GLM-4-Voice tokenizer: {faults}") from error
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}") from error
