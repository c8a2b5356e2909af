"""`blsp-emo`: what the user says, the feeling in it and the reply, as BLSP-Emo (arXiv 2406.03872) trains on.

Read in cwang621/blsp-emo at commit e27b8da: src/instruction_dataset.py, emotion_text_generation.py, data_process. One
line is one turn of the user that the assistant answers, as a row of their emotion stage. What goes wrong without a
word: sounds below 1 s or above 30 s, and those that cannot be read, are dropped; so are rows of more than `max_length`
tokens; sound at another rate than 16 kHz needs sox; two colons in a path stand for a piece of a file. An emotion that
is none of their five stops the loader.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue, Turn
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record
from pipeline.export.listening import RATE, write_heard
from pipeline.export.readme import page
from pipeline.export.sound import wav_faults
from pipeline.export.turns import Objection, unusable
from schemas.frozen import Frozen
from schemas.voice import Role

VERSION = "1"
UNITS = ()
SHORTEST, LONGEST = 1.0, 30.0

EMOTIONS: Mapping[str, str] = {
    "neutral": "neutral",
    "calm": "neutral",
    "happy": "happy",
    "excited": "happy",
    "joyful": "happy",
    "angry": "angry",
    "frustrated": "angry",
    "annoyed": "angry",
    "sad": "sad",
    "surprised": "surprise",
    "surprise": "surprise",
}
"""A pack's emotions → their labels (0 neutral, 1 happy, 2 angry, 3 sad, 4 surprise). Fear and disgust have none."""

INSTRUCTION = "Continue the following sentence that reflects a '{}' emotion tone in a coherent style: "
AUDIO_INSTRUCTION = "Continue the following sentence based on the conveyed emotion tone in a coherent style: "
REFUSALS = ("i'm sorry, but i cannot", "i'm sorry, but i can't", "as an ai language model")

_COMMAND = f"""\
python src/instruction_dataset.py offline --dataroot $OUT --manifest_files train.jsonl --lm_path $qwen_path \\
    --save_dir processed --instruction_field instruction --audio_instruction "{AUDIO_INSTRUCTION}" \\
    --audio_field audio --input_field text --output_field output --max_length 256 --max_duration 30.0 \\
    --num_proc 16 --use_emotion True
export blsp_path=STAGE_1 DATA_ROOT=processed SAVE_ROOT=checkpoints; bash scripts/train_emotion.sh"""

_WHAT = """\
One line is one turn of the user that is answered: `audio`, `text`, `instruction`, `emotion`, `output` (the assistant's
reply), `early_stop` (false: replies are whole). What was said before the turn is not in its line. Feelings are told by
five labels, turns with another feeling are left out: {table}.

Theirs are continuations, the corpus has answers. To ask for an answer plainly leave both `--instruction_field` and
`--audio_instruction` away: without the second alone the first, which names the feeling, stands before the sound. Rows
of more than 256 tokens of prompt and reply are dropped (--max_length). In the checkout of blsp-emo:"""


def build(settings: ExportSettings) -> "BlspEmo":
    """The format."""
    return BlspEmo(settings)


class BlspEmo(JsonlFormat):
    """See the module."""

    def __init__(self, settings: ExportSettings) -> None:
        super().__init__(settings)
        self._longest = min(settings.longest, LONGEST)

    def line_faults(self, line: JsonValue, part: Part) -> Iterator[str]:
        """What their loader would stop at, or drop."""
        return line_faults(line, part)

    def readme(self, facts: Facts) -> str:
        """How to train on it."""
        labels = dict.fromkeys(EMOTIONS.values())
        table = "; ".join(f"{one} for {', '.join(own for own in EMOTIONS if EMOTIONS[own] == one)}" for one in labels)
        return page("BLSP-Emo", facts, [], _WHAT.format(table=table), _COMMAND)

    def lines(self, part: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """A record or a reason for each turn of the user."""
        following = [*dialogue.turns[1:], None]
        for number, (turn, reply) in enumerate(zip(dialogue.turns, following, strict=True)):
            if turn.role is not Role.USER:
                continue
            if reply is None or reply.role is Role.USER:
                yield LeftOut(dialogue.id, number, "answer", "the assistant does not answer the turn")
            elif found := self._objection(turn, reply):
                yield LeftOut(dialogue.id, number, found.check, found.message)
            else:
                name, seconds = write_heard(part, dialogue, number)
                yield Record(_line(name, turn, reply), seconds)

    def _objection(self, turn: Turn, reply: Turn) -> Objection | None:
        if turn.flac is None:
            return Objection("typed", "the turn is typed: there is no feeling to be heard in it")
        if turn.emotion not in EMOTIONS:
            return Objection("emotion", f"{turn.emotion} is none of neutral, happy, angry, sad, surprise")
        if not reply.text.strip():
            return Objection("text", "the reply has no text")
        if any(refusal in reply.text.lower() for refusal in REFUSALS):
            return Objection("refusal", "the reply refuses, and such rows are cleaned away")
        return unusable(turn, SHORTEST, self._longest)


def _line(name: str, turn: Turn, reply: Turn) -> dict[str, JsonValue]:
    emotion = EMOTIONS[turn.emotion]
    return {
        "audio": name,
        "text": turn.text,
        "instruction": INSTRUCTION.format(emotion),
        "emotion": emotion,
        "output": reply.text,
        "early_stop": False,
    }


class _Line(Frozen):
    audio: str = Field(pattern=r"^[^:]*(:[^:]*)?$")
    text: str = Field(pattern=r"\S")
    instruction: str
    emotion: Literal["neutral", "happy", "angry", "sad", "surprise"]
    output: str = Field(pattern=r"\S")
    early_stop: bool


_LINE = TypeAdapter(_Line)


def line_faults(line: JsonValue, part: Part) -> Iterator[str]:
    """What breaks the rules, checked against the file that the line names."""
    try:
        read = _LINE.validate_python(line)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"])
        return
    if read.instruction != INSTRUCTION.format(read.emotion):
        yield "the instruction tells of another emotion"
    yield from wav_faults(part.located(read.audio), RATE, 1, SHORTEST)
