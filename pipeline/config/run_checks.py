"""What must hold between a run file and its pack."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from pipeline.config.source import Path_
from pipeline.engine.backends import Registry, nearest
from pipeline.engine.errors import UsageError
from pipeline.plan.briefs import Planner
from pipeline.score.backends import EMOTION_RECOGNISERS, SPEECH_RECOGNISERS
from pipeline.speak.backends import SPEAKERS
from pipeline.units.backends import ENCODERS
from pipeline.write.backends import WRITERS
from schemas.pack import Pack
from schemas.run import Backend, RunConfig
from schemas.voice import Role, Split

Complaint = tuple[Path_, str]


def check_run(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """Everything that is wrong, each with its path in the run file."""
    yield from _backends(config)
    for emotion in config.gate.emotions:
        if emotion not in pack.deliveries:
            yield (
                ("gate", "emotions", emotion),
                f"{emotion} is no emotion of the pack: {nearest(emotion, pack.deliveries)}",
            )
    names = [kind.backend for kind in config.units]
    for number, name in enumerate(names):
        if names.index(name) != number:
            yield ("units", number, "backend"), f"{name} stands a second time"
    if config.shard.splits.validation + config.shard.splits.test >= 1.0:
        yield ("shard", "splits"), "validation and test leave nothing for train: their sum must be below 1"
    else:
        yield from _splits(config, pack)
    yield from _writing(config, pack)


def _backends(config: RunConfig) -> Iterator[Complaint]:
    named: list[tuple[Path_, Registry, Backend]] = [
        (("write",), WRITERS, config.write),
        (("speak",), SPEAKERS, config.speak),
        (("score", "asr"), SPEECH_RECOGNISERS, config.score.asr),
        (("score", "ser"), EMOTION_RECOGNISERS, config.score.ser),
    ]
    for path, registry, backend in named:
        try:
            module = registry.load(backend.backend)
            module.Settings.model_validate(backend.settings)
        except UsageError as error:
            yield (*path, "backend"), str(error)
        except ValidationError as error:
            yield (*path, "settings"), _first(error)
    for number, kind in enumerate(config.units):
        try:
            ENCODERS.load(kind.backend).check(kind)
        except (UsageError, ValueError) as error:
            yield ("units", number, "backend"), str(error)


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, detail['loc']))}: {detail['msg'].removeprefix('Value error, ')}"


def _splits(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """Each split that gets dialogues needs somebody to speak in it."""
    planner = Planner(pack, config.seed, config.shard.splits)
    for split, share in planner.splits.items():
        for language, weight in pack.languages.items():
            for role in Role if share > 0 and weight > 0 else ():
                if not any(planner.cast(role, split, language).values()):
                    where: Path_ = ("shard", "splits") if split is Split.TRAIN else ("shard", "splits", str(split))
                    yield where, _nobody(role, split, language)


def _nobody(role: Role, split: Split, language: str) -> str:
    mend = f"give a voice `split: {split}`" if role is Role.USER else "give a voice `roles: [assistant]`"
    return f"no {role} voice of the pack speaks {language} in {split}: {mend}, or set the share to 0"


def _writing(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """What the writer needs of the pack, and the languages each engine has."""
    if config.write.backend == "phrasebook":
        yield from _phrasebook(pack)
    engines: Mapping[tuple[str, ...], tuple[Registry, Backend]] = {
        ("write", "backend"): (WRITERS, config.write),
        ("speak", "backend"): (SPEAKERS, config.speak),
        ("score", "asr", "backend"): (SPEECH_RECOGNISERS, config.score.asr),
    }
    for path, (registry, backend) in engines.items():
        if backend.backend not in registry.entries or registry.entry(backend.backend).missing:
            continue
        able: tuple[str, ...] = registry.load(backend.backend).LANGUAGES
        for language, weight in pack.languages.items():
            if weight > 0 and language not in able:
                yield path, f"{backend.backend} knows {', '.join(able)} only; the pack asks for {language}"


def _phrasebook(pack: Pack) -> Iterator[Complaint]:
    if pack.phrasebook is None:
        yield ("write", "backend"), f"the pack {pack.name} has no phrasebook to compose from"
        return
    most_turns = WRITERS.load("phrasebook").most_turns
    longest = max((turns for turns, weight in pack.turns.items() if weight > 0), default=0)
    for situation in pack.situations:
        used = situation.weight > 0 and any(situation.emotions.values())
        if used and not situation.opening:
            yield ("write", "backend"), f"the situation {situation.id} has no phrases to compose from"
        elif used and longest > most_turns(len(situation.threads)):
            yield ("write", "backend"), f"{situation.id} has too few threads for {longest} turns"


def check_voices(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """Each voice needs settings for the run's engine, and right ones. Paths are those of the pack."""
    name = config.speak.backend
    if name not in SPEAKERS.entries or SPEAKERS.entry(name).missing:
        return
    module = SPEAKERS.load(name)
    for number, voice in enumerate(pack.voices):
        if name not in voice.engines:
            yield ("voices", number, "engines"), f"{voice.id} has no settings for {name}, which is to speak"
            continue
        try:
            module.VoiceSettings.model_validate(voice.engines[name])
        except ValidationError as error:
            yield ("voices", number, "engines", name), f"{voice.id}: {_first(error)}"
