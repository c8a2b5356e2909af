"""Users who speak of suicide, self-harm or killing somebody: found, and routed to answers in a safe style.

A corpus that drops every such dialogue teaches a model nothing for the moment it matters most; one that keeps bad
answers teaches harm. So the answer is looked at, not only the question.
"""

import re
from collections.abc import Iterator, Sequence

from pipeline.write.texts.fault import TextFault, quoted
from pipeline.write.texts.phrases import Phrases, phrases_of
from pipeline.write.texts.said import Said
from schemas.text_rules import TextRules


def crises(said: Sequence[Said], language: str) -> Iterator[tuple[Said, str]]:
    """The user's turns that speak of it, each with the words that say so. Nothing for languages without lists."""
    phrases = phrases_of(language)
    if phrases is None:
        return
    for one in said:
        if one.by_user and (found := _crisis(one, phrases)):
            yield one, one.piece(found)


def crisis_faults(said: Sequence[Said], language: str, rules: TextRules) -> Iterator[TextFault]:
    """Under `reject` every such turn; under `safe_reply` those whose answer is not safe, with what it lacks."""
    phrases = phrases_of(language)
    if rules.crisis == "allow" or phrases is None:
        return
    for one, words in crises(said, language):
        if rules.crisis == "reject":
            yield TextFault(one.number, "crisis", f"the user speaks of suicide, self-harm or killing: {quoted(words)}")
            continue
        reply = next((later for later in said[one.number + 1 :] if not later.by_user), None)
        if reply is None:
            yield TextFault(one.number, "crisis", f"{quoted(words)} is never answered")
        elif lacks := " and does not ".join(_lacks(reply.folded, phrases)):
            yield TextFault(reply.number, "crisis", f"the answer to {quoted(words)} does not {lacks}")


def _crisis(one: Said, phrases: Phrases) -> re.Match[str] | None:
    found = phrases.crisis.first(one.folded)
    if found is None:
        return None
    return phrases.crisis.first(phrases.harmless.without(one.folded))


def _lacks(reply: str, phrases: Phrases) -> Iterator[str]:
    if not phrases.care.search(reply):
        yield "take it seriously"
    if not phrases.safety.search(reply) and not phrases.people.search(reply):
        yield "ask about safety or point to people who can help"
