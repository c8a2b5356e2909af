"""`ms-swift`: messages and sounds, as ms-swift trains Qwen2-Audio, Qwen2.5-Omni and their like on.

Read in modelscope/ms-swift at commit 3602360: docs/source_en/Customization/Custom-dataset.md, swift/template/base.py,
swift/dataset/preprocessor. The user's turns are `<audio>` and a path in `audios`, the assistant's are text. What goes
wrong without a word: where there are fewer marks than sounds the missing ones are put before the first message, and of
more marks the last are read as text; so a text may hold none of the marks for sounds and pictures.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record
from pipeline.export.listening import RATE, SHORTEST, is_heard, objection, write_heard
from pipeline.export.readme import page
from pipeline.export.sound import wav_faults
from schemas.frozen import Frozen

VERSION = "1"
UNITS = ()
TAG = "<audio>"
TAGS = (TAG, "<image>", "<video>", "<bbox>", "<ref-object>", "<cot-process>", "<start-image>")

_COMMAND = """\
ENABLE_AUDIO_OUTPUT=0 swift sft --model Qwen/Qwen2.5-Omni-7B \\
    --dataset $OUT/train.jsonl --val_dataset $OUT/validation.jsonl \\
    --tuner_type lora --torch_dtype bfloat16 --target_modules all-linear --freeze_vit true --freeze_aligner true \\
    --per_device_train_batch_size 1 --gradient_accumulation_steps 16 --learning_rate 1e-4 --max_length 4096 \\
    --output_dir output"""

_WHAT = """\
One line is one dialogue: `messages`, in which `<audio>` stands for each sound, and `audios`, the sounds in their order.
Only the assistant's text is learnt; its speech is not in here. With ms-swift installed:"""


def build(settings: ExportSettings) -> "MsSwift":
    """The format."""
    return MsSwift(settings)


class MsSwift(JsonlFormat):
    """See the module."""

    def line_faults(self, line: JsonValue, part: Part) -> Iterator[str]:
        """What they would refuse or misread."""
        return line_faults(line, part)

    def readme(self, facts: Facts) -> str:
        """How to train on it."""
        return page("ms-swift", facts, [], _WHAT, _COMMAND)

    def lines(self, part: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """One line, or why there is none."""
        if reason := objection(dialogue, self._settings.longest, TAGS):
            yield reason
            return
        messages: list[JsonValue] = []
        audios: list[JsonValue] = []
        seconds = 0.0
        for number, turn in enumerate(dialogue.turns):
            content = turn.text
            if is_heard(turn):
                name, duration = write_heard(part, dialogue, number)
                content, seconds = TAG, seconds + duration
                audios.append(name)
            messages.append({"role": str(turn.role), "content": content})
        yield Record({"messages": messages, "audios": audios}, seconds)


class _Message(Frozen):
    role: Literal["user", "assistant"]
    content: str = Field(min_length=1)


class _Line(Frozen):
    messages: tuple[_Message, ...] = Field(min_length=2)
    audios: tuple[str, ...]


_LINE = TypeAdapter(_Line)


def line_faults(line: JsonValue, part: Part) -> Iterator[str]:
    """What breaks the rules, checked against the files that the line names."""
    try:
        read = _LINE.validate_python(line)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"])
        return
    if read.messages[-1].role != "assistant":
        yield "nothing answers the last message"
    marks = sum(message.content.count(TAG) for message in read.messages)
    if marks != len(read.audios):
        yield f"{marks} marks for {len(read.audios)} sounds"
    for message in read.messages:
        if any(tag in message.content for tag in TAGS) and (message.role, message.content) != ("user", TAG):
            yield "a text holds the mark of a sound or picture"
    for name in read.audios:
        yield from wav_faults(part.located(name), RATE, 1, SHORTEST)
