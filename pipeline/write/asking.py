"""Asking a language model for one reply after another: seeds, tries, and what it all cost."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from pipeline.engine.fingerprint import seed_from
from pipeline.write.prompting import Prompts
from pipeline.write.replies import BadReplyError, Reply, Said, Shape
from schemas.dialogue import Usage
from schemas.pack import WritingStep

_SEEDS = 2**31
"""Servers take seeds of 32 bits with a sign."""


@dataclass(frozen=True)
class Message:
    """One message of a chat."""

    role: str
    content: str


@dataclass(frozen=True)
class Ask:
    """One request: what to say to the model, the JSON schema of what it is to give, and how to sample it."""

    messages: tuple[Message, ...]
    schema: Mapping[str, JsonValue]
    seed: int
    temperature: float
    top_p: float
    max_tokens: int


Complete = Callable[[Ask], Awaitable[Reply]]
"""Asks a model once. Raises ItemRefusedError if it does not take this request."""

Check = Callable[[Said], None]
"""Looks at a reply of the right shape. Raises BadReplyError if it will not do all the same."""


class GivenUpError(Exception):
    """No reply would do. Its text says how often and why."""


@dataclass
class Asker:
    """One dialogue's requests, and what they have cost so far."""

    complete: Complete
    text_seed: int
    tries: int
    usage: Usage = field(default_factory=Usage)
    failed: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    _asked: int = 0

    async def reply(
        self, step: WritingStep, prompts: Prompts, shape: Shape, variables: Mapping[str, object], check: Check
    ) -> Said:
        """A reply that will do, asked for until there is one. Raises GivenUpError."""
        messages = (Message("system", prompts.system), Message("user", prompts.prompt(variables)))
        self._asked += 1
        reasons: list[str] = []
        for attempt in range(self.tries):
            seed = seed_from(self.text_seed, self._asked, attempt) % _SEEDS
            ask = Ask(messages, shape.schema, seed, step.temperature, step.top_p, step.max_tokens)
            reply = await self.complete(ask)
            self.usage += reply.usage
            try:
                said = shape.read(reply)
                check(said)
            except BadReplyError as error:
                reasons.append(str(error))
                self.failed.append(str(error))
            else:
                self.reasoning += [said.reasoning] if said.reasoning else []
                return said
        raise GivenUpError(_told(step.gives, reasons))


def _told(gives: str, reasons: Sequence[str]) -> str:
    """Why all tries failed, the commonest reason first.

    >>> _told("dialogue", ["cut off at max_tokens", "no JSON: EOF", "cut off at max_tokens"])
    'no usable dialogue in 3 tries: 2× cut off at max_tokens, 1× no JSON: EOF'
    """
    counts = ", ".join(f"{count}× {reason}" for reason, count in Counter(reasons).most_common())
    return f"no usable {gives} in {len(reasons)} tries: {counts}"
