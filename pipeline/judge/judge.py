"""What a judge must do to be a backend of the judge stage.

A backend is a module beside this one with

- `Settings`: a pydantic model that can be checked without the model's libraries,
- `VERSION`: raise it when the same text would be judged differently,
- `identity(settings, rubric)`: what all its judgements depend on, as a fingerprint,
- `beyond(settings, rubric)`: what of the rubric it cannot ask for, each with its path in the pack,
- `build(settings, rubric) -> Judge`; it waits for a server.

It is listed in `backends.py` and imported only when named.
"""

from typing import Protocol

from pydantic import Field

from pipeline.engine.failure import Failure
from schemas.brief import Character
from schemas.dialogue import Turn
from schemas.frozen import Frozen
from schemas.judgement import Judgement


class Text(Frozen):
    """A written dialogue, with what its writer was told of who talks about what."""

    language: str
    situation: str
    about: str
    user: Character
    assistant: Character
    turns: tuple[Turn, ...] = Field(min_length=1)


class Judge(Protocol):
    """A model server. Many texts are asked for at once."""

    async def judge_one(self, text: Text) -> Judgement | Failure:
        """The judgement, or why there is none. Raises WarmlineError for what stops the whole run."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
