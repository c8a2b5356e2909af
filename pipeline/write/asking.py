"""Asking a language model for one reply after another: seeds, tries, and what it all cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.engine.chat import Ask, BadReplyError, Complete, Message, given_up, request_seed
from pipeline.engine.templates import Prompts
from pipeline.write.replies import Said, Shape
from schemas.dialogue import Usage
from schemas.pack import WritingStep

Check = Callable[[Said], None]
"""Looks at a reply of the right shape. Raises BadReplyError if it will not do all the same."""


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
            seed = request_seed(self.text_seed, self._asked, attempt)
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
        raise given_up(step.gives, reasons)
