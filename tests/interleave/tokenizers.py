"""Small tokenizers, made by the tests."""

from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE, WordLevel
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

SAID = ["I am so sorry to hear that.", "It rained all day, and the bus was late.", "我很好，谢谢你。"]


def byte_level() -> bytes:
    """A byte-level BPE, as the models that train on interleaved speech have; it cuts rare characters into bytes."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(SAID, BpeTrainer(vocab_size=320, initial_alphabet=ByteLevel.alphabet()))
    content: str = tokenizer.to_str()
    return content.encode()


def lower_case() -> bytes:
    """One that forgets capitals."""
    tokenizer = Tokenizer(WordLevel({"so": 0, "sorry": 1, "?": 2}, unk_token="?"))  # noqa: S106 -- no password
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    content: str = tokenizer.to_str()
    return content.encode()
