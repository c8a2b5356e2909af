"""What the checks of meaning look for, by language. `phrases_en.py` and `phrases_zh.py` are the lists."""

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from pipeline.write.texts.patterns import Patterns

LANGUAGES = ("en", "zh")
"""Those with lists. Another language: a module phrases_<code>.py with `PHRASES`, and its code here."""


@dataclass(frozen=True)
class Phrases:
    """One language's lists, for folded text.

    `boilerplate` is wrong on either side; `refusals` and `identity` are the assistant's, `identity` being allowed where
    the user's turn before it `asks_identity`. What follows `reported` in its sentence, or stands before
    `reported_after`, is somebody else's words.
    Of the user's words those that are `harmless` are taken out before `crisis` is looked for. A safe reply has one of
    `care` and one of `safety` (asks about it) or `people` (who can help).
    """

    boilerplate: Patterns
    refusals: Patterns
    identity: Patterns
    asks_identity: re.Pattern[str]
    user_as_assistant: Patterns
    assistant_as_user: Patterns
    reported: re.Pattern[str]
    reported_after: re.Pattern[str]
    crisis: Patterns
    harmless: Patterns
    care: re.Pattern[str]
    safety: re.Pattern[str]
    people: re.Pattern[str]


@cache
def phrases_of(language: str) -> Phrases | None:
    """The lists of a language, None where there are none."""
    if language not in LANGUAGES:
        return None
    phrases = import_module(f"pipeline.write.texts.phrases_{language}").PHRASES
    if not isinstance(phrases, Phrases):
        raise TypeError(f"phrases_{language}.py has no PHRASES")
    return phrases
