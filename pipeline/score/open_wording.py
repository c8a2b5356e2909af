"""Texts as an open recogniser may spell them, brought to one form.

Numbers and spellings go through `whisper-normalizer`, the rules that published word error rates use (Radford et al.
2023, appendix C). Its English rules make nonsense of some speech ("twenty-one o'clock" becomes "210 clock", "Oh, one
more" becomes "01 more", an ellipsis a word of its own, and "7:30" differs from "seven thirty"): what they would misread
is written differently before, and what they leave apart is joined after.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from text_to_num import alpha2digit
from whisper_normalizer.english import EnglishNumberNormalizer, EnglishTextNormalizer
from whisper_normalizer.international import (
    ArabicTextNormalizer,
    ChineseTextNormalizer,
    FrenchTextNormalizer,
    RussianTextNormalizer,
    SpanishTextNormalizer,
)

from pipeline.engine.errors import UsageError
from pipeline.score.wording import apart, letters
from schemas.scores import UNSPACED

Normaliser = Callable[[str], str]

_FILLER = "um"
_NUMBER_WORDS = EnglishNumberNormalizer().words - {"and", "point", "second", "plus", "positive", "negative"}
_OH = re.compile(r"\boh?\b", re.IGNORECASE)
_BEFORE: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"\bo'?\s?clock\b", "oclock"),
        (r"\b(\d{1,2}):00\b(?!\s?[ap]\.?m)", r"\1 oclock"),
        (r"\b(\d{1,2}):00\b", r"\1"),
        (r"\b(\d{1,2}):(\d\d)\b", r"\1\2"),
        (r"\b([ap])\.\s?m\b\.?", r"\1m"),
        (r"\ba (?=hundred|thousand|million|billion)", "one "),
        (r"\bper cent\b", "percent"),
        (r"\bcannot\b", "can not"),
        (r"\balright\b", "all right"),
        (r"\bok\b", "okay"),
    )
]
_MOST_JOINED = 4


def comparable(said: str, heard: str, language: str) -> tuple[str, str]:
    """Both sides as words with one space between them; both without tags and brackets already.

    >>> comparable("It's half past seven. Or... seven-thirty?", "It's half past 7, or 7:30.", "en")
    ('it is half past 7 or 730', 'it is half past 7 or 730')
    >>> comparable("我今年二十一岁。", "我今年21歲", "zh")
    ('我 今 年 2 1 岁', '我 今 年 2 1 岁')

    Where only fillers were to be said ("Mm-hmm."), any filler will do.
    """
    normalise = _normaliser(language)
    mine, theirs = normalise(said), normalise(heard)
    if language in UNSPACED:
        return apart(mine), apart(theirs)
    if not mine and letters(said):
        mine, theirs = _FILLER, theirs or _FILLER * bool(letters(heard))
    mine_words, their_words = mine.split(), theirs.split()
    mine_words = _joined(mine_words, frozenset(their_words))
    their_words = _joined(their_words, frozenset(mine_words))
    return " ".join(mine_words), " ".join(their_words)


def _joined(words: Sequence[str], other: frozenset[str]) -> list[str]:
    """Neighbouring words that the other side writes as one, written as one: e mail, any more, 7 30."""
    joined: list[str] = []
    at = 0
    while at < len(words):
        lengths = range(min(_MOST_JOINED, len(words) - at), 1, -1)
        length = next((length for length in lengths if "".join(words[at : at + length]) in other), 1)
        joined.append("".join(words[at : at + length]))
        at += length
    return joined


@cache
def _normaliser(language: str) -> Normaliser:
    if language == "en":
        return _English()
    if language in ("zh", "yue"):
        return _chinese()
    of_language: Mapping[str, Callable[[], Normaliser]] = {
        "ar": ArabicTextNormalizer,
        "es": SpanishTextNormalizer,
        "fr": FrenchTextNormalizer,
        "ja": ChineseTextNormalizer,
        "ru": RussianTextNormalizer,
    }
    if language in of_language:
        rules = of_language[language]()
        return lambda text: letters(rules(text))
    if language in ("de", "it", "nl", "pt"):
        return lambda text: letters(alpha2digit(text.lower(), language, threshold=0))
    return letters


def _chinese() -> Normaliser:
    """Simplified characters, and digits for numbers: recognisers mix scripts and write 21 for 二十一."""
    try:
        from opencc import OpenCC
    except ImportError as error:
        raise UsageError("comparing Chinese texts needs opencc: pip install 'warmline[servers]'") from error
    simplified, numerals = OpenCC("t2s"), ChineseTextNormalizer()
    return lambda text: letters(numerals(simplified.convert(text)))


class _English:
    """Whisper's English rules between guards."""

    def __init__(self) -> None:
        self._rules = EnglishTextNormalizer()

    def __call__(self, text: str) -> str:
        """Digits for numbers, American spellings, contractions written out; no fillers (um, hmm)."""
        for pattern, instead in _BEFORE:
            text = pattern.sub(instead, text)
        words = re.sub(r"\bone\b", "1", self._rules(_OH.sub(_interjection, text))).split()
        kept = (re.sub(r"^0+(?=\d)", "", word.strip(".+-")) for word in words)
        return " ".join(word for word in kept if any(map(str.isalnum, word)))


def _interjection(oh: re.Match[str]) -> str:
    """A nought between two numbers (seven oh five); elsewhere what people say before anything else."""
    before = re.search(r"([a-z]+|\d+)[ -]$", oh.string[: oh.start()], re.IGNORECASE)
    after = re.match(r"[ -]([a-z]+|\d+)", oh.string[oh.end() :], re.IGNORECASE)
    if before and after and all(_is_number(beside[1]) for beside in (before, after)):
        return oh[0]
    return "ohh"


def _is_number(word: str) -> bool:
    return word.isdigit() or word.lower() in _NUMBER_WORDS
