"""Model folders of random weights that the real CosyVoice 2 and 3 load: tiny ones for a CPU, or of the real size.

They say nothing about sound. The tiny ones show that calls, shapes, tokens, styles, threads and errors are right; the
real size shows how fast upstream's code is. Version 2 speaks twice as many speech tokens as a text has letters, as
people do; version 3 stops by chance.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from hyperpyyaml import load_hyperpyyaml
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from pipeline.speak.cosyvoice_settings import Version
from tests.cosyvoice.random_yaml import VERSION_2, VERSION_3

_CODES = 6561
_END_OF_PROMPT = 151646
"""The id that version 3 looks for: the first token that its tokenizer adds must get it."""
_ADDED = 290
"""Room for the tokens that the two tokenizers add."""
_IR_VERSION = 9
_NEVER, _AT_ONCE = -100.0, 20.0
_STOPS = 60


@dataclass(frozen=True)
class Size:
    """Of the networks, under the names of the yaml's own keys (`mel` is version 2's flow decoder)."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    key_value_heads: int
    conformer_heads: int
    conformer_units: int
    conformer_blocks: int
    mel_channels: int
    mel_head: int
    mel_blocks: int
    mel_middle: int
    mel_heads: int
    vocoder_channels: int
    vocabulary: int


TINY = Size(64, 128, 2, 2, 2, 2, 64, 1, 64, 16, 1, 1, 2, 32, 0)
REAL = Size(896, 4864, 24, 14, 2, 8, 2048, 6, 256, 64, 4, 12, 8, 512, 151936)
"""CosyVoice2-0.5B, from upstream's examples/libritts/cosyvoice2/conf and Qwen2.5-0.5B's config. For version 2 only."""


def write_random_folder(folder: Path, version: Version, size: Size = TINY) -> Path:
    """Make the folder; tiny, it is 73 MB for version 2 and 99 MB for version 3. The same weights every time."""
    torch.manual_seed(version)
    language_model = folder / "CosyVoice-BlankEN"
    _write_language_model(language_model, version, size)
    yaml = folder / f"cosyvoice{version}.yaml"
    template = VERSION_2 if version == 2 else VERSION_3
    yaml.write_text(template.format(**vars(size)))
    with yaml.open() as file:
        parts = load_hyperpyyaml(file, overrides={"qwen_pretrain_path": str(language_model)})
    with torch.no_grad():
        _make_it_stop(parts["llm"].llm_decoder, version)
    for name in ("llm", "flow", "hift"):
        torch.save(parts[name].state_dict(), folder / f"{name}.pt")
    _write_speaker_encoder(folder / "campplus.onnx")
    _write_speech_tokenizer(folder / f"speech_tokenizer_v{version}.onnx")
    return folder


def _make_it_stop(decoder: torch.nn.Linear, version: Version) -> None:
    """Without this random weights stop before the first token, or go on to the limit."""
    if version == 2:  # upstream holds back only the first of the three tokens that end a text
        decoder.bias[_CODES] = _AT_ONCE
        decoder.bias[_CODES + 1 :] = _NEVER
    else:  # it has no bias, and holds back none of the 200: a third of them is left to end one text in a hundred tokens
        decoder.weight[_CODES + _STOPS :] = 0.0


def _write_language_model(folder: Path, version: Version, size: Size) -> None:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    unused = _END_OF_PROMPT - len(letters) - len(special) if version == 3 else 0
    words = [*letters, *(f"<unused {number}>" for number in range(unused)), *special]
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(words)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    whole = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=special[0], pad_token=special[0])
    whole.save_pretrained(folder)
    config = Qwen2Config(
        vocab_size=max(len(words) + _ADDED, size.vocabulary),
        hidden_size=size.hidden,
        intermediate_size=size.intermediate,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.key_value_heads,
        tie_word_embeddings=True,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)


def _write_speaker_encoder(file: Path) -> None:
    """Features [1, T, 80] to an embedding [1, 192]."""
    weights = np.random.default_rng(0).standard_normal((80, 192)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["feats"], ["loudest"], axes=[1], keepdims=0),
            helper.make_node("MatMul", ["loudest", "weights"], ["embedding"]),
        ],
        "campplus",
        [helper.make_tensor_value_info("feats", TensorProto.FLOAT, [1, "T", 80])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 192])],
        [numpy_helper.from_array(weights, "weights")],
    )
    _save(graph, file)


def _write_speech_tokenizer(file: Path) -> None:
    """Mels [1, 128, T] and their length to codes [1, T / 4]."""
    weights = np.random.default_rng(1).standard_normal((1, 128, 1)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["feats"], ["pooled"], kernel_shape=[4], strides=[4]),
            helper.make_node("Mul", ["pooled", "weights"], ["weighted"]),
            helper.make_node("ReduceMean", ["weighted"], ["mean"], axes=[1], keepdims=0),
            helper.make_node("Abs", ["mean"], ["size"]),
            helper.make_node("Mul", ["size", "scale"], ["scaled"]),
            helper.make_node("Cast", ["scaled"], ["whole"], to=TensorProto.INT32),
            helper.make_node("Mod", ["whole", "codes"], ["ids"]),
        ],
        "speech_tokenizer",
        [
            helper.make_tensor_value_info("feats", TensorProto.FLOAT, [1, 128, "T"]),
            helper.make_tensor_value_info("feats_length", TensorProto.INT32, [1]),
        ],
        [helper.make_tensor_value_info("ids", TensorProto.INT32, [1, "N"])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.float32(1e5), "scale"),
            numpy_helper.from_array(np.int32(_CODES), "codes"),
        ],
    )
    _save(graph, file)


def _save(graph: onnx.GraphProto, file: Path) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = _IR_VERSION  # what an onnxruntime of CosyVoice's time can read
    onnx.save(model, str(file))
