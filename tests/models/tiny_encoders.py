"""Speech encoders of transformers with random weights and a head: classifiers, x-vectors, letters."""

import json
from pathlib import Path

EMOTIONS = ("neutral", "happy", "sad", "angry")

_SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 37,
    "conv_dim": (32,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 16,
    "tdnn_dim": (32, 32, 32, 32, 64),
    "xvector_output_dim": 16,
    "initializer_range": 0.3,
}


def make_encoder(
    folder: Path, family: str = "Wav2Vec2", head: str = "SequenceClassification", **changed: object
) -> Path:
    """Write the folder of `<family>For<head>`; `changed` are settings of its config."""
    import torch
    import transformers

    torch.manual_seed(0)
    labels = dict(enumerate(EMOTIONS))
    named = {"id2label": labels, "label2id": {label: number for number, label in labels.items()}}
    config = getattr(transformers, f"{family}Config")(**(_SMALL | named | {"feat_extract_norm": "layer"} | changed))
    name = f"{family}For{head}" if head else f"{family}Model"
    getattr(transformers, name)(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(
        do_normalize=True, return_attention_mask=config.feat_extract_norm == "layer"
    ).save_pretrained(folder)
    return folder


def make_window_classifier(folder: Path) -> Path:
    """A classifier that hears a fixed window, whatever the take's length: Whisper's encoder."""
    import torch
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForAudioClassification

    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=32,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        vocab_size=10,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        decoder_start_token_id=0,
        classifier_proj_size=16,
        id2label=dict(enumerate(EMOTIONS)),
        init_std=0.3,
    )
    WhisperForAudioClassification(config).save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    return folder


def make_speller(folder: Path) -> Path:
    """A CTC model of English letters."""
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
    make_encoder(folder, head="CTC", vocab_size=len(letters), pad_token_id=0)
    (folder / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(letters)}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Wav2Vec2CTCTokenizer"}))
    return folder
