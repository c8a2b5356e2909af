"""`lhotse`: Lhotse Shar, which icefall, NeMo and whoever else trains with Lhotse reads as a stream.

One cut is one dialogue: a sound of two channels (user 0, assistant 1), its turns one after the other as supervisions
with text, speaker, language, gender and word times; role, emotion and units of all kinds as custom fields, ints frame
by frame. Read in lhotse 1.33.0: shar/readers, shar/writers. What goes wrong: every file in a Shar folder counts as a
field, so nothing else may lie there; cuts and sounds are matched by place, and a sound's name must be its cut's id.

Lhotse needs torch even to be imported; Shar is lines of JSON and a tar beside them. So it is written here without it,
and the tests have Lhotse read it.
"""

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import soundfile
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.rows import Dialogue, Side
from pipeline.export.conversation import Placed, conversation
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.readme import page
from pipeline.export.shar import Cut, ShardWriter, StoredSound, recording, shards_of, stored
from pipeline.export.turns import Objection, unusable
from schemas.frozen import Frozen, Seconds
from schemas.voice import Role

VERSION = "1"
UNITS = ()
CHANNELS = {Role.USER: 0, Role.ASSISTANT: 1}
SHORTEST = 0.1
_EDGE = 0.001

_COMMAND = """\
python -c "from lhotse import CutSet; CutSet.from_shar(in_dir='$OUT/train').describe()"
python -c "from lhotse import CutSet; print(CutSet.from_shar(in_dir='$OUT/train').trim_to_supervisions()[0])\""""

_WHAT = """\
Lhotse Shar, a folder a split: cuts.N.jsonl.gz and recording.N.tar. One cut is one dialogue, the user on channel 0, the
assistant on channel 1, {gap:g} s between two turns (--gap). `trim_to_supervisions()` makes one cut a turn. A turn's
custom fields are `role`, `emotion`, `instruction` and `units`; the cut's are `kind` and `situation`. NeMo reads it with
`shar_path`; where it asks for roles as speakers, map `speaker` to `custom["role"]` first. Word times count from the
dialogue's first sample, and Lhotse leaves them so when it trims. With lhotse installed:"""


def build(settings: ExportSettings) -> "Lhotse":
    """The format, with all kinds of units that the corpus has, or with the one that is asked for."""
    return Lhotse(settings)


