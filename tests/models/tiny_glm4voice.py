"""A GLM-4-Voice tokenizer of random weights, in the published folder's layout."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.units.glm4voice_weights import Shape

TINY: dict[str, object] = {
    "d_model": 32,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "num_mel_bins": 128,
    "max_source_positions": 1500,
    "quantize_position": 2,
    "quantize_vocab_size": 512,
    "pooling_position": 2,
}
REAL: dict[str, object] = TINY | {
    "d_model": 1280,
    "encoder_attention_heads": 20,
    "encoder_ffn_dim": 5120,
    "quantize_position": 16,
    "quantize_vocab_size": 16384,
    "pooling_position": 16,
}
"""The sizes of the published model: the first half of Whisper large v3's encoder."""

_CONFIG: dict[str, object] = {
    "model_type": "whisper",
    "activation_function": "gelu",
    "encoder_causal_attention": False,
    "encoder_causal_convolution": True,
    "pooling_kernel_size": 4,
    "pooling_type": "avg",
    "quantize_causal_block_size": 200,
    "quantize_causal_encoder": False,
    "quantize_ema_decay": 0.99,
}
VARIANTS: dict[str, dict[str, object]] = {
    "as published": {},
    "pooled before the last layer": {"pooling_position": 1},
    "without blocks": {"quantize_causal_block_size": None},
    "causal": {"quantize_causal_encoder": True},
    "the largest of four": {"pooling_type": "max"},
    "Whisper's own convolutions": {"encoder_causal_convolution": False},
    "80 mel bands": {"num_mel_bins": 80},
}
"""Settings that the format allows, of which the published model has one each."""


def make_tokenizer(folder: Path, sizes: dict[str, object] = TINY, changed: dict[str, object] | None = None) -> Path:
    """Write config.json, preprocessor_config.json and model.safetensors; `changed` are keys of the config."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = {**_CONFIG, **sizes, **(changed or {})}
    config["encoder_layers"] = int(str(config["quantize_position"])) + 1
    extractor = {"feature_size": config["num_mel_bins"], "sampling_rate": 16000, "hop_length": 160, "n_fft": 400}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps(extractor))
    save_file(_tensors(Shape.model_validate(config)), folder / "model.safetensors")
    return folder


def _tensors(shape: Shape) -> dict[str, NDArray[np.float32]]:
    """Weights under which sounds spread over the codebook, and some that an encoder does not need."""
    rng = np.random.default_rng(0)
    made = {name: _random(rng, name, size) for name, size in shape.tensors()}
    wide, codes = shape.d_model, shape.codes
    made["layer_norm.weight"] = np.ones(wide, np.float32)
    made[f"layers.{shape.quantize_position}.fc1.bias"] = np.ones(wide, np.float32)
    made["embed_positions2.weight"] = made["embed_positions.weight"][: shape.max_source_positions // 4]
    made |= {"ema_count": np.ones(codes, np.float32), "ema_weight": made["codebook.weight"]}
    named = {f"model.encoder.{name}": tensor for name, tensor in made.items()}
    return {**named, "model.decoder.layer_norm.weight": np.ones(wide, np.float32)}


def _random(rng: np.random.Generator, name: str, size: tuple[int, ...]) -> NDArray[np.float32]:
    drawn = rng.standard_normal(size)
    if "codebook" in name:  # all of one length, so that none is nearest to everything
        drawn *= 4.0 / np.linalg.norm(drawn, axis=1, keepdims=True)
    elif "embed_positions" in name:
        drawn *= 0.3
    elif "conv" in name and len(size) > 1:  # blind to what all bands have in common, or all sounds would be alike
        drawn -= drawn.mean(axis=1, keepdims=True)
        drawn *= 12.0 / np.sqrt(np.prod(size[1:]))
    elif len(size) > 1:
        drawn *= 3.0 / np.sqrt(np.prod(size[1:]))
    else:
        drawn = ("layer_norm.weight" in name) + 0.1 * drawn
    return drawn.astype(np.float32)


def clip(seconds: float, rate: int = 16000) -> NDArray[np.float32]:
    """A voice of sorts: a gliding tone with overtones that comes and goes, over soft noise."""
    times = np.arange(round(seconds * rate)) / rate
    pitch = 140 + 50 * np.sin(times * 2.1)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    tone = sum(np.sin(phase * part) / part for part in range(1, 12))
    envelope = 0.5 + 0.5 * np.sin(2 * np.pi * 3.3 * times + np.sin(times))
    noise = np.random.default_rng(7).standard_normal(len(times))
    hiss = np.diff(noise, prepend=0.0) * (np.sin(2 * np.pi * 1.7 * times) > 0.6)
    return (0.12 * envelope * tone + 0.002 * noise + 0.05 * hiss).astype(np.float32)
