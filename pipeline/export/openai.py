"""`openai`: JSON lines of chat messages with `input_audio`, as servers that speak OpenAI's protocol take them.

Facts from the types of the `openai` package 3.52. The user's sound is WAV in base64, in a part of the message's
content; replies are text, since an earlier spoken reply can only be named by the id that a server gave it. All content
is a list of parts, that of typed turns and replies too: a column that is text here and a list there fits no table.
"""

import base64
import binascii
import io
from collections.abc import Iterator
from typing import Annotated, Literal

import soundfile
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue, Turn
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record
from pipeline.export.readme import page
from pipeline.export.sound import wav_bytes
from pipeline.export.turns import unusable
from schemas.frozen import Frozen
from schemas.voice import Role

VERSION = "1"
UNITS = ()
RATE = 16000

_WHAT = """\
One line is one dialogue: `messages`, the user's as WAV in base64 (16 kHz), the assistant's as text. Trainers that know
chat messages take them whole; a server takes them without the last, and its reply can be held against that:"""
_COMMAND = """\
vllm serve Qwen/Qwen2-Audio-7B-Instruct --limit-mm-per-prompt '{"audio": 8}' &
python - "$OUT/test.jsonl" <<'END'
import json, sys
from openai import OpenAI
server = OpenAI(base_url="http://localhost:8000/v1", api_key="none")
for line in open(sys.argv[1], encoding="utf-8"):
    messages = json.loads(line)["messages"]
    given = server.chat.completions.create(model="Qwen/Qwen2-Audio-7B-Instruct", messages=messages[:-1])
    print(messages[-1]["content"][0]["text"], "|", given.choices[0].message.content)
END"""


def build(settings: ExportSettings) -> "OpenAI":
    """The format."""
    return OpenAI(settings)


class OpenAI(JsonlFormat):
    """See the module."""

    def line_faults(self, line: JsonValue, _: Part) -> Iterator[str]:
        """What a server would refuse."""
        return line_faults(line)

    def readme(self, facts: Facts) -> str:
        """How to send it."""
        return page("servers that speak OpenAI's protocol", facts, [], _WHAT, _COMMAND)

    def lines(self, _: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """One line with the sounds in it."""
        messages: list[JsonValue] = []
        seconds = 0.0
        for number, turn in enumerate(dialogue.turns):
            if found := unusable(turn, 0.0, self._settings.longest):
                yield LeftOut(dialogue.id, number, found.check, found.message)
                return
            seconds += turn.duration if turn.role is Role.USER else 0.0
            content: list[JsonValue] = [_part(turn)]
            messages.append({"role": str(turn.role), "content": content})
        yield Record({"id": dialogue.id, "messages": messages}, seconds)


def _part(turn: Turn) -> JsonValue:
    if turn.role is Role.ASSISTANT or turn.flac is None:
        return {"type": "text", "text": turn.text}
    data = base64.b64encode(wav_bytes(turn.recording(), RATE)).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


class _Text(Frozen):
    type: Literal["text"]
    text: str = Field(min_length=1)


class _Audio(Frozen):
    data: str
    format: Literal["wav"]


class _Sound(Frozen):
    type: Literal["input_audio"]
    input_audio: _Audio


class _User(Frozen):
    role: Literal["user"]
    content: tuple[Annotated[_Text | _Sound, Field(discriminator="type")], ...] = Field(min_length=1)


class _Assistant(Frozen):
    role: Literal["assistant"]
    content: tuple[_Text, ...] = Field(min_length=1)


class _Line(Frozen):
    id: str
    messages: tuple[Annotated[_User | _Assistant, Field(discriminator="role")], ...] = Field(min_length=2)


_LINE = TypeAdapter(_Line)


def line_faults(line: JsonValue) -> Iterator[str]:
    """What breaks the rules of chat messages."""
    try:
        read = _LINE.validate_python(line)
    except ValidationError as error:
        yield "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:2])
        return
    if [message.role for message in read.messages] != ["user", "assistant"] * (len(read.messages) // 2):
        yield "user and assistant do not take turns"
    for number, message in enumerate(read.messages):
        for part in message.content:
            if isinstance(part, _Sound):
                yield from (f"message {number}: {fault}" for fault in _sound_faults(part.input_audio.data))


def _sound_faults(data: str) -> Iterator[str]:
    try:
        info = soundfile.info(io.BytesIO(base64.b64decode(data, validate=True)))
    except (binascii.Error, soundfile.LibsndfileError) as error:
        yield f"its sound cannot be read: {error}"
        return
    if (info.format, info.subtype, info.samplerate, info.channels) != ("WAV", "PCM_16", RATE, 1) or not info.frames:
        yield f"its sound is {info.format} {info.subtype}, {info.samplerate} Hz, {info.channels} channels"
