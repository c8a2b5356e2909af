"""What a language model is asked to give, as a JSON schema, and what is made of what it gave."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import JsonValue, ValidationError

from schemas.dialogue import Usage
from schemas.frozen import Frozen

_CUT = "length"
_FILTERED = "content_filter"

_WHITE = re.compile(r"\s+")
_UNSPOKEN = re.compile(
    r"[][*_#`~^|\\<>{}()（）［］【】｛｝＜＞＊＿＃�]"  # markdown, markup, stage directions, what was garbled
    r"|[\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff]"  # pictures
)
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn"}
_JOINERS = "\u200c\u200d"
"""Format characters that belong to the spelling of Persian and Indian languages."""


class BadReplyError(Exception):
    """A reply that will not do. Its text is the reason."""


@dataclass(frozen=True)
class Reply:
    """What a model gave. `reasoning` is what its server kept apart; `refusal` is its own word for not answering."""

    text: str
    finish_reason: str = ""
    reasoning: str = ""
    refusal: str = ""
    usage: Usage = field(default_factory=lambda: Usage(requests=1))


@dataclass(frozen=True)
class Said:
    """A reply that will do: its turns, and what was thought before them."""

    turns: tuple[str, ...]
    reasoning: str


class _Exchange(Frozen):
    user: str
    assistant: str


class _Dialogue(Frozen):
    exchanges: tuple[_Exchange, ...]


class _DialogueWithReasoning(_Dialogue):
    reasoning: str


class _Turn(Frozen):
    text: str


class _TurnWithReasoning(_Turn):
    reasoning: str


@dataclass(frozen=True)
class Shape:
    """The shape of a reply: a dialogue of so many `exchanges`, or one turn if None. A turn has `longest` characters.

    >>> turn = Shape(exchanges=None, longest=40)
    >>> turn.read(Reply('{"text": "I am  all ears. "}')).turns
    ('I am all ears.',)
    >>> turn.read(Reply('{"text": "*sighs* Well"}'))
    Traceback (most recent call last):
    pipeline.write.replies.BadReplyError: a sign that nobody speaks: '*'
    """

    exchanges: int | None
    longest: int
    reasoning: bool = False

    @cached_property
    def schema(self) -> dict[str, JsonValue]:
        """Its JSON schema. `reasoning` comes first, so that it is written first."""
        text: dict[str, JsonValue] = {"type": "string", "minLength": 1, "maxLength": self.longest}
        before: dict[str, JsonValue] = {"reasoning": {"type": "string"}} if self.reasoning else {}
        if self.exchanges is None:
            return _object(before | {"text": text})
        exchanges: dict[str, JsonValue] = {
            "type": "array",
            "items": _object({"user": text, "assistant": text}),
            "minItems": self.exchanges,
            "maxItems": self.exchanges,
        }
        return _object(before | {"exchanges": exchanges})

    def read(self, reply: Reply) -> Said:
        """The turns, fit to be spoken. Raises BadReplyError with the reason if they are not."""
        if reply.refusal or reply.finish_reason == _FILTERED:
            raise BadReplyError(f"refused: {_short(reply.refusal) or _FILTERED}")
        if reply.finish_reason == _CUT:
            raise BadReplyError("cut off at max_tokens")
        if not reply.text.strip():
            raise BadReplyError(f"empty (finish_reason {reply.finish_reason or 'none'})")
        try:
            texts, thought = self._texts(reply.text)
        except ValidationError as error:
            raise BadReplyError(_wrong(error)) from error
        turns = tuple(spoken(text, self.longest) for text in texts)
        return Said(turns, "\n".join(part for part in (reply.reasoning, thought) if part))

    def _texts(self, text: str) -> tuple[tuple[str, ...], str]:
        if self.exchanges is None:
            turn = (_TurnWithReasoning if self.reasoning else _Turn).model_validate_json(text)
            return (turn.text,), _thought(turn)
        dialogue = (_DialogueWithReasoning if self.reasoning else _Dialogue).model_validate_json(text)
        if len(dialogue.exchanges) != self.exchanges:
            raise BadReplyError(f"{len(dialogue.exchanges)} exchanges instead of {self.exchanges}")
        return tuple(text for one in dialogue.exchanges for text in (one.user, one.assistant)), _thought(dialogue)


def _thought(read: Frozen) -> str:
    return read.reasoning if isinstance(read, _TurnWithReasoning | _DialogueWithReasoning) else ""


def spoken(text: str, longest: int) -> str:
    """A turn's text as it is kept: any run of white space, line breaks included, is one space.

    Raises BadReplyError for what no voice can speak: other control and invisible characters, markup, pictures, brackets
    (which hold stage directions), no letter or digit at all; and for more than `longest` characters.
    """
    line = _WHITE.sub(" ", text).strip()
    if unspoken := _UNSPOKEN.search(line):
        raise BadReplyError(f"a sign that nobody speaks: {unspoken.group()!r}")
    if not line.isprintable():
        for sign in line:
            if unicodedata.category(sign) in _INVISIBLE and sign not in _JOINERS:
                raise BadReplyError(f"a control character: U+{ord(sign):04X}")
    if not any(map(str.isalnum, line)):
        raise BadReplyError("a turn with nothing to speak")
    if len(line) > longest:
        raise BadReplyError(f"a turn of {len(line)} characters, more than {longest}")
    return line


def _object(properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """A JSON object with these keys, all of them and no others, as strict servers want it said."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _wrong(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return f"no JSON: {_short(first['msg'])}"
    return f"not the shape asked for: {'.'.join(map(str, first['loc']))}: {_short(first['msg'])}"


def _short(text: str) -> str:
    return " ".join(text.split())[:120]