class Lhotse:
    """See the module."""

    def __init__(self, settings: ExportSettings) -> None:
        self._settings = settings

    def writer(self, part: Part) -> ShardWriter:
        """Shards of at most 200 cuts."""
        return ShardWriter(part, self._cuts)

    def faults(self, part: Part) -> Iterator[str]:
        """What Lhotse would refuse or mismatch."""
        for cuts, sounds in shards_of(part):
            try:
                for number, (line, sound) in enumerate(stored(cuts, sounds), start=1):
                    yield from (f"{cuts.name} line {number}: {fault}" for fault in cut_faults(line, sound))
            except (ValueError, OSError, tarfile.TarError, soundfile.LibsndfileError) as error:
                yield f"{sounds.name} does not hold the sounds of {cuts.name}: {error}"

    def gather(self, out: Path, parts: Sequence[Part]) -> None:
        """Nothing: the parts' files are the export's."""

    def readme(self, facts: Facts) -> str:
        """How to read it."""
        kinds = [self._settings.units] if self._settings.units else list(facts.kinds)
        return page("Lhotse", facts, kinds, _WHAT.format(gap=self._settings.gap), _COMMAND)

    def _cuts(self, dialogue: Dialogue) -> Iterator[Cut | LeftOut]:
        for number, turn in enumerate(dialogue.turns):
            found = unusable(turn, SHORTEST, self._settings.longest)
            if turn.flac is None:
                found = Objection("typed", "the turn is typed: there is nothing of it to be heard")
            if found is not None:
                yield LeftOut(dialogue.id, number, found.check, found.message)
                return
        rate = max(turn.sample_rate for turn in dialogue.turns)
        made = conversation(dialogue, CHANNELS, rate, self._settings.gap)
        supervisions: list[JsonValue] = [self._supervision(dialogue, placed) for placed in made.turns]
        line: dict[str, JsonValue] = {
            "id": dialogue.id,
            "start": 0,
            "duration": made.duration,
            "channel": [0, 1],
            "supervisions": supervisions,
            "recording": recording(dialogue.id, made),
            "custom": {"kind": dialogue.kind, "situation": dialogue.situation},
            "type": "MultiCut",
        }
        yield Cut(dialogue.id, line, made)

    def _supervision(self, dialogue: Dialogue, placed: Placed) -> dict[str, JsonValue]:
        turn = placed.turn
        side: Side = dialogue.user if turn.role is Role.USER else dialogue.assistant
        wanted = self._settings.units
        units: dict[str, JsonValue] = {
            kind: list(found) for kind, found in turn.units.items() if wanted in (None, kind)
        }
        words: list[JsonValue] = [
            [word.text, round(placed.start + word.start, 4), round(max(word.end - word.start, 0.0), 4), None]
            for word in turn.words
        ]
        custom: dict[str, JsonValue] = {"role": str(turn.role), "emotion": turn.emotion}
        custom |= {"instruction": turn.instruction, "units": units}
        said: dict[str, JsonValue] = {
            "id": f"{dialogue.id}-{placed.number:02d}",
            "recording_id": dialogue.id,
            "start": placed.start,
            "duration": placed.duration,
            "channel": CHANNELS[turn.role],
            "text": turn.text,
            "language": dialogue.language,
            "speaker": turn.voice or str(turn.role),
            "gender": side.gender,
            "custom": custom,
        }
        return said | ({"alignment": {"word": words}} if words else {})


class _Supervision(Frozen):
    id: str
    recording_id: str
    start: float = Field(ge=0)
    duration: float = Field(gt=0)
    channel: int = Field(ge=0, le=1)
    text: str = Field(min_length=1)
    language: str
    speaker: str
    gender: str
    custom: dict[str, JsonValue]
    alignment: Mapping[str, tuple[tuple[str, float, float, None], ...]] = Field(default={})


class _Recording(Frozen):
    id: str
    sources: tuple[dict[str, JsonValue], ...] = Field(min_length=1, max_length=1)
    sampling_rate: int
    num_samples: int
    duration: float
    channel_ids: tuple[int, int]


class _Cut(Frozen):
    id: str
    start: float
    duration: Seconds
    channel: tuple[int, int]
    supervisions: tuple[_Supervision, ...] = Field(min_length=1)
    recording: _Recording
    custom: dict[str, JsonValue]
    type: str = Field(pattern="^MultiCut$")


_CUT = TypeAdapter(_Cut)


def cut_faults(line: JsonValue, sound: StoredSound) -> Iterator[str]:
    """What is wrong with a cut and the sound that stands in its place."""
    try:
        read = _CUT.validate_python(line)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"])
        return
    if {read.id, read.recording.id, *(one.recording_id for one in read.supervisions)} != {sound.key}:
        yield f"the sound in the place of {read.id} is {sound.key}"
    if (sound.channels, sound.rate, sound.frames) != (2, read.recording.sampling_rate, read.recording.num_samples):
        yield f"{sound.frames} samples of {sound.channels} channels at {sound.rate} Hz are not what the cut says"
    if abs(read.duration * sound.rate - sound.frames) > 0.5 or read.duration != read.recording.duration:
        yield "the cut is not as long as its sound"
    if any(after.start < before.start + before.duration - _EDGE for before, after in pairwise(read.supervisions)):
        yield "two turns sound at once"
    if read.supervisions[-1].start + read.supervisions[-1].duration > read.duration + _EDGE:
        yield "the last turn is longer than the cut"
