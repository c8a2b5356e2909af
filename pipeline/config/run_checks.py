"""What must hold between a run file and its pack."""

from collections.abc import Iterator

from pydantic import ValidationError

from pipeline.config.plain_manner import check_bound_voices
from pipeline.config.recipe_checks import check_recipe
from pipeline.config.source import Path_
from pipeline.config.steering_checks import dead_end
from pipeline.config.validation import complaints
from pipeline.config.writing_checks import check_replies
from pipeline.engine.backends import Registry, nearest
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.fingerprint import fingerprint
from pipeline.judge.backends import JUDGES
from pipeline.plan.briefs import Planner
from pipeline.plan.expense import over_budget
from pipeline.score.backends import (
    EMOTION_RECOGNISERS,
    QUALITY_JUDGES,
    SPEECH_RECOGNISERS,
    VOICE_COMPARERS,
    WORD_ALIGNERS,
)
from pipeline.speak.backends import SPEAKERS
from pipeline.speak.casting import (
    abilities_of,
    can_speak,
    emotions,
    out_of_reach,
    unheard_clips,
    unknown_tags,
    with_speakable_voices,
)
from pipeline.speak.speaker import Abilities
from pipeline.units.backends import ENCODERS
from pipeline.write.backends import WRITERS
from schemas.pack import Pack
from schemas.run import Backend, EmotionBackend, RunConfig
from schemas.steering import Contrast
from schemas.voice import Role, Split, Voice

Complaint = tuple[Path_, str]


