"""Refusals, boilerplate of language models, and sides that speak as the other one."""

import re
from collections.abc import Iterator, Sequence

from pipeline.write.texts.fault import TextFault, quoted
from pipeline.write.texts.patterns import Patterns
from pipeline.write.texts.phrases import Phrases, phrases_of
from pipeline.write.texts.said import Said
from schemas.text_rules import TextRules

_STOP = re.compile(r"[.!?。！？\n]")


def refusal_faults(said: Sequence[Said], language: str, rules: TextRules) -> Iterator[TextFault]:
    """Refusals and talk of being a machine (unless it was asked), and talk about the task of writing."""
    phrases = phrases_of(language)
    if not rules.refusals or phrases is None:
        return
    before = ""
    for one in said:
        if found := phrases.boilerplate.first(one.folded):
            yield TextFault(one.number, "refusals", f"{quoted(one.piece(found))} is boilerplate of a language model")
        if not one.by_user:
            if found := phrases.refusals.first(one.folded):
                yield TextFault(one.number, "refusals", f"{quoted(one.piece(found))} is a refusal")
            elif (found := phrases.identity.first(one.folded)) and not phrases.asks_identity.search(before):
                yield TextFault(one.number, "refusals", f"{quoted(one.piece(found))} talks of being a machine, unasked")
        before = one.folded


def role_faults(said: Sequence[Said], language: str, rules: TextRules) -> Iterator[TextFault]:
    """A user who offers help as an assistant does; an assistant with a family, a childhood, a past of its own."""
    phrases = phrases_of(language)
    if not rules.roles or phrases is None:
        return
    for one in said:
        patterns = phrases.user_as_assistant if one.by_user else phrases.assistant_as_user
        if found := _own_words(one.folded, patterns, phrases):
            what = "the user talks as an assistant" if one.by_user else "the assistant tells of a life of its own"
            yield TextFault(one.number, "roles", f"{what}: {quoted(one.piece(found))}")


def _own_words(text: str, patterns: Patterns, phrases: Phrases) -> re.Match[str] | None:
    """The first match that is not somebody else's words, reported in the same sentence."""
    for found in patterns.matches(text):
        start = max((stop.end() for stop in _STOP.finditer(text, 0, found.start())), default=0)
        stop = _STOP.search(text, found.end())
        after = text[found.end() : stop.start() if stop else None]
        if not phrases.reported.search(text[start : found.start()]) and not phrases.reported_after.search(after):
            return found
    return None
