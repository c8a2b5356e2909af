"""`llama-omni2`: JSON lines of turns, as LLaMA-Omni2 (arXiv 2505.02625) hears and says them.

Its training code is not public, nor is the format of its training lines. What is: the conversations that its inference
reads, and how it feeds its speech model, read at commit c8afa90 of ictnlp/LLaMA-Omni2. Lines have the keys of those
conversations, and what the speech model sees of each reply. What is easily got wrong: every other turn is the user's
and must be sound, since it is opened whatever it is; Whisper's input ends at 30 s and the rest is cut off without a
word; 3 text tokens to 10 units count the model's tokens and the one that ends the reply, `<|im_end|>`, is read too;
`<sep>` follows it, and then the rest of the units. How units are spelt in the speech model's tokenizer is not said.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue, Turn
from pipeline.engine.errors import UsageError
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record, gather_lines, read_lines
from pipeline.export.readme import page
from pipeline.export.sound import wav_faults, wav_name, write_wav
from pipeline.export.tokenizer import text_tokenizer
from pipeline.export.turns import Objection, unusable, unusable_units, unusable_words
from pipeline.interleave.spans import deinterleave, interleave
from pipeline.interleave.text_tokens import Piece, TextTokenizer, TokenizerError
from schemas.frozen import Frozen
from schemas.recipe import Recipe, Span
from schemas.voice import Role

VERSION = "1"
UNITS = ("s3",)
CODES = 6561
RATE = 16000
HEARD = 30.0
END = "<|im_end|>"
SEP = "<sep>"
RECIPE = Recipe.model_validate({"preset": "llama-omni2"})

_WHAT = """\
One line is one dialogue, with the keys of the conversations that LLaMA-Omni2's inference reads. A reply has `units`,
and `interleaved`: what its speech model sees of it, 3 text tokens to 10 units, with the ids of the text. Its training
code is not public; so the keys that it reads and the spelling of units there are not known. Units must be those of
CosyVoice 2, not 3. The files SPLIT-questions.json hold the same dialogues without the last reply, for its inference:"""
_COMMAND = """\
python llama_omni2/inference/run_llama_omni2.py --model_path models/LLaMA-Omni2-7B-Bilingual \\
    --question_file $OUT/test-questions.json --answer_file $OUT-answers/answers.jsonl --temperature 0 --s2s"""


@dataclass(frozen=True)
class WithEnd:
    """The model's tokenizer, with the token that ends a reply after each text."""

    tokenizer: TextTokenizer
    end: Piece

    def cut(self, text: str) -> Sequence[Piece]:
        """Raises TokenizerError for a text that the tokenizer does not give back."""
        return [*self.tokenizer.cut(text), self.end]


def build(settings: ExportSettings) -> "LlamaOmni2":
    """The format. Raises UsageError without the model's tokenizer."""
    tokenizer = text_tokenizer(settings, "llama-omni2")
    end = tokenizer.cut(END)
    if len(end) != 1:
        raise UsageError(f"--tokenizer {settings.tokenizer} has no token {END}: name the one of LLaMA-Omni2 or Qwen2.5")
    return LlamaOmni2(settings, WithEnd(tokenizer, end[0]))


