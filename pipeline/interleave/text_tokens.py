"""Text cut into tokens, so that the pieces give the text back to the character."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from pipeline.engine.errors import UsageError

_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Kana and Chinese characters: written without spaces, each a word of its own here."""

_WORD = re.compile(rf"\s*(?:[{_ALONE}][^\w\s]*|[^\s{_ALONE}]+)(?:\s+\Z)?|\s+\Z")
"""A word with the white space before it and the punctuation after it; the last takes the white space that follows."""


class TokenizerError(Exception):
    """A tokenizer that cannot be read, or that does not give a text back."""


@dataclass(frozen=True)
class Piece:
    """A piece of the text, and its id if the tokenizer has ids.

    Where a tokenizer cuts inside a character, the first of its pieces holds the character and the others nothing.
    """

    text: str
    token: int | None = None


class TextTokenizer(Protocol):
    """Cuts a text into pieces that, joined, are the text."""

    def cut(self, text: str) -> Sequence[Piece]:
        """Raises TokenizerError for a text that the tokenizer does not give back."""
        ...


def words(text: str) -> list[str]:
    r"""Cut at white space, and at each character of a script without it.

    >>> words("Oh no,  really?\n")
    ['Oh', ' no,', '  really?\n']
    >>> words("我很好，谢谢 Anna")
    ['我', '很', '好，', '谢', '谢', ' Anna']
    """
    return _WORD.findall(text)


@dataclass(frozen=True)
class Words:
    """The tokenizer of a recipe that names none."""

    def cut(self, text: str) -> Sequence[Piece]:
        """Words, without ids."""
        return [Piece(word) for word in words(text)]


class FileTokenizer:
    """A `tokenizer.json` of the `tokenizers` library, without special tokens of its own.

    Raises TokenizerError if it cannot be read, UsageError without the library.
    """

    def __init__(self, content: bytes) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise UsageError("a recipe's tokenizer needs tokenizers: pip install 'warmline[tokenizers]'") from error
        try:
            self._tokenizer = Tokenizer.from_str(content.decode())
        except Exception as error:  # the library raises nothing narrower
            raise TokenizerError(f"it is no tokenizer.json: {str(error)[:200]}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def cut(self, text: str) -> Sequence[Piece]:
        """Pieces with ids. Raises TokenizerError if the ids do not give the text back."""
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        given = self._tokenizer.decode(encoded.ids, skip_special_tokens=False)
        if given != text:
            raise TokenizerError(f"the tokenizer makes {given[:60]!r} of {text[:60]!r}")
        ends = [end for _, end in encoded.offsets]
        bounds = [0, *ends[:-1], len(text)] if ends else []
        return [
            Piece(text[start:end], token) for (start, end), token in zip(pairwise(bounds), encoded.ids, strict=True)
        ]
