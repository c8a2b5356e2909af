"""The voices' plain manner: which neutral renderings of a voice a run makes. None, where nothing compares with them."""

from pipeline.config.plain_manner import needs_plain
from pipeline.speak.retake import reference_lines
from schemas.pack import Pack
from schemas.run import RunConfig
from schemas.take import Line
from schemas.voice import Voice


def wanted_references(config: RunConfig, pack: Pack, voice: Voice, language: str) -> tuple[Line, ...]:
    """The reference lines of a voice that something in the run compares its takes with."""
    return reference_lines(pack, voice, language) if needs_plain(config, voice) else ()
