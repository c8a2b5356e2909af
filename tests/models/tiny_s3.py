"""Weights of CosyVoice's speech tokenizers at random, named as the published ONNX files name them."""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onnx import NodeProto

SIZES = {"n_audio_state": 64, "n_audio_head": 1, "n_audio_layer": 2}

_V2_NAMES = {
    "encoder.conv1.weight": "onnx::Conv_2216",
    "encoder.conv1.bias": "onnx::Conv_2217",
    "encoder.conv2.weight": "onnx::Conv_2218",
    "encoder.conv2.bias": "onnx::Conv_2219",
    "quantizer._codebook.project_down.weight": "onnx::MatMul_2536",
    "quantizer._codebook.project_down.bias": "quantizer.project_in.bias",
}

Tensors = dict[str, NDArray[np.float32]]


def package() -> ModuleType:
    """s3tokenizer, or the test is skipped. It reads files with torchaudio, which is not asked of it here."""
    lacking = find_spec("torchaudio") is None
    if lacking:
        sys.modules["torchaudio"] = ModuleType("torchaudio")
    try:
        found: ModuleType = pytest.importorskip("s3tokenizer")
    finally:
        if lacking:
            del sys.modules["torchaudio"]
    return found


def shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package builds models of the published size only: make that size small."""
    import s3tokenizer

    for kind in (s3tokenizer.S3TokenizerV2, s3tokenizer.S3TokenizerV3):
        (size,) = kind.__init__.__defaults__
        for name, value in SIZES.items():
            monkeypatch.setattr(size, name, value)


def make_s3(folder: Path, version: str) -> Path:
    """Write speech_tokenizer_<version>.onnx; `shrink` first."""
    import onnx
    import s3tokenizer
    from onnx import helper, numpy_helper

    kind = s3tokenizer.S3TokenizerV3 if version == "v3" else s3tokenizer.S3TokenizerV2
    rng = np.random.default_rng(3)
    shapes = {name: tuple(tensor.shape) for name, tensor in kind(f"tiny_{version}").state_dict().items()}
    tensors = {name: _random(rng, name, shape) for name, shape in shapes.items()}
    nodes = list((_nodes_v3 if version == "v3" else _nodes_v2)(tensors))
    held = [numpy_helper.from_array(np.ascontiguousarray(tensor), name) for name, tensor in tensors.items()]
    folder.mkdir(parents=True, exist_ok=True)
    graph = helper.make_graph(nodes, "tiny", [], [], held)
    onnx.save(helper.make_model(graph), folder / f"speech_tokenizer_{version}.onnx")
    return folder


def _random(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    drawn = rng.standard_normal(shape) * (2.0 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.1)
    return (drawn + ("_ln.weight" in name)).astype(np.float32)


def _nodes_v2(tensors: Tensors) -> "Iterator[NodeProto]":
    """Nodes by whose names the package finds the weights; `tensors` get the names and directions that it expects."""
    from onnx import helper

    for name in list(tensors):
        tensor = tensors.pop(name)
        short = _V2_NAMES.get(name, name)
        tensors[short] = tensor.T if tensor.ndim == 2 else tensor
        if short != name:
            yield helper.make_node("Conv", [short], [f"{short} out"], name=short)
        elif name.endswith("_ln.bias"):
            norm = name.removeprefix("encoder.").removesuffix(".bias")
            weight = name.removesuffix("bias") + "weight"
            path = "/" + norm.replace(".attn_ln", "/attn_ln").replace(".mlp_ln", "/mlp_ln")
            yield helper.make_node("LayerNormalization", ["x", weight, name], [path], name=f"{path}/LayerNormalization")
        elif not name.endswith("_ln.weight"):
            yield helper.make_node("MatMul", [name], [f"{name} out"], name=_path(name))


def _nodes_v3(tensors: Tensors) -> "Iterator[NodeProto]":
    from onnx import helper

    for name in list(tensors):
        tensor = tensors.pop(name)
        short = name.removeprefix("encoder.")
        known = short if "fsmn_block" in name else "quantizer.project_in.bias" if name.endswith("down.bias") else name
        tensors[known] = tensor.T if tensor.ndim == 2 else tensor
        conv, _, part = short.partition(".")
        if conv in ("conv1", "conv2"):
            if part == "weight":
                yield helper.make_node("Conv", ["x", name, f"encoder.{conv}.bias"], [conv], name=f"/{conv}/Conv")
        elif "quantizer" in name and part.endswith("weight"):
            yield helper.make_node("MatMul", ["x", name], ["down"], name="/quantizer/project_in/MatMul")
        elif "quantizer" not in name and "fsmn_block" not in name:
            path = _path(name)
            yield helper.make_node(path.rpartition("/")[2].partition("_")[0], ["x", name], [path], name=path)


def _path(name: str) -> str:
    """The name of the node that uses a weight: encoder.blocks.0.mlp.0.bias → /blocks.0/mlp/mlp.0/Add."""
    _, blocks, number, *parts, last = name.split(".")
    if parts[-1] == "fsmn_block":
        return f"/{blocks}.{number}/attn/fsmn_block/Conv"
    if parts[0] == "mlp":
        parts = ["mlp", f"mlp.{parts[1]}"]
    verb = "Mul" if parts[-1].endswith("_ln") and last == "weight" else {"weight": "MatMul", "bias": "Add"}[last]
    return f"/{blocks}.{number}/{'/'.join(parts)}/{verb}"
