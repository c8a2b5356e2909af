"""`kimi-audio`: JSON lines of conversations, as Kimi-Audio (arXiv 2504.18425) is fine-tuned on.

Facts from its public fine-tuning code at commit 349251e of MoonshotAI/Kimi-Audio. A message is text, or a sound with
its path and `audio_tokens`. What its trainer takes as published is a conversation with exactly one sound, answered in
text: it hands on the first sound's features only and asserts that they are all. So each spoken turn of the user makes a
line, with what was said before as text. `audio_tokens` are GLM-4-Voice units plus 152064, their place in the
vocabulary; there may not be more of them than the sound has features. It holds 5% out and stops where that is no line.

Whole dialogues with spoken replies stand in files of their own: a reply is their `audio-text`, a path and a text, which
their prompts know and the published trainer does not.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import soundfile
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.audio.recording import Recording, resample
from pipeline.corpus.rows import Dialogue, Turn
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record
from pipeline.export.readme import page
from pipeline.export.sound import wav_faults, wav_name, write_wav
from pipeline.export.turns import Objection, unusable, unusable_units, unusable_words
from schemas.frozen import Frozen
from schemas.voice import Role

VERSION = "1"
UNITS = ("glm4voice",)
CODES = 16384
OFFSET = 152064
RATE = 16000
FRAME = 1280
PIECE = 480000
"""Samples: to a unit and its features, and to a piece that is heard by itself."""

HEARD, SPOKEN = "understanding", "speech"
"""Kinds of task: their code knows the first by name and takes all others for speech."""

_WHAT = """\
SPLIT.jsonl: one line is one spoken turn of the user, `conversation`, with what was said before as text and the reply as
text: all that the published trainer takes. Replies of the history are trained on too; fewer than 20 lines stop it.
SPLIT-speech.jsonl: whole dialogues whose replies are `audio-text`, a path and a text, with their `audio_tokens`; for
these `tokenize_message` in its datasets.py has to be taught what their prompts do with `audio-text`, and the model to
take more than one sound. `audio_tokens` are in place, so its step 2 is left out. In the checkout of Kimi-Audio:"""
_COMMAND = """\
python -m finetune_codes.model --model_name moonshotai/Kimi-Audio-7B --output_dir output/pretrained_hf
bash finetune_codes/finetune_ds.sh --model_path output/pretrained_hf --data $OUT/train.jsonl"""


def build(settings: ExportSettings) -> "KimiAudio":
    """The format."""
    return KimiAudio(settings, UNITS[0])


class KimiAudio(JsonlFormat):
    """See the module."""

    def gather(self, out: Path, parts: Sequence[Part]) -> None:
        """Two files of lines a split."""
        for split in dict.fromkeys(part.split for part in parts):
            of_split = [part.notes for part in parts if part.split is split]
            _gather(out / f"{split}.jsonl", of_split, HEARD)
            _gather(out / f"{split}-speech.jsonl", of_split, SPOKEN)

    def line_faults(self, line: JsonValue, part: Part) -> Iterator[str]:
        """What their trainer would stop at, or misread."""
        return line_faults(line, part)

    def readme(self, facts: Facts) -> str:
        """How to train on it."""
        return page("Kimi-Audio", facts, [self._kind], _WHAT, _COMMAND)

    def lines(self, part: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """A line for each turn of the user that sounds, and one for the dialogue spoken."""
        sounds = {n: resample(turn.recording(), RATE) for n, turn in enumerate(dialogue.turns) if turn.flac is not None}
        for number, turn in enumerate(dialogue.turns):
            if (found := self._objection(turn, sounds.get(number))) is not None:
                yield LeftOut(dialogue.id, number, found.check, found.message)
                return
        heard = [number for number in sounds if dialogue.turns[number].role is Role.USER]
        if not heard:
            yield LeftOut(
                dialogue.id, 0, "typed", "no turn of the user sounds, and their trainer takes one sound a line"
            )
            return
        for number, sound in sounds.items():
            write_wav(wav_name(part, dialogue, number), sound, RATE)
        said = [_text(turn) for turn in dialogue.turns]
        for number in heard:
            asked = [*said[:number], self._heard(part, dialogue, number), said[number + 1]]
            yield Record({"task_type": HEARD, "conversation": asked})
        spoken = self._spoken(part, dialogue)
        yield Record({"task_type": SPOKEN, "conversation": spoken}, sum(turn.duration for turn in dialogue.turns))

    def _objection(self, turn: Turn, sound: Recording | None) -> Objection | None:
        found = unusable(turn, FRAME / RATE, self._settings.longest) or unusable_words(turn)
        if found is None and sound is not None:
            found = unusable_units(turn, self._kind, CODES)
            count, frames = len(turn.units.get(self._kind, ())), features(len(sound.audio))
            if found is None and count > frames:
                found = Objection("units", f"{count} units of a sound of {frames} features, one to {FRAME} samples")
        return found

    def _heard(self, part: Part, dialogue: Dialogue, number: int) -> JsonValue:
        return {"role": "user", "message_type": "audio"} | self._sound(part, dialogue, number)

    def _spoken(self, part: Part, dialogue: Dialogue) -> JsonValue:
        made: list[JsonValue] = []
        for number, turn in enumerate(dialogue.turns):
            if turn.role is Role.USER:
                made.append(_text(turn) if turn.flac is None else self._heard(part, dialogue, number))
            else:
                sound = self._sound(part, dialogue, number)
                content: JsonValue = [sound["content"], turn.text]
                made.append({"role": "assistant", "message_type": "audio-text", **sound, "content": content})
        return made

    def _sound(self, part: Part, dialogue: Dialogue, number: int) -> dict[str, JsonValue]:
        tokens: list[JsonValue] = [unit + OFFSET for unit in dialogue.turns[number].units[self._kind]]
        return {"content": part.named(wav_name(part, dialogue, number)), "audio_tokens": tokens}


def features(samples: int) -> int:
    """How many features Whisper gives them of so many samples.

    >>> features(480_000), features(1), features(480_001)
    (375, 1, 376)
    """
    pieces, rest = divmod(samples, PIECE)
    return pieces * PIECE // FRAME - (-rest // FRAME)


def _text(turn: Turn) -> JsonValue:
    return {"role": str(turn.role), "message_type": "text", "content": turn.text}


def _gather(file: Path, notes: Sequence[Path], task: str) -> None:
    begin = f'{{"task_type": "{task}"'.encode()
    draft = file.with_name(f".unfinished-{file.name}")
    with draft.open("wb") as target:
        for path in notes:
            with path.open("rb") as source:
                target.writelines(line for line in source if line.startswith(begin))
    draft.replace(file)


class _Message(Frozen):
    role: Role
    message_type: str
    content: str | tuple[str, str]
    audio_tokens: tuple[int, ...] = ()


class _Line(Frozen):
    task_type: str
    conversation: tuple[_Message, ...] = Field(min_length=2)


_LINE = TypeAdapter(_Line)


def line_faults(line: JsonValue, part: Part) -> Iterator[str]:
    """What breaks the rules of their conversations, checked against the files that they name."""
    try:
        read = _LINE.validate_python(line)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"])
        return
    kinds = [f"{message.role} {message.message_type}" for message in read.conversation]
    if read.task_type == HEARD and kinds.count("user audio") != 1:
        yield f"{kinds.count('user audio')} sounds, and their trainer takes one"
    allowed = {"user audio", "user text", "assistant text" if read.task_type == HEARD else "assistant audio-text"}
    if set(kinds) - allowed or not kinds[-1].startswith("assistant"):
        yield f"a conversation of {', '.join(kinds)}"
    for number, message in enumerate(read.conversation):
        yield from (f"message {number}: {fault}" for fault in _message_faults(message, part))


def _message_faults(message: _Message, part: Part) -> Iterator[str]:
    if (message.message_type == "audio-text") == isinstance(message.content, str) or not all(message.content):
        yield "audio-text has a path and a text, all others a text or a path"
    if message.message_type == "text":
        return
    tokens = message.audio_tokens
    if not tokens or not OFFSET <= min(tokens) <= max(tokens) < OFFSET + CODES:
        yield f"audio_tokens lie from {OFFSET} to {OFFSET + CODES - 1}"
    path = part.located(message.content if isinstance(message.content, str) else message.content[0])
    faults = wav_faults(path, RATE, 1, 0.0)
    yield from faults
    if not faults and len(tokens) > features(soundfile.info(path).frames):
        yield f"{len(tokens)} audio_tokens, more than {path.name} has features"
