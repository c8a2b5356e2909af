"""The same said again: sentences, words in a loop, a turn that repeats the one before it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.write.texts.fault import TextFault, quoted
from pipeline.write.texts.said import Said, in_tokens
from schemas.scores import UNSPACED
from schemas.text_rules import Repetition, TextRules

_LONGEST_ROUND = 12
_SHORTEST_LOOP = 8
"""A loop has so many words at least: people do say no, no, no."""
_RUN = 3
_LEAST_ECHO = 8


def repetition_faults(said: Sequence[Said], language: str, rules: TextRules) -> Iterator[TextFault]:
    """Everything that is said again too often."""
    limits = rules.repetition
    if limits is None:
        return
    yield from _sentences(said, language, limits)
    for one in said:
        if piece := _loop(one.tokens, in_tokens(_SHORTEST_LOOP, language), limits.loop):
            yield TextFault(one.number, "repetition", f"{quoted(_joined(piece, language))} goes round in a loop")
    runs = [_runs(one.tokens, language) for one in said]
    for one, (theirs, mine) in zip(said[1:], pairwise(runs), strict=True):
        part = len(mine & theirs) / len(mine) if mine and theirs else 0.0
        if part > limits.echo:
            message = f"{part:.0%} of it repeats the turn before, more than {limits.echo:.0%}"
            yield TextFault(one.number, "repetition", message)


def _sentences(said: Sequence[Said], language: str, limits: Repetition) -> Iterator[TextFault]:
    once, twice = in_tokens(limits.once, language), in_tokens(limits.twice, language)
    counts: Counter[tuple[str, ...]] = Counter()
    for one in said:
        for sentence in one.sentences:
            if len(sentence) < min(once, twice):
                continue
            key = tuple(sentence)
            counts[key] += 1
            if counts[key] == (2 if len(sentence) >= once else 3):
                often = "twice" if counts[key] == 2 else "three times"
                yield TextFault(one.number, "repetition", f"{quoted(_joined(sentence, language))} is said {often}")


def _loop(words: Sequence[str], shortest: int, rounds: int) -> Sequence[str]:
    """The words that go round, if the same ones follow each other `rounds` times and make `shortest` words."""
    least_repeated = shortest * (rounds - 1) // rounds
    if len(words) - len(set(words)) < least_repeated:
        return ()
    for length in range(1, min(_LONGEST_ROUND, len(words) // rounds) + 1):
        wanted = max(rounds * length, shortest) - length
        run = 0
        for place in range(length, len(words)):
            run = run + 1 if words[place] == words[place - length] else 0
            if run >= wanted:
                return words[place - length + 1 : place + 1]
    return ()


def _runs(words: Sequence[str], language: str) -> set[tuple[str, ...]]:
    """The runs of words that a turn is compared by; none for turns too short to tell."""
    if len(words) < in_tokens(_LEAST_ECHO, language):
        return set()
    return set(zip(*(words[shift:] for shift in range(in_tokens(_RUN, language))), strict=False))


def _joined(words: Sequence[str], language: str) -> str:
    return ("" if language in UNSPACED else " ").join(words)
