"""`moshi`: stereo sound and word times, as moshi-finetune (kyutai-labs, commit 2acc879) trains on.

Read there: finetune/data, train.py; and their loader, sphn 0.1.12. The left channel is the model, the right one the
user; paths are from the .jsonl's folder. What goes wrong without a word: a sound that is not found is passed over; the
times must rise, since windows are found by bisection; a word without length is dropped; of two words that begin in one
frame of 80 ms the first is; every .jsonl of a folder given as data is read. Words are the model's alone, others are
dropped.
"""

import json
from collections.abc import Iterator
from itertools import pairwise

import soundfile
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue, Turn
from pipeline.export.conversation import Conversation, Placed, conversation
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import JsonlFormat, Record
from pipeline.export.readme import page
from pipeline.export.sound import AUDIO, wav_faults
from pipeline.export.turns import Objection, unusable
from schemas.frozen import Frozen, Seconds
from schemas.voice import Role

VERSION = "1"
UNITS = ()
RATE = 24000
CHANNELS = {Role.ASSISTANT: 0, Role.USER: 1}
SPEAKER = "SPEAKER_MAIN"
SHORTEST = 0.1
SHORTEST_WORD = 0.02
_EDGE = 0.05

_COMMAND = """\
sed -e "s|train_data: .*|train_data: '$OUT/train.jsonl'|" -e "s|eval_data: .*|eval_data: '$OUT/validation.jsonl'|" \\
    -e "s|do_eval: .*|do_eval: true|" -e 's|run_dir: ""|run_dir: "runs/warmline"|' example/moshi_7B.yaml > warmline.yaml
torchrun --nproc-per-node 1 -m train warmline.yaml"""

_WHAT = """\
One line is one dialogue: a stereo WAV of 24 kHz, left the assistant, right the user, the turns one after the other with
{gap:g} s between them (--gap), and beside it a .json with the words of the assistant and when they sound.

Training cuts each dialogue into windows of `duration_sec` (100 s): a longer one becomes several, the last short, and a
window may begin in the middle of a turn. Paths are relative to the .jsonl: the folder may be moved as a whole.
In the checkout of moshi-finetune:"""


def build(settings: ExportSettings) -> "Moshi":
    """The format."""
    return Moshi(settings)


class Moshi(JsonlFormat):
    """See the module."""

    def line_faults(self, line: JsonValue, part: Part) -> Iterator[str]:
        """What their loader would refuse, drop or misread."""
        return line_faults(line, part)

    def readme(self, facts: Facts) -> str:
        """How to train on it."""
        return page("Moshi", facts, [], _WHAT.format(gap=self._settings.gap), _COMMAND)

    def lines(self, part: Part, dialogue: Dialogue) -> Iterator[Record | LeftOut]:
        """One line, and the two files that it names."""
        for number, turn in enumerate(dialogue.turns):
            if found := _objection(turn, self._settings.longest):
                yield LeftOut(dialogue.id, number, found.check, found.message)
                return
        made = conversation(dialogue, CHANNELS, RATE, self._settings.gap)
        path = part.file(AUDIO, part.name, f"{dialogue.id}.wav")
        soundfile.write(path, made.samples, RATE, format="WAV", subtype="PCM_16")
        alignments: list[JsonValue] = list(_alignments(made))
        path.with_suffix(".json").write_text(json.dumps({"alignments": alignments}, ensure_ascii=False), "utf-8")
        yield Record({"path": path.relative_to(part.out).as_posix(), "duration": made.duration}, made.duration)


def _objection(turn: Turn, longest: Seconds) -> Objection | None:
    if turn.flac is None:
        return Objection("typed", "the turn is typed: a model that only listens does not get it")
    if found := unusable(turn, SHORTEST, longest):
        return found
    if turn.role is Role.USER:
        return None
    if not turn.words:
        mend = "add `words` to `score` of the run file and run `warmline generate` again, which speaks nothing again"
        return Objection("words", f"nobody knows when the turn's words sound: {mend}")
    starts = [word.start for word in turn.words]
    if (
        any(after < before for before, after in pairwise(starts))
        or not -_EDGE <= starts[0] <= starts[-1] <= turn.duration + _EDGE
    ):
        return Objection("words", "the times of the turn's words run backwards, or lie outside of it")
    return None


def _alignments(made: Conversation) -> Iterator[JsonValue]:
    for placed in made.turns:
        if placed.turn.role is Role.ASSISTANT:
            yield from _words(placed, made.duration)


def _words(placed: Placed, end: Seconds) -> Iterator[JsonValue]:
    """Each word in the dialogue's time. One without length gets a little, so that it is not dropped."""
    for word in placed.turn.words:
        start = max(0.0, min(placed.start + word.start, end - SHORTEST_WORD))
        stop = min(max(placed.start + word.end, start + SHORTEST_WORD), end)
        yield [word.text, [round(start, 4), round(stop, 4)], SPEAKER]


class _Line(Frozen):
    path: str = Field(pattern=r"\.wav$")
    duration: float


class _Times(Frozen):
    alignments: tuple[tuple[str, tuple[float, float], str], ...] = Field(min_length=1)


_LINE, _TIMES = TypeAdapter(_Line), TypeAdapter(_Times)


def line_faults(line: JsonValue, part: Part) -> Iterator[str]:
    """What breaks the rules, checked against the files that the line names."""
    try:
        read = _LINE.validate_python(line)
        path = part.out / read.path
        times = _TIMES.validate_json(path.with_suffix(".json").read_bytes())
    except (ValidationError, OSError) as error:
        yield str(error.errors()[0]["msg"] if isinstance(error, ValidationError) else error)
        return
    if faults := wav_faults(path, RATE, 2, SHORTEST):
        yield from faults
        return
    if abs(soundfile.info(path).duration - read.duration) > 0.5 / RATE:
        yield f"{path.name} is not as long as the line says"
    if any(after[1][0] < before[1][0] for before, after in pairwise(times.alignments)):
        yield "the words are not in the order of their times"
    for word, (start, end), speaker in times.alignments:
        if not 0 <= start < end <= read.duration + _EDGE or speaker != SPEAKER or not word.strip():
            yield f"{word!r} by {speaker} from {start:.2f} to {end:.2f} s cannot be learnt"
