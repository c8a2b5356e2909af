"""How long a text is to say, whatever it is written in."""

import unicodedata

_LETTERS_A_SIGN = 3
"""A sign that stands for a syllable or more (Chinese, kana, Hangul: the wide ones) takes as long as three letters."""

_WIDE = {"W", "F"}


def letters(text: str) -> int:
    """How long a text is to say, in letters: a Chinese character or a syllable of Hangul counts for three.

    >>> letters("Oh, no!"), letters("你好吗？"), letters("مرحبا")
    (4, 9, 5)
    """
    return sum(_LETTERS_A_SIGN if unicodedata.east_asian_width(sign) in _WIDE else 1 for sign in text if sign.isalnum())
