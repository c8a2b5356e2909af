"""The voices' plain manner: renderings that every take of a voice is compared with, so all slices need them."""

from flows.references import wanted_references
from flows.road import Road
from pipeline.speak.retake import understudies
from schemas.take import Line
from schemas.voice import Role, Voice

_FAR = 1000
"""Briefs looked at for voices: who is cast more rarely is rendered by whichever driver meets them first."""


def plain_lines(road: Road) -> list[Line]:
    """The reference lines, not yet spoken, of the voices that the plan casts, and of those that stand in for them."""
    cast: dict[tuple[str, str], Voice] = {}
    for brief in road.planner.briefs(0, min(road.config.size, _FAR)):
        for role in Role:
            likely = understudies(brief, role, road.pack.voices)[:2]
            cast |= {(voice.id, brief.language): voice for voice in likely}
    wanted = (wanted_references(road.config, road.pack, voice, language) for (_, language), voice in cast.items())
    return [line for lines in wanted for line in lines if road.memos.speak.look(line) is None]
