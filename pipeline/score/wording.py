"""English texts made comparable, and the error rates between them.

Both sides go through `normalised`, which only takes away what cannot be heard: case, punctuation, accents, the shape of
an apostrophe. Numbers stay as they are written: rules that turn number words into digits also turn "twenty-one
o'clock" into "210 clock".
"""

import re
import unicodedata

import jiwer

_APOSTROPHES = str.maketrans(dict.fromkeys("‘’ʼ′`´", "'"))
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def normalised(text: str) -> str:
    """The words of an English text in lower case with one space between them.

    A word is letters and digits, with apostrophes only inside: hyphens and dashes part words, and quotation marks
    and the apostrophes of "'cause" or "the parents'" go.

    >>> normalised("“Well… it’s TWENTY-ONE o'clock,” she said—at the café, 7 or 8 of ’em.")
    "well it's twenty one o'clock she said at the cafe 7 or 8 of em"
    """
    # apostrophes first: decomposition would turn an acute accent standing alone into a space
    parts = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).lower()
    return " ".join(_WORD.findall("".join(part for part in parts if not unicodedata.combining(part))))


def error_rates(reference: str, heard: str) -> tuple[float, float]:
    """Word and character error rate of what was heard, both texts normalised first.

    Errors are counted against the reference's length, so a rate can exceed 1; where nothing was heard both are 1.

    >>> error_rates("I'm so sorry to hear that.", "i'm sorry to hear hat")
    (0.3333333333333333, 0.16)
    >>> error_rates("Oh no!", "")
    (1.0, 1.0)

    Raises ValueError if the reference holds no word: there is nothing to compare with.
    """
    said, got = normalised(reference), normalised(heard)
    if not said:
        raise ValueError(f"there is no word in the text {reference!r}")
    words = jiwer.process_words(said, got)
    characters = jiwer.process_characters(said, got)
    return words.wer, characters.cer
