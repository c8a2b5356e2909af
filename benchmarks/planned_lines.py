"""Lines as a run of the shipped pack plans them, for measurements that need real ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.plan.briefs import Planner
from pipeline.speak.espeak import Espeak
from pipeline.speak.retake import line
from pipeline.write import phrasebook
from pipeline.write.writer import Commissions
from schemas.take import Line


@dataclass(frozen=True)
class PlannedLine:
    """A turn as it would be spoken first, and the texts of its dialogue."""

    line: Line
    dialogue: tuple[str, ...]


def planned_dialogues(planner: Planner, count: int) -> Iterator[list[PlannedLine]]:
    """The turns of the plan's first `count` dialogues, dialogue by dialogue."""
    pack = planner.pack
    commissions = Commissions(pack)
    writer = phrasebook.build(phrasebook.Settings(), pack)
    for brief in planner.briefs(0, count):
        (answer,) = writer.write([commissions.of(brief)])
        if isinstance(answer, Failure):
            raise SystemExit(answer.reason)
        written = answer.dialogue
        texts = tuple(turn.text for turn in written.turns)
        voices = [planner.voices[brief.speaker(turn.role).voice] for turn in written.turns]
        yield [
            PlannedLine(line(pack, brief, turn, place, voice, tries=0, step=0), texts)
            for place, (turn, voice) in enumerate(zip(written.turns, voices, strict=True))
        ]


def spoken(speaker: Espeak, one: Line) -> Recording:
    """The line's rendering; ends the measurement if there is none."""
    (take,) = speaker.speak([one])
    if isinstance(take, Failure):
        raise SystemExit(take.reason)
    return Recording(take.audio, take.sample_rate)
