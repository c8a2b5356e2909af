"""Digits spelled as words, one after the other: how a telephone number is said."""

from collections.abc import Iterator
from itertools import pairwise

_CHINESE = {word: str(digit) for digit, word in enumerate("零一二三四五六七八九")} | {"〇": "0", "幺": "1"}


def _words(*spellings: str) -> dict[str, str]:
    return {word: str(digit) for digit, words in enumerate(spellings) for word in words.split("|")}


_DIGITS = {
    "en": _words("zero|oh|o|nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "de": _words("null", "eins", "zwei|zwo", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
    "fr": _words("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
    "es": _words("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
    "it": _words("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"),
    "pt": _words("zero", "um", "dois", "três", "quatro", "cinco", "seis|meia", "sete", "oito", "nove"),
    "nl": _words("nul", "een|één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen"),
    "zh": _CHINESE,
    "yue": _CHINESE,
    "ja": _CHINESE,
}
_POINTS = (["point"], ["点"], ["點"], ["virgule"], ["komma"], ["coma"])
"""What makes the digits after it the rest of a number."""
_TIMES = {"double": 2, "triple": 3, "treble": 3}


def spelled_runs(words: list[str], language: str, least: int) -> Iterator[tuple[str, list[str]]]:
    """Each run of `least` digits or more: the digits, and the words that say them.

    >>> [digits for digits, _ in spelled_runs("call double five one two three oh nine".split(), "en", 7)]
    ['5512309']
    """
    if language not in _DIGITS:
        return
    digit_of = _DIGITS[language]
    if sum(map(digit_of.__contains__, words)) * max(_TIMES.values()) < least:
        return
    digits, first, times = "", 0, 1
    for place, word in enumerate((*words, "")):
        if word in digit_of:
            first = first if digits or times > 1 else place
            digits += digit_of[word] * times
            times = 1
        elif word == "hundred" and digits:  # one eight hundred …
            digits += "00"
        elif word in _TIMES and language == "en":
            first = first if digits else place
            times = _TIMES[word]
        else:
            if len(digits) >= least and words[first - 1 : first] not in _POINTS:
                yield digits, words[first:place]
            digits, times = "", 1


def is_counting(digits: str) -> bool:
    """Whether somebody counts up or down, or says one digit over and over.

    >>> is_counting("1234567"), is_counting("9876543210"), is_counting("5551234")
    (True, True, False)
    """
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    return len(steps) == 1 and steps <= {0, 1, 9}
