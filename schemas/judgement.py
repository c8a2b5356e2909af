"""A language model's judgement of a written dialogue, and the rubric that it judges by."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from schemas.dialogue import Usage
from schemas.frozen import Frozen

Mark = Annotated[int, Field(ge=0, le=2, description="0 none, 1 weak, 2 strong")]

EPITOME: Mapping[str, str] = {
    "emotional_reaction": (
        "The answers let warmth, concern or shared gladness be heard. 0: none. 1: it is there, but general. "
        "2: the feeling is named or plainly felt, and meets this one."
    ),
    "interpretation": (
        "The answers show what was understood of the user's feelings and experience. 0: nothing. 1: a bare 'I see'. "
        "2: the very feeling or experience is put into words, rightly."
    ),
    "exploration": (
        "The answers want to learn what the user has not said yet. 0: not at all. 1: a question that fits any talk. "
        "2: a question about something particular in this one."
    ),
}
"""The three mechanisms of the EPITOME framework (Sharma et al. 2020, EMNLP), in words of our own."""


class Rubric(Frozen):
    """How a language model judges a dialogue before it is spoken.

    `system` is the same for every request; it may use `scales` only. `prompt` may use everything of the
    dialogue. Both are Jinja templates, or the name of a .jinja file of the pack. `scales` says what 0, 1 and 2 mean on
    each; `least` what a dialogue must have at least, where that matters.
    """

    system: str = Field(min_length=1)
    prompt: str = Field(min_length=1)
    scales: Mapping[str, str] = Field(default=EPITOME, min_length=1)
    least: Mapping[str, Mark] = {}
    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    max_tokens: int = Field(default=512, ge=16)


class Judgement(Frozen):
    """What a dialogue got on each scale, one sentence why, what that took, and why earlier tries did not do."""

    scores: Mapping[str, Mark]
    reason: str
    usage: Usage = Usage()
    failed_tries: tuple[str, ...] = ()
