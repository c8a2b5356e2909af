"""How a judgement is had from a language model, whatever runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue, TypeAdapter, ValidationError

from pipeline.engine.chat import (
    Ask,
    BadReplyError,
    Complete,
    Message,
    Reply,
    given_up,
    json_object,
    misfit,
    request_seed,
    shortened,
)
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.refusal import ItemRefusedError
from pipeline.engine.templates import RENDERING_ERRORS, Prompts
from pipeline.judge.judge import Text
from pipeline.judge.rubric import REASON, of_text, prompts_of
from schemas.dialogue import Usage
from schemas.judgement import Judgement, Rubric

LONGEST_REASON = 400
"""Characters of a reason; what is longer is cut off, since the scores are there all the same."""

_MARKS = (0, 1, 2)
_ANSWER = TypeAdapter(dict[str, int | str])
_TRIED_AGAIN = 0.5
"""The least temperature of a further try: at 0 another seed draws the same answer."""


@dataclass(frozen=True)
class Judging:
    """A rubric, made ready: templates compiled, the system message rendered. One for all texts."""

    rubric: Rubric
    prompts: Prompts
    tries: int

    @classmethod
    def of(cls, rubric: Rubric, tries: int) -> "Judging":
        """`tries` is how often one judgement is asked for."""
        return cls(rubric, prompts_of(rubric), tries)

    async def judge(self, text: Text, complete: Complete) -> Judgement | Failure:
        """The judgement, or why there is none. Never raises for what one text alone suffers from."""
        failed: list[str] = []
        usage = Usage()
        try:
            messages = self._messages(text)
            seed = int(fingerprint(text)[:12], 16)
            for attempt in range(self.tries):
                reply = await complete(self._ask(messages, seed, attempt))
                usage += reply.usage
                try:
                    scores, reason = self.read(reply)
                except BadReplyError as error:
                    failed.append(str(error))
                else:
                    return Judgement(scores=scores, reason=reason, usage=usage, failed_tries=tuple(failed))
            return Failure(str(given_up("judgement", failed)), spent=usage)
        except ItemRefusedError as error:
            return Failure(str(error), spent=usage)
        except RENDERING_ERRORS as error:
            return Failure(f"the rubric cannot be rendered: {' '.join(str(error).split())[:200]}", spent=usage)

    @cached_property
    def schema(self) -> Mapping[str, JsonValue]:
        """The JSON schema of an answer. The reason comes first, so that it is written before the scores."""
        reason: dict[str, JsonValue] = {REASON: {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON}}
        return json_object(reason | {name: {"type": "integer", "enum": list(_MARKS)} for name in self.rubric.scales})

    def read(self, reply: Reply) -> tuple[dict[str, int], str]:
        """The scores by name, and the reason. Raises BadReplyError if they will not do."""
        try:
            answer = _ANSWER.validate_json(reply.whole_text, strict=True)
        except ValidationError as error:
            raise misfit(error) from error
        for name in sorted(answer.keys() ^ {REASON, *self.rubric.scales}):
            raise BadReplyError(f"not the shape asked for: {shortened(name)}: " + _astray(name in answer))
        reason, scores = answer[REASON], dict[str, int]()
        if not isinstance(reason, str) or not reason.strip():
            raise BadReplyError("gives no reason")
        for name in self.rubric.scales:
            mark = answer[name]
            if not isinstance(mark, int) or mark not in _MARKS:
                raise BadReplyError(f"{name} is {shortened(str(mark))!r}, not 0, 1 or 2")
            scores[name] = mark
        return scores, _one_line(reason)[:LONGEST_REASON]

    def _messages(self, text: Text) -> tuple[Message, ...]:
        prompt = self.prompts.prompt(of_text(text, self.rubric))
        return (Message("system", self.prompts.system), Message("user", prompt))

    def _ask(self, messages: tuple[Message, ...], seed: int, attempt: int) -> Ask:
        least = _TRIED_AGAIN if attempt else 0.0
        return Ask(
            messages=messages,
            schema=self.schema,
            seed=request_seed(seed, attempt),
            temperature=max(self.rubric.temperature, least),
            top_p=1.0,
            max_tokens=self.rubric.max_tokens,
        )


def _one_line(reason: str) -> str:
    r"""The reason as it is shown in a terminal.

    >>> _one_line("It asks.\n\x1b[31mWell.")
    'It asks. [31mWell.'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in reason).split())


def _astray(given: bool) -> str:
    return "not asked for" if given else "Field required"