class LlamaOmni2(JsonlFormat):
    """See the module."""

    def __init__(self, settings: ExportSettings, tokenizer: WithEnd) -> None:
        super().__init__(settings, UNITS[0])
        self._tokenizer = tokenizer

    def gather(self, out: Path, parts: Sequence[Part]) -> None:
        """One file of lines a split, and one of questions."""
        gather_lines(out, parts)
        for split in dict.fromkeys(part.split for part in parts):
            draft = out / f".unfinished-{split}.json"
            with draft.open("w", encoding="utf-8") as target:
                for number, line in enumerate(read_lines(out / f"{split}.jsonl")):
                    target.write(("[" if number == 0 else ",") + "\n" + _question(_LINE.validate_python(line)))
                target.write("\n]\n" if target.tell() else "[]\n")
            draft.replace(out / f"{split}-questions.json")

    def line_faults(self, line: JsonValue, part: Part) -> Iterator[str]:
        """What its inference cannot open, and what its speech model would see otherwise."""
        return line_faults(line, part)

    def readme(self, facts: Facts) -> str:
        """What is known of it, and how its inference reads it."""
        return page("LLaMA-Omni2", facts, [self._kind], _WHAT, _COMMAND)

    def lines(self, part: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """One line, with every turn's sound beside it."""
        turns: list[JsonValue] = []
        for number, turn in enumerate(dialogue.turns):
            said = self._objection(turn) or self._steps(turn)
            if isinstance(said, Objection):
                yield LeftOut(dialogue.id, number, said.check, said.message)
                return
            turns.append(self._turn(part, dialogue, number, said))
        for number, turn in enumerate(dialogue.turns):
            write_wav(wav_name(part, dialogue, number), turn.recording(), RATE)
        yield Record({"id": dialogue.id, "conversation": turns}, sum(turn.duration for turn in dialogue.turns))

    def _objection(self, turn: Turn) -> Objection | None:
        if turn.flac is None:
            return Objection("typed", "the turn is typed, and every turn of the user is opened as sound")
        if turn.role is Role.USER:
            return unusable(turn, 0.0, min(HEARD, self._settings.longest))
        found = unusable(turn, 0.0, self._settings.longest) or unusable_words(turn)
        return found or unusable_units(turn, self._kind, CODES)

    def _steps(self, turn: Turn) -> tuple[Span, ...] | Objection:
        if turn.role is Role.USER:
            return ()
        try:
            return interleave(turn.text, turn.units[self._kind], RECIPE, self._tokenizer)
        except TokenizerError as error:
            return Objection("tokenizer", str(error))

    def _turn(self, part: Part, dialogue: Dialogue, number: int, steps: tuple[Span, ...]) -> JsonValue:
        turn = dialogue.turns[number]
        speech = part.named(wav_name(part, dialogue, number))
        if turn.role is Role.USER:
            return {"from": "human", "text": turn.text, "speech": speech}
        units: list[JsonValue] = [*turn.units[self._kind]]
        seen: list[JsonValue] = [step.model_dump(mode="json", exclude_defaults=True) for step in steps]
        return {"from": "gpt", "text": turn.text, "speech": speech, "units": units, "interleaved": seen}


class _Turn(Frozen):
    from_: str = Field(alias="from", pattern="^(human|gpt)$")
    text: str = Field(min_length=1)
    speech: str = Field(min_length=1)
    units: tuple[int, ...] = ()
    interleaved: tuple[Span, ...] = ()


class _Line(Frozen):
    id: str
    conversation: tuple[_Turn, ...] = Field(min_length=2)


_LINE = TypeAdapter(_Line)


def _question(line: _Line) -> str:
    """The dialogue without its last reply: a question ends in the user's turn."""
    asked = [{"from": one.from_, "text": one.text, "speech": one.speech} for one in line.conversation[:-1]]
    return json.dumps({"id": line.id, "conversation": asked}, ensure_ascii=False)


def line_faults(line: JsonValue, part: Part) -> Iterator[str]:
    """What breaks the rules of conversations, checked against the files that they name."""
    try:
        read = _LINE.validate_python(line)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"])
        return
    if [turn.from_ for turn in read.conversation] != ["human", "gpt"] * (len(read.conversation) // 2):
        yield "user and assistant do not take turns"
    for number, turn in enumerate(read.conversation):
        path = part.located(turn.speech)
        faults = wav_faults(path, RATE, 1, 0.0)
        if not faults and turn.from_ == "human" and soundfile.info(path).frames > HEARD * RATE:
            faults = [f"{path.name} is longer than {HEARD:g} s, and what is over is not heard"]
        yield from (f"turn {number}: {fault}" for fault in (*faults, *_reply_faults(turn)))


def _reply_faults(turn: _Turn) -> Iterator[str]:
    if turn.from_ == "human":
        if turn.units or turn.interleaved:
            yield "the user's turn has units"
        return
    if not turn.units or max(turn.units) >= CODES:
        yield f"no units, or units of {CODES} and more"
    if deinterleave(turn.interleaved) != (turn.text + END, turn.units):
        yield "the steps do not give back text, end and units"
    texts = [len(step.tokens) for step in turn.interleaved if step.tokens]
    units = [len(step.units) for step in turn.interleaved if step.units]
    if set(texts[:-1]) - {RECIPE.text_span} or set(units[:-1]) - {RECIPE.speech_span}:
        yield f"runs of {texts} text tokens and {units} units"
    kinds = "".join("T" if step.tokens else "U" if step.units else step.marker for step in turn.interleaved)
    if kinds.count(SEP) != 1 or not kinds.partition(SEP)[0].endswith("T") or "T" in kinds.partition(SEP)[2]:
        yield f"{SEP} does not follow the last text"
