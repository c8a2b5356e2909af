"""`vita-audio`: JSON lines of messages and sounds, as VITA-Audio (arXiv 2505.03739) trains on.

Facts from its public code at commit 0abaf17 of VITA-MLLM/VITA-Audio. Their code makes the units and interleaves them; a
line has the text and one `<|audio|>` a spoken turn, and the sounds in their order. What goes wrong there without a word
(the line lands in a log and training goes on): a reply with two sounds; more tags than sounds; sentences that ask for
text to be spoken, which turn a dialogue into a reading task; a line longer than the length given to their script. Units
are read from a file beside the sound if there is one, so the corpus's own are put there. Keys stand in their order, as
their data sets are joined to others by schema.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue, Turn
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record, gather_lines
from pipeline.export.readme import page
from pipeline.export.sound import wav_faults, wav_name, write_wav
from pipeline.export.turns import Objection, unusable, unusable_units, unusable_words
from schemas.frozen import Frozen
from schemas.voice import Role, Split

VERSION = "1"
UNITS = ()
KIND = "glm4voice"
CODES = 16384
RATE = 16000
SHORTEST = 0.08
"""What one unit stands for: less sound has none."""

TAG = "<|audio|>"
READ_ALOUD = "Convert the text to speech."
DATA = "vita-audio.yaml"

_WHAT = f"""\
One line is one dialogue: `messages`, with {TAG} where a turn sounds, and `audios`, their files in that order. The units
lie beside each file where the corpus has them, as the trainer keeps them; without, it makes them itself. Text and units
are interleaved there (--text-audio-interval-ratio). `{DATA}` names the lines. In the checkout of VITA-Audio, after its
scripts have been told where they lie; a line of more tokens than the number given is dropped without a word:"""
_COMMAND = f"""\
cp $OUT/{DATA} configs/sts_finetune_stage2.yaml
bash scripts/deepspeed/sts_qwen25/finetune_glm4voice_mtp10_stage2.sh 8192 $(date +%Y%m%d_%H%M%S)"""


def build(settings: ExportSettings) -> "VitaAudio":
    """The format."""
    return VitaAudio(settings, KIND)


class VitaAudio(JsonlFormat):
    """See the module."""

    def gather(self, out: Path, parts: Sequence[Part]) -> None:
        """One file of lines a split, and the list of data that their scripts read."""
        gather_lines(out, parts)
        trained = [part for part in parts if part.split is Split.TRAIN][:1]
        paths: list[JsonValue] = [part.named(out / f"{part.split}.jsonl") for part in trained]
        data: JsonValue = {"xlsx_sample_num": 5, "dataset": {"warmline": {"ratio": 1.0, "data_paths": paths}}}
        draft = out / ".unfinished-data"
        draft.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        draft.replace(out / DATA)

    def line_faults(self, line: JsonValue, part: Part) -> Iterator[str]:
        """What their loader would log and leave away, or misread."""
        return line_faults(line, part)

    def readme(self, facts: Facts) -> str:
        """How to train on it."""
        return page("VITA-Audio", facts, [self._kind], _WHAT, _COMMAND)

    def lines(self, part: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """One line, with the sounds and their units beside it."""
        for number, turn in enumerate(dialogue.turns):
            if (found := self._objection(turn)) is not None:
                yield LeftOut(dialogue.id, number, found.check, found.message)
                return
        messages: list[JsonValue] = []
        audios: list[JsonValue] = []
        for number, turn in enumerate(dialogue.turns):
            if turn.flac is not None:
                audios.append(part.named(self._sound(wav_name(part, dialogue, number), turn)))
            content = turn.text if turn.flac is None else TAG if turn.role is Role.USER else f"{turn.text}\n{TAG}"
            messages.append({"content": content, "role": str(turn.role)})
        line: dict[str, JsonValue] = {"id": dialogue.id, "messages": messages, "audios": audios}
        yield Record(line, sum(turn.duration for turn in dialogue.turns))

    def _sound(self, path: Path, turn: Turn) -> Path:
        """The turn's file, and its units beside it."""
        write_wav(path, turn.recording(), RATE)
        if units := turn.units.get(self._kind):
            units_beside(path).write_text(json.dumps(units), encoding="utf-8")
        return path

    def _objection(self, turn: Turn) -> Objection | None:
        found = unusable(turn, SHORTEST, self._settings.longest)
        if found is None and (turn.role is Role.ASSISTANT or turn.flac is None):
            found = unusable_words(turn)
        if found is None and turn.units.get(self._kind):
            found = unusable_units(turn, self._kind, CODES)
        if found is None and turn.flac is None and READ_ALOUD in turn.text:
            found = Objection("reading", f"{READ_ALOUD!r} in a typed turn makes their code train on reading it aloud")
        return found


def units_beside(path: Path) -> Path:
    """Where their code looks for the units of a sound before it makes them."""
    return path.with_name(f"{path.stem}_{KIND}.json")


class _Message(Frozen):
    content: str = Field(min_length=1)
    role: Role


class _Line(Frozen):
    id: str
    messages: tuple[_Message, ...] = Field(min_length=2)
    audios: tuple[str, ...]


_LINE = TypeAdapter(_Line)
_UNITS = TypeAdapter(tuple[int, ...])


def line_faults(line: JsonValue, part: Part) -> Iterator[str]:
    """What breaks the rules of their lines, checked against the files that they name."""
    try:
        read = _LINE.validate_python(line)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"])
        return
    if sum(message.content.count(TAG) for message in read.messages) != len(read.audios):
        yield f"{len(read.audios)} sounds, and another number of {TAG}"
    for number, message in enumerate(read.messages):
        yield from (f"message {number}: {fault}" for fault in _message_faults(message))
    for name in read.audios:
        path = part.located(name)
        yield from wav_faults(path, RATE, 1, SHORTEST)
        if (beside := units_beside(path)).is_file():
            units = _UNITS.validate_json(beside.read_bytes())
            if not units or not 0 <= min(units) <= max(units) < CODES:
                yield f"{beside.name} has no units, or some that are none of the {CODES} codes"


def _message_faults(message: _Message) -> Iterator[str]:
    text = message.content.removesuffix(TAG)
    if "<|" in text:
        yield "a special token stands in the text"
    if message.role is Role.ASSISTANT and (text == message.content or not text.strip()):
        yield "a reply needs text, and one sound after it"
    if message.role is Role.USER and READ_ALOUD in text:
        yield f"{READ_ALOUD!r} makes a reading task of it"
