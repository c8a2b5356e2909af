"""`glm-4-voice`: JSON lines of text as GLM-4-Voice (arXiv 2412.02612) reads and writes it.

Its training code and data are not public. What is: the prompt that its demo makes and the tokens that it expects back,
read at commit eb00ce9 of THUDM/GLM-4-Voice. A line is such a prompt with its replies in place, turn after turn. What is
easily got wrong: the system prompt for speech ends in a space and the one for text does not, and the first turn decides
which it is; the user's speech stands between two markers and the reply's does not; 13 and 26 count tokens of the model,
and the text is tokenized again in training, so that each run of text must give the same tokens when it stands alone; a
reply ends with `<|user|>`, which is also how the next turn begins.
"""

import re
from collections.abc import Iterator, Sequence

from pydantic import JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue, Turn
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record
from pipeline.export.readme import page
from pipeline.export.tokenizer import text_tokenizer
from pipeline.export.turns import Objection, unusable, unusable_units, unusable_words
from pipeline.interleave.spans import interleave, rendered
from pipeline.interleave.text_tokens import TextTokenizer, TokenizerError
from schemas.frozen import Frozen
from schemas.recipe import Recipe
from schemas.voice import Role

VERSION = "1"
UNITS = ("glm4voice",)
CODES = 16384
RECIPE = Recipe.model_validate({"preset": "glm-4-voice"})

_ASKED = (
    "Do it step by step. First, think about the instruction and respond in a interleaved manner, "
    "with 13 text token followed by 26 audio tokens."
)
FOR_SPEECH = f"User will provide you with a speech instruction. {_ASKED} "
FOR_TEXT = f"User will provide you with a text instruction. {_ASKED}"
"""The demo's system prompts, to the letter."""

_COMMAND = """\
python - "$OUT/train.jsonl" <<'END'
import json, sys
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained("THUDM/glm-4-voice-9b", trust_remote_code=True)
for line in open(sys.argv[1], encoding="utf-8"):
    row, at, ids, labels = json.loads(line), 0, [], []
    for start, end in row["replies"]:
        given = tokenizer(row["text"][at:start], add_special_tokens=at == 0)["input_ids"]
        said = tokenizer(row["text"][start:end], add_special_tokens=False)["input_ids"]
        ids, labels, at = ids + given + said, labels + [-100] * len(given) + said, end
END"""
_WHAT = """\
One line is one dialogue. `text` is all of it, in the prompt of the model's own demo; `replies` are the pieces that the
model is to say, from character to character, each with the token that ends it. The training code of GLM-4-Voice is not
public, so there is no command of its own; this makes tokens, and labels that leave out what is not said:"""


def build(settings: ExportSettings) -> "Glm4Voice":
    """The format. Raises UsageError without a tokenizer."""
    return Glm4Voice(settings, text_tokenizer(settings, "glm-4-voice"))


