"""A text tokenizer like those of the models: byte-level BPE, and a token that ends a turn."""

from functools import cache
from pathlib import Path

from tokenizers import Tokenizer, decoders
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

SEEN = ["I am so sorry to hear that. What happened to her?", "Let us call the vet together.", "我很好，谢谢你。"]


@cache
def _content() -> str:
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(SEEN, BpeTrainer(vocab_size=400, initial_alphabet=ByteLevel.alphabet()))
    tokenizer.add_special_tokens(["<|im_end|>"])
    content: str = tokenizer.to_str()
    return content


def write_tokenizer(folder: Path) -> Path:
    """The tokenizer.json in that folder."""
    path = folder / "tokenizer.json"
    path.write_text(_content(), encoding="utf-8")
    return path
