"""A line's text as the SSML that espeak-ng gets, and word times from the events that come back.

White space inside a clause goes to espeak-ng as a no-break space: over a plain space it fuses frequent pairs ("of the")
into one word, and the second has no event of its own. Sounds stay the same. After punctuation the space stays plain,
because there it is what ends a clause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from pipeline.speak.espeak_process import GAP, PAUSE, PHONEME, WORD
from schemas.frozen import Hertz
from schemas.take import Word

_ENDS_A_CLAUSE = frozenset(",.;:!?…\"')]}”’—–-")

_DASHES = frozenset(("-", "--", "–"))
"""Alone between spaces these would be read as one word with what follows; an em dash is a pause."""


@dataclass(frozen=True)
class MarkedText:
    """`words` are the white-space words; `spans` the 1-based characters [first, last] each takes in `ssml`."""

    ssml: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def marked(text: str, steps: Sequence[int], pitch: int) -> MarkedText:
    """Write `text` as SSML, inert: no character of it acts as markup.

    `steps` are each word's own shift of espeak-ng's pitch, which is `pitch` for the line (both in its 0..99).
    """
    words = tuple(text.split())
    ssml = ""
    spans = []
    percent, before = 0, ""
    for word, step in zip(words, steps, strict=True):
        # a one-letter word keeps the tag of the one before it: right after a tag its event is off by one character
        wanted = percent if before and len(word) == 1 else round(100 * step / pitch)
        ssml += "</prosody>" if percent and wanted != percent else ""
        ssml += (" " if before[-1] in _ENDS_A_CLAUSE else "\N{NO-BREAK SPACE}") if before else ""
        ssml += f'<prosody pitch="{wanted:+d}%">' if wanted and wanted != percent else ""
        first = len(ssml) + 1
        ssml += escape("—" if word in _DASHES else word)
        spans.append((first, len(ssml)))
        percent, before = wanted, word
    return MarkedText(ssml + ("</prosody>" if percent else ""), words, tuple(spans))


def word_times(text: MarkedText, events: Sequence[tuple[int, int, int]], samples: int, rate: Hertz) -> tuple[Word, ...]:
    """One Word for each of `text.words`, or none at all if the events do not fit the words.

    A word ends where the first pause after its sounds begins, else where the next word begins. A word without letters
    or digits that espeak-ng passes over (a dash) has no length and sits at the end of the one before.
    """
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    current, sounded = -1, False
    for kind, position, sample in events:
        if kind == WORD:
            word = _at(text.spans, position)
            if word is None or word < current:
                return ()
            if word != current:
                ends.setdefault(current, sample)
                current, sounded = word, False
            if not sounded:  # an event at the space before a tag comes before the pause; the word's own, after it
                starts[word] = sample
        elif kind in (GAP, PAUSE):
            ends.setdefault(current, sample)
        else:
            ends.pop(current, None)
            sounded = True
    ends.setdefault(current, samples)
    return _words(text.words, starts, ends, samples, rate)


def pauses(events: Sequence[tuple[int, int, int]], samples: int) -> tuple[tuple[int, int], ...]:
    """The pauses between clauses and at the end, as [first, end) samples."""
    found = []
    first = -1
    for kind, _, sample in (*events, (PHONEME, 0, samples)):
        if kind == PAUSE and first < 0:
            first = sample
        elif kind == PHONEME and first >= 0:
            found.append((first, sample))
            first = -1
    return tuple(found)


def _at(spans: Sequence[tuple[int, int]], position: int) -> int | None:
    """The word at a character, or the one after it: a spoken symbol (&, $) is reported at the space before."""
    return next((index for index, (_, last) in enumerate(spans) if position <= last), None)


def _words(
    words: Sequence[str], starts: dict[int, int], ends: dict[int, int], samples: int, rate: Hertz
) -> tuple[Word, ...]:
    timed = []
    before = 0
    for index, word in enumerate(words):
        if index not in starts and any(map(str.isalnum, word)):
            return ()
        start = min(max(starts.get(index, before), before), samples)
        before = min(max(ends.get(index, start), start), samples)
        timed.append(Word(text=word, start=start / rate, end=before / rate))
    return tuple(timed)
