"""What tests of the judge share: a short rubric, a text, an answer of the right shape."""

import json

from pipeline.judge.judge import Text
from schemas.brief import Character
from schemas.dialogue import Turn
from schemas.judgement import Rubric
from schemas.voice import Age, Gender, Role

RUBRIC = Rubric(
    system="Judge by {{ scales | join(', ') }}.",
    prompt="In {{ language_name }}, {{ user.emotion }}:"
    "{% for turn in turns %} {{ turn.role }}: {{ turn.text }}{% endfor %}",
)
SAID = ("I found her old letters today.", "What did the first one say?")


def text(*said: str) -> Text:
    """A short dialogue."""
    both = zip(Role, said or SAID, strict=True)
    turns = [Turn(role=role, text=words, emotion="sad", intensity=1.0) for role, words in both]
    return Text(
        language="en",
        situation="letters",
        about="Old letters turn up.",
        user=Character(gender=Gender.FEMALE, age=Age.YOUNG, emotion="sad", intensity=1.0),
        assistant=Character(gender=Gender.MALE, age=Age.ADULT, emotion="neutral", intensity=1.0),
        turns=tuple(turns),
    )


def answer(
    emotional_reaction: object = 1, interpretation: object = 2, exploration: object = 2, reason: object = "It asks."
) -> str:
    """An answer with all three scales."""
    scores = {"emotional_reaction": emotional_reaction, "interpretation": interpretation, "exploration": exploration}
    return json.dumps({"reason": reason} | scores)
