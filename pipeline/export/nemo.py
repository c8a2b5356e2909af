"""`nemo`: multimodal conversations, as NVIDIA NeMo's SpeechLM2 (SALM, Canary-Qwen) trains on.

Read in NVIDIA/NeMo at commit 01c2264: nemo/collections/common/data/lhotse/text_adapters.py (the reader) and cutset.py,
examples/speechlm2. The user's turns are sound, the assistant's are text. A line needs an `id`; roles are told by their
first letters' case only in writing, `type` is `audio` or `text`. What goes wrong without a word: `audio_locator_tag` in
a text is taken for a sound; turns of one side in a row are joined; the last turn is what an answer is scored by.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record, read_lines
from pipeline.export.listening import RATE, SHORTEST, is_heard, objection, write_heard
from pipeline.export.readme import page
from pipeline.export.sound import wav_faults
from schemas.frozen import Frozen

VERSION = "1"
UNITS = ()
TAG = "<|audioplaceholder|>"
TAGS = (TAG, "<|audio|>", "<audio>")

_INPUT = "[{{type: multimodal_conversation, manifest_filepath: '$OUT/{}.jsonl', audio_locator_tag: '{}'}}]"
_COMMAND = f"""\
python examples/speechlm2/salm_train.py --config-name salm \\
    "data.train_ds.input_cfg={_INPUT.format("train", TAG)}" \\
    "data.validation_ds.datasets.val_set_0.input_cfg={_INPUT.format("validation", TAG)}\""""

_WHAT = """\
One line is one dialogue: `id`, `conversations` with a turn each (the user's sound as a file, the assistant's text), and
`custom`, which training passes by. NeMo of 2025 stops at a batch without any sound, later versions do not: where many
dialogues are typed, make batches larger, or put `"_skipme": true` into their `custom`. In the checkout of NeMo:"""


def build(settings: ExportSettings) -> "NeMo":
    """The format."""
    return NeMo(settings)


class NeMo(JsonlFormat):
    """See the module."""

    def faults(self, part: Part) -> Iterator[str]:
        """What their reader would refuse or misread."""
        seen: set[str] = set()
        for number, line in enumerate(read_lines(part.notes), start=1):
            yield from (f"line {number}: {fault}" for fault in line_faults(line, part, seen))

    def line_faults(self, line: JsonValue, part: Part) -> Iterator[str]:
        """What their reader would refuse or misread."""
        return line_faults(line, part, set())

    def readme(self, facts: Facts) -> str:
        """How to train on it."""
        return page("NeMo", facts, [], _WHAT, _COMMAND)

    def lines(self, part: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """One line, or why there is none."""
        if reason := objection(dialogue, self._settings.longest, TAGS):
            yield reason
            return
        turns: list[JsonValue] = []
        seconds = 0.0
        for number, turn in enumerate(dialogue.turns):
            said: dict[str, JsonValue] = {"from": str(turn.role).title(), "type": "text", "value": turn.text}
            if is_heard(turn):
                name, duration = write_heard(part, dialogue, number)
                said |= {"type": "audio", "value": name, "duration": duration, "text": turn.text}
                seconds += duration
            turns.append(said)
        custom: dict[str, JsonValue] = {"language": dialogue.language, "emotion": dialogue.user.emotion}
        yield Record({"id": dialogue.id, "conversations": turns, "custom": custom}, seconds)


class _Turn(Frozen):
    side: Literal["User", "Assistant"] = Field(alias="from")
    type: Literal["text", "audio"]
    value: str = Field(min_length=1)
    duration: float | None = None
    text: str | None = None


class _Line(Frozen):
    id: str
    conversations: tuple[_Turn, ...] = Field(min_length=2)
    custom: dict[str, JsonValue]


_LINE = TypeAdapter(_Line)


def line_faults(line: JsonValue, part: Part, seen: set[str]) -> Iterator[str]:
    """What breaks the rules, checked against the files that the line names. `seen` are the ids of earlier lines."""
    try:
        read = _LINE.validate_python(line)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"])
        return
    if read.id in seen:
        yield f"{read.id} is there twice"
    seen.add(read.id)
    if read.conversations[-1].side != "Assistant":
        yield "nothing answers the last turn"
    for turn in read.conversations:
        if turn.type == "text" and any(tag in turn.value for tag in TAGS):
            yield "a text holds the mark of a sound"
        if turn.type == "audio":
            if turn.side == "Assistant" or turn.duration is None:
                yield "a sound is the assistant's, or has no duration"
            yield from wav_faults(part.located(turn.value), RATE, 1, SHORTEST)
