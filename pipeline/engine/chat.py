"""What passes between a stage and a language model, whatever runs it: a request, a reply, and why a reply won't do."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue, ValidationError

from pipeline.engine.fingerprint import Ingredient, seed_from
from schemas.dialogue import Usage

_SEEDS = 2**31
"""Servers take seeds of 32 bits with a sign."""

_CUT = "length"
_FILTERED = "content_filter"


class BadReplyError(Exception):
    """A reply that will not do. Its text is the reason."""


class GivenUpError(Exception):
    """No reply would do. Its text says how often and why."""


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


@dataclass(frozen=True)
class Reply:
    """What a model gave. `reasoning` is what its server kept apart; `refusal` is its own word for not answering."""

    text: str
    finish_reason: str = ""
    reasoning: str = ""
    refusal: str = ""
    usage: Usage = field(default_factory=lambda: Usage(requests=1))

    @property
    def whole_text(self) -> str:
        """The text. Raises BadReplyError if the model refused, was cut off or gave nothing.

        >>> Reply('{"text": "I kn', finish_reason="length").whole_text
        Traceback (most recent call last):
        pipeline.engine.chat.BadReplyError: cut off at max_tokens
        """
        if self.refusal or self.finish_reason == _FILTERED:
            raise BadReplyError(f"refused: {shortened(self.refusal) or _FILTERED}")
        if self.finish_reason == _CUT:
            raise BadReplyError("cut off at max_tokens")
        if not self.text.strip():
            raise BadReplyError(f"empty (finish_reason {self.finish_reason or 'none'})")
        return self.text


Complete = Callable[[Ask], Awaitable[Reply]]
"""Asks a model once. Raises ItemRefusedError if it does not take this request."""


def request_seed(*parts: Ingredient) -> int:
    """A seed that servers take; it depends on the parts alone."""
    return seed_from(*parts) % _SEEDS


def given_up(wanted: str, reasons: Sequence[str]) -> GivenUpError:
    """Why all tries failed, the commonest reason first.

    >>> given_up("dialogue", ["cut off at max_tokens", "no JSON: EOF", "cut off at max_tokens"])
    GivenUpError('no usable dialogue in 3 tries: 2× cut off at max_tokens, 1× no JSON: EOF')
    """
    counts = ", ".join(f"{count}× {reason}" for reason, count in Counter(reasons).most_common())
    return GivenUpError(f"no usable {wanted} in {len(reasons)} tries: {counts}")


def misfit(error: ValidationError) -> BadReplyError:
    """The first thing that is wrong with a reply's shape."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return BadReplyError(f"no JSON: {shortened(first['msg'])}")
    return BadReplyError(f"not the shape asked for: {'.'.join(map(str, first['loc']))}: {shortened(first['msg'])}")


def json_object(properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The schema of a JSON object with these keys, all of them and no others, as strict servers want it said."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def shortened(text: str) -> str:
    """The beginning of what a model said, on one line."""
    return " ".join(text.split())[:120]
