"""The written text of a brief."""

from pydantic import Field

from schemas.frozen import Frozen
from schemas.voice import Role


class Turn(Frozen):
    """One side's utterance: what is said, and with which emotion at what intensity (see Delivery)."""

    role: Role
    text: str = Field(min_length=1)
    emotion: str
    intensity: float = Field(ge=0.0, le=2.0)


class Dialogue(Frozen):
    """Turns in the order they are spoken."""

    turns: tuple[Turn, ...] = Field(min_length=1)


class Usage(Frozen):
    """What a language model was asked for: requests answered, and tokens read, read from its cache, and written."""

    requests: int = Field(default=0, ge=0)
    prompt_tokens: int = Field(default=0, ge=0)
    cached_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            requests=self.requests + other.requests,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


class Written(Frozen):
    """A dialogue as its writer gave it, what that took, and why earlier tries of it did not do.

    `reasoning` holds what a reasoning model thought before each of its answers, in their order; it is never spoken. Of
    a contrast set, which is written as one, `members` has each member's dialogue, and `dialogue` is the first's.
    """

    dialogue: Dialogue
    members: tuple[Dialogue, ...] = ()
    usage: Usage = Usage()
    failed_tries: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()

    def of(self, member: int) -> Dialogue:
        """The dialogue of a contrast set's member, or the only one."""
        return self.members[member] if self.members else self.dialogue
