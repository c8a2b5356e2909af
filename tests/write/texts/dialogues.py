"""Dialogues to judge, in a line each."""

from pipeline.write.texts.fault import TextFault
from pipeline.write.texts.judge import judge
from schemas.dialogue import Dialogue, Turn
from schemas.text_rules import TextRules
from schemas.voice import Role

DEFAULT = TextRules()


def dialogue(*texts: str) -> Dialogue:
    """The user begins, sides take turns."""
    roles = (Role.USER, Role.ASSISTANT)
    turns = (Turn(role=roles[place % 2], text=text, emotion="sad", intensity=1.0) for place, text in enumerate(texts))
    return Dialogue(turns=tuple(turns))


def faults(
    *texts: str, language: str = "en", rules: TextRules = DEFAULT, tags: tuple[str, ...] = ()
) -> tuple[TextFault, ...]:
    """What `judge` finds in them."""
    return judge(dialogue(*texts), language, rules, frozenset(tags))


def checks(*texts: str, language: str = "en", rules: TextRules = DEFAULT, tags: tuple[str, ...] = ()) -> set[str]:
    """The names of the checks that find something."""
    return {fault.check for fault in faults(*texts, language=language, rules=rules, tags=tags)}
