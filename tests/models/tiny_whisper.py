"""A Whisper of random weights in CTranslate2's format: bytes and a few words for a vocabulary, 100 languages."""

import json
from pathlib import Path

from pipeline.score.whisper import LANGUAGES

_WORDS = 244


def make_whisper(folder: Path, mels: int = 80, languages: tuple[str, ...] = LANGUAGES) -> Path:
    """Write the model as transformers has it, and convert it with CTranslate2's own converter."""
    import torch
    from ctranslate2.converters import TransformersConverter
    from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

    source = folder / "transformers"
    source.mkdir(parents=True)
    ids = _save_tokenizer(source, languages)
    end, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    marks = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end, "decoder_start_token_id": start}
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(ids),
            num_mel_bins=mels,
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=64,
            decoder_ffn_dim=64,
            init_std=0.3,
            **marks,
        )
    )
    with torch.no_grad():  # times are never said, so that faster-whisper's own script hears a window at once too
        model.model.decoder.embed_tokens.weight[ids["<|notimestamps|>"] :] = 0.0
    model.generation_config = GenerationConfig(
        **marks,
        suppress_tokens=[],
        begin_suppress_tokens=[ids[" "] if " " in ids else ids["Ġ"], end],
        lang_to_id={f"<|{language}|>": ids[f"<|{language}|>"] for language in languages},
    )
    model.save_pretrained(source)
    WhisperFeatureExtractor(feature_size=mels).save_pretrained(source)
    made = folder / "tiny-whisper"
    TransformersConverter(str(source), copy_files=["tokenizer.json", "preprocessor_config.json"]).convert(str(made))
    return made


def _save_tokenizer(folder: Path, languages: tuple[str, ...]) -> dict[str, int]:
    """Byte-level pieces without merges; the empty piece is what tells CTranslate2 that the model has many languages."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "", *(f"Ġword{number}" for number in range(_WORDS))]
    special = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{language}|>" for language in languages),
        *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
        *(f"<|{step * 0.02:.2f}|>" for step in range(1501)),
    ]
    tokenizer = Tokenizer(models.BPE(vocab={piece: number for number, piece in enumerate(pieces)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in special])
    end = "<|endoftext|>"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=end, bos_token=end, eos_token=end).save_pretrained(
        folder
    )
    read = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    added = {token["content"]: int(token["id"]) for token in read["added_tokens"]}
    return {piece: number for number, piece in enumerate(pieces)} | added
