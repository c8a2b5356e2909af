"""What tests of the language-model writers share: short writings, and the shipped pack with one of them."""

import json

from schemas.pack import Pack, Writing, WritingStep
from schemas.text_rules import TextRules

SYSTEM = "You write talks in {{ languages | join(', ') }}, at most {{ longest_turn }} characters a turn."
DIALOGUE = WritingStep(gives="dialogue", system=SYSTEM, prompt="{{ exchanges }} exchanges about: {{ about }}")
QUERY = WritingStep(
    gives="query",
    system="You are the user.",
    prompt="{{ about }}{% for turn in history %} {{ turn.role }}: {{ turn.text }}{% endfor %} Turn {{ exchange }}:",
    temperature=1.1,
)
REPLY = WritingStep(
    gives="reply",
    system="You listen.",
    prompt="{{ about }}{% for turn in history %} {{ turn.role }}: {{ turn.text }}{% endfor %} They say: {{ query }}",
    reasoning=True,
)


ANYTHING_GOES = TextRules(
    language=False,
    spoken=False,
    digits=True,
    refusals=False,
    roles=False,
    repetition=None,
    near_duplicates=None,
    personal_data=False,
    crisis="allow",
)
"""For short texts with numbers in them."""


def written_in(pack: Pack, *steps: WritingStep, longest_turn: int = 400) -> Pack:
    """The pack, with these writing steps."""
    return pack.model_copy(update={"writing": Writing(steps=steps, longest_turn=longest_turn), "texts": ANYTHING_GOES})


def dialogue(exchanges: int, word: str = "well") -> str:
    """A reply of the right shape."""
    turns = [{"user": f"I am {word}, {number}.", "assistant": f"So {word}."} for number in range(exchanges)]
    return json.dumps({"exchanges": turns})
