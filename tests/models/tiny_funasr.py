"""FunASR's emotion2vec and SenseVoice with random weights, in folders laid out as the published ones."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from pipeline.engine.model_library import quiet
from pipeline.score.funasr_emotion import SENSEVOICE

if TYPE_CHECKING:
    import torch

TOKENS = (
    "生气/angry",
    "厌恶/disgusted",
    "恐惧/fearful",
    "开心/happy",
    "中立/neutral",
    "其他/other",
    "难过/sad",
    "吃惊/surprised",
    "<unk>",
)
_FEATURES = 560

_AUDIO: Mapping[str, JsonValue] = {
    "type": "AUDIO",
    "prenet_depth": 1,
    "prenet_layerdrop": 0.05,
    "prenet_dropout": 0.1,
    "start_drop_path_rate": 0.0,
    "end_drop_path_rate": 0.0,
    "num_extra_tokens": 10,
    "init_extra_token_zero": True,
    "local_grad_mult": 1.0,
    "use_alibi_encoder": True,
    "alibi_scale": 1.0,
    "learned_alibi": False,
    "alibi_max_pos": None,
    "learned_alibi_scale": True,
    "learned_alibi_scale_per_head": True,
    "learned_alibi_scale_per_layer": False,
    "num_alibi_heads": 2,
    "model_depth": 2,
    "decoder": {
        "decoder_dim": 16,
        "decoder_groups": 2,
        "decoder_kernel": 3,
        "decoder_layers": 2,
        "input_dropout": 0.1,
        "add_positions_masked": False,
        "add_positions_all": False,
        "decoder_residual": True,
        "projection_layers": 1,
        "projection_ratio": 2.0,
    },
    "extractor_mode": "layer_norm",
    "feature_encoder_spec": "[(32, 10, 5)] + [(32, 3, 2)] * 4 + [(32, 2, 2)] * 2",
    "conv_pos_width": 15,
    "conv_pos_groups": 2,
    "conv_pos_depth": 2,
    "conv_pos_pre_ln": False,
}
_EMOTION2VEC: Mapping[str, JsonValue] = {
    "loss_beta": 0.0,
    "loss_scale": None,
    "depth": 2,
    "start_drop_path_rate": 0.0,
    "end_drop_path_rate": 0.0,
    "num_heads": 2,
    "norm_eps": 1e-5,
    "norm_affine": True,
    "encoder_dropout": 0.1,
    "post_mlp_drop": 0.1,
    "attention_dropout": 0.1,
    "activation_dropout": 0.0,
    "dropout_input": 0.0,
    "layerdrop": 0.05,
    "embed_dim": 32,
    "mlp_ratio": 2.0,
    "layer_norm_first": False,
    "average_top_k_layers": 2,
    "end_of_block_targets": False,
    "clone_batch": 1,
    "normalize": True,
    "modalities": {"audio": dict(_AUDIO)},
}
_SENSEVOICE_ENCODER: Mapping[str, JsonValue] = {
    "output_size": 32,
    "attention_heads": 2,
    "linear_units": 64,
    "num_blocks": 2,
    "tp_blocks": 1,
    "dropout_rate": 0.1,
    "positional_dropout_rate": 0.1,
    "attention_dropout_rate": 0.1,
    "input_layer": "pe",
    "pos_enc_class": "SinusoidalPositionEncoder",
    "normalize_before": True,
    "kernel_size": 11,
    "sanm_shfit": 0,
    "selfattention_layer_type": "sanm",
}


def make_emotion2vec(folder: Path) -> Path:
    """Weights under the prefix and without the decoder's, as the published checkpoints have them."""
    import torch

    with quiet():
        from funasr.models.emotion2vec.model import Emotion2vec
    (folder / "tokens.txt").write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    conf = dict(_EMOTION2VEC)
    _write(
        folder,
        {
            "model": "Emotion2vec",
            "model_conf": conf,
            "tokenizer": "CharTokenizer",
            "tokenizer_conf": {"unk_symbol": "<unk>", "split_with_space": True},
            "scope_map": ["d2v_model.", "None"],
        },
        {"tokenizer_conf": {"token_list": "tokens.txt"}},
    )
    torch.manual_seed(0)
    model = Emotion2vec(model_conf=conf, vocab_size=len(TOKENS))
    _randomise(model)
    weights = {f"d2v_model.{name}": value for name, value in model.state_dict().items() if ".decoder." not in name}
    torch.save({"model": weights}, folder / "model.pt")
    return folder