class Glm4Voice(JsonlFormat):
    """See the module."""

    def __init__(self, settings: ExportSettings, tokenizer: TextTokenizer) -> None:
        super().__init__(settings, UNITS[0])
        self._tokenizer = tokenizer

    def line_faults(self, line: JsonValue, _: Part) -> Iterator[str]:
        """What is no prompt of theirs, or not interleaved by their counts."""
        return line_faults(line, self._tokenizer)

    def readme(self, facts: Facts) -> str:
        """How to make tokens of it."""
        return page("GLM-4-Voice", facts, [self._kind], _WHAT, _COMMAND)

    def lines(self, _: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """One line: the prompt, and where the replies stand in it."""
        text = f"<|system|>\n{FOR_TEXT if dialogue.turns[0].flac is None else FOR_SPEECH}<|user|>"
        replies: list[JsonValue] = []
        for number, turn in enumerate(dialogue.turns):
            said = self._objection(turn) or self._said(turn)
            if isinstance(said, Objection):
                yield LeftOut(dialogue.id, number, said.check, said.message)
                return
            if turn.role is Role.ASSISTANT:
                replies.append([len(text) + len(RECIPE.markers.begin), len(text) + len(said)])
            text += said
        line: dict[str, JsonValue] = {"id": dialogue.id, "text": text, "replies": replies}
        yield Record(line, sum(turn.duration for turn in dialogue.turns))

    def _objection(self, turn: Turn) -> Objection | None:
        found = unusable(turn, 0.0, self._settings.longest)
        if found is None and (turn.role is Role.ASSISTANT or turn.flac is None):
            found = unusable_words(turn)
        if found is None and (turn.role is Role.ASSISTANT or turn.flac is not None):
            found = unusable_units(turn, self._kind, CODES)
        return found

    def _said(self, turn: Turn) -> str | Objection:
        """The turn as it stands in the prompt."""
        units = turn.units.get(self._kind, ())
        if turn.role is Role.USER:
            return "\n" + (f"<|begin_of_audio|>{_spelt(units)}<|end_of_audio|>" if units else turn.text)
        try:
            spans = interleave(turn.text, units, RECIPE, self._tokenizer)
            for span in spans:
                if span.tokens != tuple(piece.token for piece in self._tokenizer.cut(span.text)):
                    return Objection("tokenizer", f"{span.text!r} gives other tokens when it stands between units")
        except TokenizerError as error:
            return Objection("tokenizer", str(error))
        return rendered(spans, RECIPE)


def _spelt(units: Sequence[int]) -> str:
    return "".join(map(RECIPE.unit.format, units))


class _Line(Frozen):
    id: str
    text: str
    replies: tuple[tuple[int, int], ...]


_LINE = TypeAdapter(_Line)
_UNIT = r"<\|audio_\d+\|>"
_CHARACTER = r"(?:[^<]|<(?!\|))"
_PROMPT = re.compile(rf"<\|system\|>\n(?:{re.escape(FOR_SPEECH)}|{re.escape(FOR_TEXT)})<\|user\|>")
_EXCHANGE = re.compile(
    rf"\n(?P<user><\|begin_of_audio\|>(?:{_UNIT})+<\|end_of_audio\|>|{_CHARACTER}+)"
    rf"{re.escape(RECIPE.markers.begin)}(?P<reply>(?:{_UNIT}|{_CHARACTER})+{re.escape(RECIPE.markers.end)})"
)
_RUNS = re.compile(rf"(?P<units>(?:{_UNIT})+)|(?P<text>{_CHARACTER}+)")


def line_faults(line: JsonValue, tokenizer: TextTokenizer) -> Iterator[str]:
    """What breaks the rules of their prompts."""
    try:
        read = _LINE.validate_python(line)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"])
        return
    begun = _PROMPT.match(read.text)
    exchanges = list(_EXCHANGE.finditer(read.text, begun.end() if begun else 0))
    if begun is None or "".join([begun[0], *(one[0] for one in exchanges)]) != read.text or not exchanges:
        yield "it is no prompt of the demo with its replies"
        return
    if (exchanges[0]["user"].startswith("<|begin")) != (FOR_SPEECH in begun[0]):
        yield "the system prompt is not the one for the first turn"
    if [one.span("reply") for one in exchanges] != list(read.replies):
        yield "replies do not say where the replies are"
    if any(int(unit) >= CODES for unit in re.findall(r"<\|audio_(\d+)\|>", read.text)):
        yield f"the model has {CODES} units"
    for one in exchanges:
        yield from _reply_faults(one["reply"].removesuffix(RECIPE.markers.end), tokenizer)


def _reply_faults(reply: str, tokenizer: TextTokenizer) -> Iterator[str]:
    """All runs of text but the last are full; all runs of units but the last."""
    runs = list(_RUNS.finditer(reply))
    texts = [len(tokenizer.cut(run["text"])) for run in runs if run["text"]]
    units = [run["units"].count("<|audio_") for run in runs if run["units"]]
    if set(texts[:-1]) - {RECIPE.text_span} or set(units[:-1]) - {RECIPE.speech_span}:
        yield f"a reply has runs of {texts} text tokens and {units} units"
    if not texts or runs[0]["units"]:
        yield "a reply does not begin with text"
