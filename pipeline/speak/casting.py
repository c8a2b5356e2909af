"""Which voices an engine can speak, and what of a pack's wishes it can carry out."""

from collections.abc import Iterator

from pipeline.engine.backends import nearest
from pipeline.speak.backends import SPEAKERS
from pipeline.speak.speaker import Abilities
from schemas.pack import Pack
from schemas.run import Backend
from schemas.voice import NEUTRAL, Prosody, Style, Voice


def abilities_of(backend: Backend) -> Abilities:
    """What the engine that a run file names can be told. Raises ValidationError if its settings are wrong."""
    module = SPEAKERS.load(backend.backend)
    able: Abilities = module.abilities(module.Settings.model_validate(backend.settings))
    return able


def can_speak(able: Abilities, backend: str, voice: Voice) -> bool:
    """Whether an engine has the voice: plainly, or cloned from clips of the emotions that it is cast for."""
    return speaks_plainly(able, backend, voice) or (able.emotion_clips and bool(voice.clips))


def speaks_plainly(able: Abilities, backend: str, voice: Voice) -> bool:
    """Whether an engine has the voice as it is: by its name in the voice's `engines`, or from its neutral clip."""
    by_name = able.named_voices and backend in voice.engines
    return by_name or (able.clips and NEUTRAL in voice.clips)


def with_speakable_voices(pack: Pack, able: Abilities, backend: str) -> Pack:
    """The pack with the voices that the engine can speak; voices meant for other engines are not drawn."""
    voices = tuple(voice for voice in pack.voices if can_speak(able, backend, voice))
    return pack.model_copy(update={"voices": voices})


def out_of_reach(pack: Pack, able: Abilities, backend: str) -> Iterator[str]:
    """What the pack asks of the engine that it cannot do: each in a sentence."""
    foreign = [name for name, weight in pack.languages.items() if weight > 0 and not _knows(able.languages, name)]
    if foreign:
        yield f"{backend} speaks {', '.join(able.languages or ())} only; the pack asks for {', '.join(foreign)}"
    unknown = [emotion for emotion in emotions(pack) if not _knows(able.emotions, emotion)]
    if unknown:
        known = ", ".join(able.emotions or ())
        yield f"{backend} knows the emotions {known} only; the pack asks for {', '.join(unknown)}"
    lost = [e for e in emotions(pack) if e not in unknown and not _reaches(pack, able, e)]
    if lost:
        yield f"{backend} follows {_means(able)}; the pack says none for {', '.join(lost)}"


def unknown_tags(pack: Pack, able: Abilities, backend: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Tags that texts may hold and the engine would read out or pass over, each with its path in the pack."""
    for emotion in emotions(pack):
        for number, tag in enumerate(pack.deliveries[emotion].tags):
            if tag not in able.tags:
                hint = (
                    nearest(tag, able.tags) if able.tags else "it renders no tags; take them out, or speak with another"
                )
                yield ("deliveries", emotion, "tags", number), f"{backend} does not render [{tag}]: {hint}"


def unheard_clips(pack: Pack, able: Abilities, backend: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Voices with clips of emotions alone, which the engine cannot clone from, each with its path in the pack."""
    if not able.clips or able.emotion_clips:
        return
    for number, voice in enumerate(pack.voices):
        if voice.clips and not can_speak(able, backend, voice):
            mend = "give it one, or let the engine clone from it: emotion_clips: true"
            yield ("voices", number, "clips"), f"{voice.id} has no `neutral` clip, and {backend} takes no other: {mend}"


def emotions(pack: Pack) -> list[str]:
    """Every emotion that may be drawn for either side, in the order of the deliveries."""
    drawn = {emotion for emotion, weight in pack.user_emotions.items() if weight > 0}
    drawn |= {reply for given in drawn for reply, weight in pack.reply_emotions.get(given, {}).items() if weight > 0}
    return [emotion for emotion in pack.deliveries if emotion in drawn]


def _knows(known: tuple[str, ...] | None, name: str) -> bool:
    return known is None or name in known


def _reaches(pack: Pack, able: Abilities, emotion: str) -> bool:
    """Whether anything that the pack says of the emotion's delivery gets through to the engine."""
    if able.emotion_clips and all(emotion in voice.clips for voice in pack.voices if voice.can_show([emotion])):
        return True
    if able.emotions is not None or emotion == NEUTRAL or emotion in able.instructed:
        return True
    drawn = [language for language, weight in pack.languages.items() if weight > 0]
    return all(_tells(pack.deliveries[emotion].for_language(language), able) for language in drawn)


def _tells(style: Style, able: Abilities) -> bool:
    if style.model_copy(update={"tags": ()}) == Style():
        return True
    return (able.prosody and style.prosody != Prosody()) or (able.instruction and bool(style.instruction))


def _means(able: Abilities) -> str:
    ways = {"prosody": able.prosody, "instructions": able.instruction, "clips of each emotion": able.emotion_clips}
    return " and ".join(way for way, open_ in ways.items() if open_) or "no delivery at all"
