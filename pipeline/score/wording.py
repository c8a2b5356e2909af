"""Texts made comparable, and the error rates between them.

Both sides are normalised the same way, and the raw texts are kept elsewhere. For a recogniser that can only answer in
the words it was given, `normalised` takes away what cannot be heard: case, punctuation, accents, the shape of an
apostrophe. An open recogniser spells as it likes ("21", "colour"): for those `open_wording` brings numbers and
spellings of both sides to one form.
"""

import re
import unicodedata

import jiwer

from schemas.scores import UNSPACED

_APOSTROPHES = str.maketrans(dict.fromkeys("‘’ʼ′`´", "'"))
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_TAG = re.compile(r"<\|[^|<>]*\|>|</?[A-Za-z][\w -]*>|\[/?[A-Za-z][\w -]*\]")
_BRACKETS = re.compile(r"[()\[\]{}<>]|…|\.{2,}")


def untagged(text: str) -> str:
    """The text without directions to a speech engine; what stands between an opening and a closing one is said.

    >>> untagged("[sigh] It was <strong>so</strong> quiet<|endofprompt|>.")
    '  It was  so  quiet .'
    """
    return _TAG.sub(" ", text)


def normalised(text: str) -> str:
    """The words of an English text in lower case with one space between them.

    A word is letters and digits, with apostrophes only inside: hyphens and dashes part words, and quotation marks
    and the apostrophes of "'cause" or "the parents'" go. Numbers stay as they are written.

    >>> normalised("“Well… it’s TWENTY-ONE o'clock,” she said—at the café, 7 or 8 of ’em.")
    "well it's twenty one o'clock she said at the cafe 7 or 8 of em"
    """
    # apostrophes first: decomposition would turn an acute accent standing alone into a space
    parts = unicodedata.normalize("NFKD", untagged(text).translate(_APOSTROPHES)).lower()
    return " ".join(_WORD.findall("".join(part for part in parts if not unicodedata.combining(part))))


def error_rates(reference: str, heard: str, language: str = "en", open_vocabulary: bool = False) -> tuple[float, float]:
    """Word and character error rate of what was heard, both texts normalised first.

    Errors are counted against the reference's length, so a rate can exceed 1; where nothing was heard both are 1. Of a
    language without spaces (`UNSPACED`) every character is a word, so that the two rates are one. `open_vocabulary`
    says that the recogniser was told nothing of the text. A region after the language (en-GB) changes nothing.

    >>> error_rates("I'm so sorry to hear that.", "i'm sorry to hear hat")
    (0.3333333333333333, 0.16)
    >>> error_rates("Oh no!", "")
    (1.0, 1.0)
    >>> error_rates("你怎么哭了？", "你怎么苦了", "zh")
    (0.2, 0.2)

    Raises ValueError if the reference holds no word: there is nothing to compare with.
    """
    language = language.partition("-")[0]
    said, got = _comparable(reference, heard, language, open_vocabulary)
    if not said:
        raise ValueError(f"there is no word in the text {reference!r}")
    words = jiwer.process_words(said, got)
    if language in UNSPACED:
        return words.wer, words.wer
    return words.wer, jiwer.process_characters(said, got).cer


def _comparable(reference: str, heard: str, language: str, open_vocabulary: bool) -> tuple[str, str]:
    """Both sides as words with one space between them."""
    if open_vocabulary:
        from pipeline.score.open_wording import comparable  # its normalisers are only installed with recognisers

        return comparable(plain(reference), plain(heard), language)
    if language == "en":
        return normalised(reference), normalised(heard)
    said, got = letters(plain(reference)), letters(plain(heard))
    return (apart(said), apart(got)) if language in UNSPACED else (said, got)


def plain(text: str) -> str:
    """The text without tags, brackets (what stands in them is spoken) and dots that mark a pause."""
    return _BRACKETS.sub(" ", untagged(text)).translate(_APOSTROPHES)


def letters(text: str) -> str:
    """Letters and digits of any language with their marks, in lower case; everything else parts words.

    >>> letters("«Où est-il ?» — À l’école, ｎｏ．７")
    'où est il à l école no 7'
    """
    kept = (sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in unicodedata.normalize("NFKC", text))
    return " ".join(word for word in "".join(kept).lower().split() if any(map(str.isalnum, word)))


def apart(text: str) -> str:
    """Every character by itself.

    >>> apart("你好 吗")
    '你 好 吗'
    """
    return " ".join("".join(text.split()))