def make_sensevoice(folder: Path) -> Path:
    """With a small vocabulary that holds the tags, each of them likelier at every place than any piece of a word."""
    import sentencepiece
    import torch

    with quiet():
        from funasr.models.sense_voice.model import SenseVoiceSmall
    name = "chn_jpn_yue_eng_ko_spectok.bpe"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat and looked at me", "a dog ran over the hill"] * 20),
        model_prefix=str(folder / name),
        vocab_size=60,
        model_type="bpe",
        user_defined_symbols=["<|en|>", *SENSEVOICE.values(), "<|Speech|>", "<|woitn|>"],
        minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.model"))
    (folder / "am.mvn").write_text(_normalisation(), encoding="utf-8")
    frontend: dict[str, JsonValue] = {"fs": 16000, "window": "hamming", "n_mels": 80, "lfr_m": 7, "lfr_n": 6}
    _write(
        folder,
        {
            "model": "SenseVoiceSmall",
            "model_conf": {"length_normalized_loss": True, "sos": 1, "eos": 2, "ignore_id": -1},
            "encoder": "SenseVoiceEncoderSmall",
            "encoder_conf": dict(_SENSEVOICE_ENCODER),
            "tokenizer": "SentencepiecesTokenizer",
            "tokenizer_conf": {"bpemodel": None, "unk_symbol": "<unk>", "split_with_space": True},
            "frontend": "WavFrontend",
            "frontend_conf": {**frontend, "cmvn_file": None},
        },
        {"tokenizer_conf": {"bpemodel": f"{name}.model"}, "frontend_conf": {"cmvn_file": "am.mvn"}},
    )
    torch.manual_seed(0)
    model = SenseVoiceSmall(
        encoder="SenseVoiceEncoderSmall",
        encoder_conf=dict(_SENSEVOICE_ENCODER),
        input_size=_FEATURES,
        vocab_size=pieces.get_piece_size(),
    )
    _randomise(model)
    with torch.no_grad():
        model.ctc.ctc_lo.bias[[pieces.piece_to_id(tag) for tag in SENSEVOICE.values()]] += 100.0
    torch.save(model.state_dict(), folder / "model.pt")
    return folder


def _normalisation() -> str:
    """Kaldi's text form of shift and scale of each feature."""
    shift, scale = " ".join(["-8.0"] * _FEATURES), " ".join(["0.2"] * _FEATURES)
    return (
        f"<Nnet> \n<Splice> {_FEATURES} {_FEATURES} \n[ 0 ]\n"
        f"<AddShift> {_FEATURES} {_FEATURES} \n<LearnRateCoef> 0 [ {shift} ]\n"
        f"<Rescale> {_FEATURES} {_FEATURES} \n<LearnRateCoef> 0 [ {scale} ]\n</Nnet> \n"
    )


def _write(folder: Path, config: Mapping[str, JsonValue], files: Mapping[str, JsonValue]) -> None:
    from omegaconf import OmegaConf

    OmegaConf.save(OmegaConf.create(dict(config)), folder / "config.yaml")
    metas = {"init_param": "model.pt", "config": "config.yaml", **files}
    about = {"framework": "pytorch", "model": {"type": "funasr"}, "file_path_metas": metas}
    (folder / "configuration.json").write_text(json.dumps(about), encoding="utf-8")


def _randomise(model: "torch.nn.Module") -> None:
    """As initialised, answers hardly differ between takes."""
    import torch

    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.3)
