"""`opens2s`: JSON lines of messages, as OpenS2S (arXiv 2507.05177) trains on.

The user's turns are 16 kHz mono WAV, since their loader needs sox for other rates and drops what it cannot read without
a word; the assistant's are text with units of the GLM-4-Voice tokenizer. Text and units are interleaved by their model,
not here. Facts from their public code at commit 359565c: one key a line, four in each item, at most one speech item a
turn of the assistant, no clip under 0.5 s, no path with two colons, no system message.
"""

import re
from collections.abc import Iterator

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record
from pipeline.export.readme import page
from pipeline.export.sound import wav_faults, wav_name, write_wav
from pipeline.export.turns import unusable, unusable_units
from schemas.frozen import Frozen
from schemas.voice import Role

VERSION = "1"
UNITS = ("glm4voice",)
CODES = 16384
RATE = 16000
SHORTEST = 0.5
UNIT = "<|audio_{}|>"

_COMMAND = """\
python src/instruction_dataset.py offline --dataroot $OUT --manifest_files 'train.jsonl' \\
    --llm_path LLM --tts_path TTS --save_dir processed --num_proc 16
data_dir=processed SAVE_ROOT=checkpoints bash scripts/train_from_scratch.sh"""
_UNIT = re.compile(r"<\|audio_(\d+)\|>")


def build(settings: ExportSettings) -> "OpenS2S":
    """The format, for one kind of units."""
    return OpenS2S(settings, UNITS[0])


class OpenS2S(JsonlFormat):
    """See the module."""

    def line_faults(self, line: JsonValue, part: Part) -> Iterator[str]:
        """What their loader would refuse, drop or misread."""
        return line_faults(line, part)

    def readme(self, facts: Facts) -> str:
        """How to train on it."""
        return page(
            "OpenS2S",
            facts,
            [self._kind],
            "One line is one dialogue: `messages`, each with `content` of four keys. In the checkout of OpenS2S:",
            _COMMAND,
        )

    def lines(self, part: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """One line, or why there is none."""
        reason = next(self._objections(dialogue), None)
        if reason is not None:
            yield reason
            return
        messages: list[JsonValue] = []
        seconds = 0.0
        for number, turn in enumerate(dialogue.turns):
            item = {"text": "", "audio": "", "speech_units": "", "spk_emb": ""}
            if turn.role is Role.USER and turn.flac is not None:
                path = wav_name(part, dialogue, number)
                seconds += write_wav(path, turn.recording(), RATE)
                item["audio"] = part.named(path)
            else:
                item["text"] = turn.text
            if turn.role is Role.ASSISTANT:
                seconds += turn.duration
                item["speech_units"] = "".join(map(UNIT.format, turn.units[self._kind]))
            content: list[JsonValue] = [dict(item)]
            messages.append({"role": str(turn.role), "content": content})
        yield Record({"messages": messages}, seconds)

    def _objections(self, dialogue: Dialogue) -> Iterator[LeftOut]:
        for number, turn in enumerate(dialogue.turns):
            found = unusable(turn, SHORTEST, self._settings.longest)
            if found is None and turn.role is Role.ASSISTANT:
                found = unusable_units(turn, self._kind, CODES)
            if found is not None:
                yield LeftOut(dialogue.id, number, found.check, found.message)


class _Item(Frozen):
    text: str
    audio: str
    speech_units: str = Field(pattern=r"^(<\|audio_\d+\|>)*$")
    spk_emb: str


class _Message(Frozen):
    role: Role
    content: tuple[_Item, ...] = Field(min_length=1)


class _Line(Frozen):
    messages: tuple[_Message, ...] = Field(min_length=2)


_LINE = TypeAdapter(_Line)


def line_faults(line: JsonValue, part: Part) -> Iterator[str]:
    """What breaks the rules of the training lines, checked against the files that they name."""
    try:
        read = _LINE.validate_python(line)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"])
        return
    for number, message in enumerate(read.messages):
        yield from (f"message {number}: {fault}" for fault in _message_faults(message, part))


def _message_faults(message: _Message, part: Part) -> Iterator[str]:
    spoken = [item for item in message.content if item.speech_units]
    if message.role is Role.USER and spoken:
        yield "units may stand in the assistant's items only"
    if len(spoken) > 1:
        yield "two speech items in one turn"
    for item in message.content:
        if item.audio and (message.role is Role.ASSISTANT or item.text):
            yield "audio stands in the assistant's turn, or beside text, which is dropped then"
        if not (item.audio or item.text):
            yield "an item says nothing"
        if item.audio.count(":") == 2:
            yield f"{item.audio} has two colons, which stand for a piece of a file"
        if item.audio:
            yield from wav_faults(part.located(item.audio), RATE, 1, SHORTEST)
        units = [int(unit) for unit in _UNIT.findall(item.speech_units)]
        if any(unit >= CODES for unit in units):
            yield f"a unit is {max(units)}, and the model has {CODES} codes"
