"""Overlap of a dialogue with texts that the corpus has to stay clear of: benchmarks."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pipeline.write.texts.fault import TextFault, quoted
from pipeline.write.texts.said import Said, folded, in_tokens, tokens
from pipeline.write.texts.shingles import Hashes, hashes_of_runs
from schemas.scores import UNSPACED

_LEAST_EQUAL = 4
"""Listed texts of fewer words are passed over: "How are you?" belongs to nobody."""
_LEAST_SENTENCE = 7
"""A sentence of so many words that equals a listed text is an overlap, even inside a longer turn."""


class KeptClean:
    """Listed texts, as numbers: 8 bytes for each run of words of theirs.

    >>> listed = KeptClean(["What is the capital of France?"])
    >>> from pipeline.write.texts.said import hear
    >>> from schemas.dialogue import Dialogue, Turn
    >>> turn = Turn(role="user", text="what is the capital of France", emotion="neutral", intensity=1.0)
    >>> [fault.message for fault in listed.faults(hear(Dialogue(turns=(turn,))), "en")]
    ["'what is the capital of france' is a text to keep clean of"]
    """

    def __init__(self, texts: Iterable[str] = (), words: int = 13) -> None:
        self._words = words
        runs: list[Hashes] = []
        whole: set[tuple[str, ...]] = set()
        for text in texts:
            listed = tokens(folded(text))
            length = self._length(listed)
            if len(listed) >= length:
                runs.append(hashes_of_runs(listed, length))
            elif len(listed) >= _least(_LEAST_EQUAL, listed):
                whole.add(tuple(listed))
        self._runs = np.unique(np.concatenate(runs)) if runs else np.empty(0, dtype=np.uint64)
        self._whole = whole

    def faults(self, said: Sequence[Said], language: str) -> Iterator[TextFault]:
        """Turns that share a run of words with a listed text, or equal a shorter one."""
        joint = "" if language in UNSPACED else " "
        for one in said:
            if piece := self._shared(one.tokens):
                message = f"{quoted(joint.join(piece))} stands in a text to keep clean of"
                yield TextFault(one.number, "keep_clean", message)
            elif piece := self._equal(one):
                yield TextFault(one.number, "keep_clean", f"{quoted(joint.join(piece))} is a text to keep clean of")

    def _shared(self, words: Sequence[str]) -> Sequence[str]:
        length = self._length(words)
        if not len(self._runs) or len(words) < length:
            return ()
        mine = hashes_of_runs(words, length)
        places = np.minimum(np.searchsorted(self._runs, mine), len(self._runs) - 1)
        found = np.flatnonzero(self._runs[places] == mine)
        return words[found[0] : found[0] + length] if len(found) else ()

    def _equal(self, one: Said) -> Sequence[str]:
        if not self._whole:
            return ()
        if tuple(one.tokens) in self._whole:
            return one.tokens
        long = (sentence for sentence in one.sentences if len(sentence) >= _least(_LEAST_SENTENCE, sentence))
        return next((sentence for sentence in long if tuple(sentence) in self._whole), ())

    def _length(self, words: Sequence[str]) -> int:
        return _least(self._words, words)


def _least(count: int, words: Sequence[str]) -> int:
    """So many words of this text: more where most of them are single characters of a script without spaces."""
    single = sum(len(word) == 1 and word > "\u0e00" for word in words)
    return in_tokens(count, "zh") if 2 * single > len(words) else count
