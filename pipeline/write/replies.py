"""What a language model is asked to give, as a JSON schema, and what is made of what it gave."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue, ValidationError

from pipeline.engine.chat import BadReplyError, Reply, json_object, misfit, shortened
from schemas.frozen import Frozen

_WHITE = re.compile(r"\s+")
_UNSPOKEN = re.compile(
    r"[][*_#`~^|\\<>{}()（）［］【】｛｝＜＞＊＿＃�]"  # markdown, markup, stage directions, what was garbled
    r"|[\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff]"  # pictures
)
_TAG = re.compile(r"\[([^\[\]]+)\]")
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn"}
_JOINERS = "\u200c\u200d"
"""Format characters that belong to the spelling of Persian and Indian languages."""


@dataclass(frozen=True)
class Said:
    """A reply that will do: its turns, and what was thought before them."""

    turns: tuple[str, ...]
    reasoning: str
    emotion: str = ""


class _Exchange(Frozen):
    user: str
    assistant: str


class _Dialogue(Frozen):
    exchanges: tuple[_Exchange, ...]


class _DialogueWithReasoning(_Dialogue):
    reasoning: str


class _Turn(Frozen):
    text: str


class _TurnAndMore(_Turn):
    reasoning: str = ""
    emotion: str = ""


@dataclass(frozen=True)
class Shape:
    """The shape of a reply: a dialogue of so many `exchanges`, or one turn if None. A turn has `longest` characters.

    A turn may name one of the `emotions`, if there are any, and hold the inline `tags`.

    >>> turn = Shape(exchanges=None, longest=40)
    >>> turn.read(Reply('{"text": "I am  all ears. "}')).turns
    ('I am all ears.',)
    >>> turn.read(Reply('{"text": "*sighs* Well"}'))
    Traceback (most recent call last):
    pipeline.engine.chat.BadReplyError: a sign that nobody speaks: '*'
    """

    exchanges: int | None
    longest: int
    reasoning: bool = False
    emotions: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()

    @cached_property
    def schema(self) -> dict[str, JsonValue]:
        """Its JSON schema. `reasoning` comes first, so that it is written first."""
        text: dict[str, JsonValue] = {"type": "string", "minLength": 1, "maxLength": self.longest}
        before: dict[str, JsonValue] = {"reasoning": {"type": "string"}} if self.reasoning else {}
        if self.exchanges is None:
            named: dict[str, JsonValue] = {"emotion": {"type": "string", "enum": list(self.emotions)}}
            return json_object(before | (named if self.emotions else {}) | {"text": text})
        exchanges: dict[str, JsonValue] = {
            "type": "array",
            "items": json_object({"user": text, "assistant": text}),
            "minItems": self.exchanges,
            "maxItems": self.exchanges,
        }
        return json_object(before | {"exchanges": exchanges})

    def read(self, reply: Reply) -> Said:
        """The turns, fit to be spoken. Raises BadReplyError with the reason if they are not."""
        try:
            texts, thought, emotion = self._parts(reply.whole_text)
        except ValidationError as error:
            raise misfit(error) from error
        turns = tuple(spoken(text, self.longest, self.tags) for text in texts)
        return Said(turns, "\n".join(part for part in (reply.reasoning, thought) if part), emotion)

    def _parts(self, text: str) -> tuple[tuple[str, ...], str, str]:
        """The texts, what was thought, and the emotion that the reply names."""
        if self.exchanges is None:
            turn = _TurnAndMore.model_validate_json(text)
            self._only(turn.model_fields_set)
            if self.emotions and turn.emotion not in self.emotions:
                raise BadReplyError(
                    f"names the emotion {shortened(turn.emotion)!r}, none of {', '.join(self.emotions)}"
                )
            return (turn.text,), turn.reasoning, turn.emotion
        dialogue = (_DialogueWithReasoning if self.reasoning else _Dialogue).model_validate_json(text)
        if len(dialogue.exchanges) != self.exchanges:
            raise BadReplyError(f"{len(dialogue.exchanges)} exchanges instead of {self.exchanges}")
        texts = tuple(text for one in dialogue.exchanges for text in (one.user, one.assistant))
        return texts, dialogue.reasoning if isinstance(dialogue, _DialogueWithReasoning) else "", ""

    def _only(self, given: set[str]) -> None:
        """All keys that were asked for, and no others."""
        asked = {"text"} | ({"reasoning"} if self.reasoning else set()) | ({"emotion"} if self.emotions else set())
        for name in sorted(given ^ asked):
            wrong = "Field required" if name in asked else "not asked for"
            raise BadReplyError(f"not the shape asked for: {name}: {wrong}")


def spoken(text: str, longest: int, tags: frozenset[str] = frozenset()) -> str:
    """A turn's text as it is kept: any run of white space, line breaks included, is one space.

    Raises BadReplyError for what no voice can speak: other control and invisible characters, markup, pictures, brackets
    (which hold stage directions), no letter or digit at all; and for more than `longest` characters. The `tags` may
    stand in square brackets: the engine renders them.
    """
    line = _WHITE.sub(" ", text).strip()
    bare = _TAG.sub(lambda found: "" if found.group(1) in tags else found.group(), line) if tags else line
    if unspoken := _UNSPOKEN.search(bare):
        raise BadReplyError(f"a sign that nobody speaks: {unspoken.group()!r}")
    if not line.isprintable():
        for sign in line:
            if unicodedata.category(sign) in _INVISIBLE and sign not in _JOINERS:
                raise BadReplyError(f"a control character: U+{ord(sign):04X}")
    if not any(map(str.isalnum, bare)):
        raise BadReplyError("a turn with nothing to speak")
    if len(line) > longest:
        raise BadReplyError(f"a turn of {len(line)} characters, more than {longest}")
    return line