def check_run(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """Everything that is wrong, each with its path in the run file."""
    yield from _backends(config)
    for table in ("emotions", "lifts", "second_emotions"):
        for emotion in getattr(config.gate, table):
            if emotion not in pack.deliveries:
                message = f"{emotion} is no emotion of the pack: {nearest(emotion, pack.deliveries)}"
                yield ("gate", table, emotion), message
    names = [kind.backend for kind in config.units]
    for number, name in enumerate(names):
        if names.index(name) != number:
            yield ("units", number, "backend"), f"{name} stands a second time"
    try:
        able = abilities_of(config.speak)
    except (UsageError, ValidationError):
        able = None  # said already
    speakable = pack if able is None else with_speakable_voices(pack, able, config.speak.backend)
    if not speakable.voices:
        yield ("speak", "backend"), _voiceless(config.speak.backend, able)
    elif config.shard.splits.validation + config.shard.splits.test >= 1.0:
        yield ("shard", "splits"), "validation and test leave nothing for train: their sum must be below 1"
    else:
        yield from _splits(config, speakable)
        if able is not None:
            yield from check_bound_voices(config, speakable, able)
        planner = Planner(speakable, config.seed, config.shard.splits)
        yield from ((("budget", key), message) for key, message in over_budget(config, planner))
    yield from _writing(config, pack)
    if config.judge is not None and pack.rubric is None:
        yield (
            ("judge",),
            f"the pack {pack.name} has no rubric to judge by: give it one (docs/texts.md), or take `judge` away",
        )
    yield from _recognising(config, pack)
    yield from _limits(config)
    yield from check_recipe(config, able)
    if pack.contrast is not None and config.size % pack.contrast.members:
        members = pack.contrast.members
        yield ("size",), f"contrast sets have {members} members, so the size must be a multiple of {members}"
    if able is not None and speakable.voices:
        yield from _speaking(config, speakable, able)


def _named(config: RunConfig) -> Iterator[tuple[Path_, Registry, Backend]]:
    score = config.score
    optional: list[tuple[Path_, Registry, Backend | None]] = [
        (("write",), WRITERS, config.write),
        (("judge",), JUDGES, config.judge),
        (("speak",), SPEAKERS, config.speak),
        (("score", "asr"), SPEECH_RECOGNISERS, score.asr),
        (("score", "ser"), EMOTION_RECOGNISERS, score.ser),
        (("score", "second_ser"), EMOTION_RECOGNISERS, score.second_ser),
        (("score", "mos"), QUALITY_JUDGES, score.mos),
        (("score", "likeness"), VOICE_COMPARERS, score.likeness),
        (("score", "words"), WORD_ALIGNERS, score.words),
    ]
    return ((path, registry, backend) for path, registry, backend in optional if backend is not None)


def _backends(config: RunConfig) -> Iterator[Complaint]:
    for path, registry, backend in _named(config):
        try:
            module = registry.load(backend.backend)
            module.Settings.model_validate(backend.settings)
            yield from _at_work(path, registry, backend)
        except UsageError as error:
            yield (*path, "backend"), str(error)
        except ValidationError as error:
            for inner, message in complaints(error, module.Settings):
                yield (*path, "settings", *inner), f"{backend.backend}: {message}"
    for number, kind in enumerate(config.units):
        try:
            ENCODERS.load(kind.backend).check(kind)
            yield from _at_work(("units", number), ENCODERS, kind)
        except (UsageError, ValueError) as error:
            yield ("units", number, "backend"), str(error)


def _at_work(path: Path_, registry: Registry, backend: Backend) -> Iterator[Complaint]:
    """Whether the backend's workers find what they need, as far as that shows from here."""
    entry = registry.entry(backend.backend)
    if backend.ray is None and entry.fills_gpu:
        mend = "run it in an actor of its own: ray: {gpus: 1}, with `python` if it has its own environment"
        yield (*path, "ray"), f"each worker of {backend.backend} takes a whole GPU: {mend}"
    elif backend.ray is None and entry.missing_at_work:
        needs = ", ".join(entry.missing_at_work)
        mend = f"{entry.install}; or name that environment in {'.'.join(map(str, path))}.ray"
        yield (*path, "backend"), f"the {registry.stage} backend {backend.backend} needs {needs} in its workers: {mend}"
    if entry.waits and backend.ray is not None:
        yield (*path, "ray"), f"{backend.backend} waits for a server, which needs no Ray: take `ray` away"


def _splits(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """Each split that gets dialogues needs somebody to speak in it."""
    planner = Planner(pack, config.seed, config.shard.splits)
    for split, share in planner.splits.items():
        for language, weight in pack.languages.items():
            for role in Role if share > 0 and weight > 0 else ():
                where: Path_ = ("shard", "splits") if split is Split.TRAIN else ("shard", "splits", str(split))
                cast = planner.cast(role, split, language)
                if not any(cast.values()):
                    yield where, _nobody(role, split, language)
                elif role is Role.USER and pack.contrast is not None:
                    yield from ((where, message) for message in _contrasts(planner, pack.contrast, split, language))
    if pack.given:
        for field in ("voice.assistant",) if planner.rules.has_bound_voices else ("voice.user", "voice.assistant"):
            told = dead_end(planner.rules, field)
            if told:
                yield ("pack",), f"{told}: give the pack such a voice, or the condition another cast"


def _contrasts(planner: Planner, contrast: Contrast, split: Split, language: str) -> Iterator[str]:
    """Members of a set that differ in gender or age need voices of so many genders or ages."""
    if contrast.vary == "user_emotion":
        return
    able = [planner.voices[name] for name, weight in planner.cast(Role.USER, split, language).items() if weight > 0]
    kinds = {voice.gender if contrast.vary == "gender" else voice.age for voice in able}
    if len(kinds) < contrast.members:
        yield (
            f"contrast sets of {contrast.members} by {contrast.vary} need as many kinds of user voices that speak "
            f"{language} in {split}, and there are {len(kinds)}: add voices, or set the share to 0"
        )


def _nobody(role: Role, split: Split, language: str) -> str:
    mend = f"give a voice `split: {split}`" if role is Role.USER else "give a voice `roles: [assistant]`"
    return f"no {role} voice of the pack speaks {language} in {split}: {mend}, or set the share to 0"


def _writing(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """What the writer needs of the pack, and the languages that writer, recogniser and aligner have."""
    engines: list[tuple[Path_, Registry, Backend]] = [
        (("write", "backend"), WRITERS, config.write),
        (("score", "asr", "backend"), SPEECH_RECOGNISERS, config.score.asr),
    ]
    if config.score.words is not None:
        engines.append((("score", "words", "backend"), WORD_ALIGNERS, config.score.words))
    for path, registry, backend in engines:
        if not _loads(registry, backend):
            continue
        able: tuple[str, ...] | None = registry.load(backend.backend).LANGUAGES
        for language, weight in pack.languages.items():
            if weight > 0 and able is not None and language not in able:
                yield path, f"{backend.backend} knows {', '.join(able)} only; the pack asks for {language}"
    if _loads(WRITERS, config.write):
        for message in WRITERS.load(config.write.backend).needs(pack):
            yield ("write", "backend"), message


def _loads(registry: Registry, backend: Backend) -> bool:
    return backend.backend in registry.entries and not registry.entry(backend.backend).missing


def _recognising(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """Every emotion that is drawn must be one of the recogniser's labels, or be said to be some of them."""
    for path, registry, backend in _named(config):
        if registry is not EMOTION_RECOGNISERS or not isinstance(backend, EmotionBackend):
            continue
        if not _loads(registry, backend):
            continue
        known = _labels(registry, backend)
        strange = {label for emotion in emotions(pack) for label in backend.names(emotion)} - set(known or ())
        if known is not None and strange:
            lost = [emotion for emotion in emotions(pack) if strange & set(backend.names(emotion))]
            mend = f"say which they are, such as labels: {{{lost[0]}: [{known[0]}]}}"
            yield (
                (*path, "labels"),
                f"{backend.backend} answers {', '.join(known)}; it has no label for {', '.join(lost)}: {mend}",
            )


def _labels(registry: Registry, backend: Backend) -> tuple[str, ...] | None:
    module = registry.load(backend.backend)
    try:
        known: tuple[str, ...] | None = module.labels(module.Settings.model_validate(backend.settings))
    except (ValidationError, WarmlineError):
        return None  # said already, or only to be known where the workers are
    return known


def _limits(config: RunConfig) -> Iterator[Complaint]:
    """Limits on what nobody measures."""
    score, gate = config.score, config.gate
    unheard = {"mos": gate.mos > 0 and not score.mos, "likeness": gate.likeness > 0 and not score.likeness}
    for name, wrong in unheard.items():
        if wrong:
            yield ("gate", name), f"nobody measures it: name a backend in score.{name}"
    if gate.second_emotions and not score.second_ser:
        yield ("gate", "second_emotions"), "nobody measures it: name a backend in score.second_ser"


def _voiceless(backend: str, able: Abilities | None) -> str:
    clones = able is not None and able.clips
    mend = "clips: {neutral: {audio: FILE, transcript: TEXT}}" if clones else f"engines: {{{backend}: …}}"
    return f"no voice of the pack can be spoken by {backend}: give voices {mend}"


def _speaking(config: RunConfig, pack: Pack, able: Abilities) -> Iterator[Complaint]:
    """What the pack asks of the run's engine that it cannot do. Paths are those of the run file."""
    speak = config.speak
    for message in out_of_reach(pack, able, speak.backend):
        yield ("speak", "backend"), message
    for number, kind in enumerate(config.units):
        module = ENCODERS.load(kind.backend) if kind.backend in ENCODERS.entries else None
        made_by_speaker = module is not None and module.GENERATED and module.reencoding(kind) is None
        if made_by_speaker and able.units != kind.backend:
            mend = "settings: {model: FOLDER} has them re-encoded"
            yield ("units", number, "backend"), f"{speak.backend} generates no {kind.backend} units; {mend}"


def check_voices(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """What of the pack the run's backends cannot do: voices to speak, replies to ask for. Paths are the pack's."""
    yield from check_replies(config, pack)
    name = config.speak.backend
    if not _loads(SPEAKERS, config.speak):
        return
    module = SPEAKERS.load(name)
    for number, voice in enumerate(pack.voices):
        if not voice.engines and not voice.clips:
            yield ("voices", number), f"{voice.id} can be spoken by no engine: give it `engines` or `clips`"
        try:
            if name in voice.engines:
                module.VoiceSettings.model_validate(voice.engines[name])
        except ValidationError as error:
            for inner, message in complaints(error, module.VoiceSettings):
                yield ("voices", number, "engines", name, *inner), f"{voice.id}: {message}"
    try:
        able = abilities_of(config.speak)
    except ValidationError:
        return  # said already
    yield from _shared_voices(able, name, pack)
    yield from unheard_clips(pack, able, name)
    yield from unknown_tags(pack, able, name)


def _shared_voices(able: Abilities, backend: str, pack: Pack) -> Iterator[Complaint]:
    """Two of the users' voices that are one to the engine, in different splits: a speaker would leak."""
    owners: dict[str, Voice] = {}
    for number, voice in enumerate(pack.voices):
        if Role.USER not in voice.roles or not can_speak(able, backend, voice):
            continue
        settings = dict(voice.engines.get(backend, {}))
        digests = {clip.digest for clip in voice.clips.values()} if able.clips else set()
        heard = [owners.setdefault(fingerprint(settings, digest), voice) for digest in sorted(digests) or [""]]
        owner = next((one for one in heard if one.split is not voice.split), None)
        if owner is not None:
            message = f"{voice.id} ({voice.split}) sounds as {owner.id} ({owner.split}): a user's voice has one split"
            yield ("voices", number), message
