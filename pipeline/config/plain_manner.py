"""Whether a run compares takes with their voices' plain manner, and what follows for voices that have none.

A voice that is cloned and has clips of some emotions only cannot be rendered plainly.
"""

from collections.abc import Iterator, Sequence

from pipeline.config.source import Path_
from pipeline.engine.errors import UsageError
from pipeline.plan.briefs import Planner
from pipeline.plan.cells import likelihood
from pipeline.plan.rules import Known, Rules
from pipeline.score.backends import EMOTION_RECOGNISERS
from pipeline.speak.casting import speaks_plainly
from pipeline.speak.speaker import Abilities
from schemas.brief import Arc
from schemas.pack import Pack
from schemas.run import RunConfig
from schemas.voice import Voice

Complaint = tuple[Path_, str]


def needs_plain(config: RunConfig, voice: Voice) -> bool:
    """Whether anything in the run compares takes of this voice with neutral renderings of it."""
    likeness = config.score.likeness is not None and voice.recording is None
    return likeness or any(True for _ in _comparisons(config))


def check_bound_voices(config: RunConfig, pack: Pack, able: Abilities) -> Iterator[Complaint]:
    """What voices that are cast for some emotions only cannot do in this run. Paths are the run file's.

    `pack` has the voices that the run's engine can speak.
    """
    plainless = [voice for voice in pack.voices if not speaks_plainly(able, config.speak.backend, voice)]
    for path, what, instead in _comparisons(config) if plainless else ():
        lack = f"{_who(plainless)} no `neutral` clip: record one, or {instead}"
        yield path, f"{what} with its voice's plain manner, and {lack}"
    rules = Planner(pack, config.seed, config.shard.splits).rules
    if rules.has_bound_voices:
        yield from _unfilled(rules)


def _comparisons(config: RunConfig) -> Iterator[tuple[Path_, str, str]]:
    """The path of what compares in the run file, in words what it does, and what to do instead."""
    others = " or ".join(name for name in EMOTION_RECOGNISERS.entries if not _compares(name))
    for key, ser in (("ser", config.score.ser), ("second_ser", config.score.second_ser)):
        if ser is not None and _compares(ser.backend):
            yield ("score", key, "backend"), f"{ser.backend} compares each take", f"name one that does not, {others}"
    if config.gate.lifts:
        yield ("gate", "lifts"), "lifts compare each take", "take `lifts` away"


def _compares(recogniser: str) -> bool:
    try:
        compares: bool = EMOTION_RECOGNISERS.load(recogniser).COMPARES
    except UsageError:
        return False  # said already
    return compares


def _unfilled(rules: Rules) -> Iterator[Complaint]:
    """Feelings that may be drawn and that nobody is cast for."""
    parents = rules.parents("voice.user")
    lacking: dict[tuple[str, str], dict[str, None]] = {}
    for cell in likelihood(rules, parents):
        known = dict(zip(parents, cell, strict=True))
        if not any(rules.weights("voice.user", known).values()):
            lacking.setdefault((known["language"], known["split"]), {})[_feeling(known)] = None
    for (language, split), feelings in lacking.items():
        mend = f"add voices with clips of that, or one with a `neutral` clip, with `split: {split}`"
        yield ("pack",), f"no user voice for {language} in {split} is cast for {', '.join(feelings)}: {mend}"


def _feeling(known: Known) -> str:
    arc, nothing = Arc(known["arc"]), float(known["intensity.user"]) == 0
    moved = "" if arc is Arc.STEADY else f" ({arc})"
    return f"{known['user_emotion']}{moved}" + (" at intensity 0" if nothing else "")


def _who(voices: Sequence[Voice]) -> str:
    first, others = voices[0].id, len(voices) - 1
    return f"{first} and {others} more have" if others else f"{first} has"
