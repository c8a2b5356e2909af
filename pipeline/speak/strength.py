"""Words that say after an instruction how strongly it is meant: in English after English, in Chinese after Chinese.

After one in any other language there are none: words of a second language may be taken for something to be said.
"""

import unicodedata
from collections.abc import Mapping
from typing import Literal

from schemas.voice import Style

Spoken = Literal["en", "zh"]
Words = Mapping[Spoken, str]

_TOLD_BY_LETTERS = ("en", "zh", "yue")


def with_strength(style: Style, words: Words) -> str:
    """The style's instruction and, in its language, the words after it.

    >>> words: Words = {"en": "Very much so.", "zh": "要很明显。"}
    >>> with_strength(Style(instruction="Speak sadly."), words), with_strength(Style(instruction="难过地说。"), words)
    ('Speak sadly. Very much so.', '难过地说。要很明显。')
    >>> with_strength(Style(instruction="Sprich traurig.", written_in="de"), words)
    'Sprich traurig.'
    """
    language = language_of(style.instruction, style.written_in)
    if language is None or not words[language]:
        return style.instruction
    gap = " " if language == "en" else ""
    return f"{style.instruction.rstrip()}{gap}{words[language]}"


def language_of(instruction: str, written_in: str | None) -> Spoken | None:
    """Which of the languages that there are words in an instruction is in; None for any other.

    Letters tell English from Chinese; that it is neither, the pack has to say where the letters do not.
    """
    if written_in is not None and written_in.partition("-")[0] not in _TOLD_BY_LETTERS:
        return None
    scripts = {unicodedata.name(sign, "").partition(" ")[0] for sign in instruction if sign.isalpha()}
    if scripts == {"LATIN"}:
        return "en"
    return "zh" if "CJK" in scripts and scripts <= {"CJK", "LATIN"} else None
