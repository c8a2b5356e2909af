"""What must hold of voices, their clips and their deliveries, beyond the shape of each."""

import re
from collections.abc import Iterator

from pipeline.config.pack_checks import spoken_texts
from pipeline.config.source import Path_
from pipeline.engine.backends import nearest
from pipeline.engine.errors import UsageError
from pipeline.speak.backends import SPEAKERS
from schemas.pack import Pack
from schemas.voice import NEUTRAL, Role, serving

Complaint = tuple[Path_, str]

_JINJA = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_TAG = re.compile(r"\[([^\[\]]*)\]")


def check_voices_of(pack: Pack) -> Iterator[Complaint]:
    """Everything that is wrong, each with its path in the pack."""
    yield from _licences(pack)
    yield from _engines(pack)
    yield from _clips(pack)
    yield from _bound(pack)
    yield from _deliveries(pack)
    yield from _plain_texts(pack)
    yield from _tags(pack)


def _licences(pack: Pack) -> Iterator[Complaint]:
    for number, voice in enumerate(pack.voices):
        if not voice.licence.strip():
            yield ("voices", number, "licence"), f"{voice.id} has no licence: give an SPDX identifier or a sentence"
        elif pack.licences and voice.licence not in pack.licences:
            allowed, path = ", ".join(pack.licences), ("voices", number, "licence")
            yield path, f"{voice.id}: the pack's licences ({allowed}) do not have {voice.licence!r}: take the voice out"


def _engines(pack: Pack) -> Iterator[Complaint]:
    for number, voice in enumerate(pack.voices):
        for name in voice.engines:
            try:
                SPEAKERS.entry(name)
            except UsageError as error:
                yield ("voices", number, "engines", name), f"{voice.id}: {error}"


def _clips(pack: Pack) -> Iterator[Complaint]:
    for number, voice in enumerate(pack.voices):
        for name, clip in voice.clips.items():
            path = ("voices", number, "clips", name)
            if name != NEUTRAL and name not in pack.deliveries:
                yield path, f"{voice.id}: {name} is not defined in deliveries: {nearest(name, pack.deliveries)}"
            if clip.language is not None and clip.language not in voice.languages:
                known = ", ".join(voice.languages)
                yield (
                    (*path, "language"),
                    f"{voice.id} speaks {known}, its clip is in {clip.language}: add that to its languages, "
                    "or take a clip of another voice",
                )


def _bound(pack: Pack) -> Iterator[Complaint]:
    """Voices for some emotions only, where another may come up."""
    for number, voice in enumerate(pack.voices):
        path = ("voices", number, "emotions" if voice.emotions else "clips")
        for emotion in voice.emotions:
            if emotion not in pack.deliveries:
                yield path, f"{voice.id}: {emotion} is not defined in deliveries: {nearest(emotion, pack.deliveries)}"
            elif voice.clips and not {emotion, NEUTRAL} & set(voice.clips):
                yield path, f"{voice.id} has clips, and none that is {emotion} or neutral: add one"
        why = "has `emotions`" if voice.emotions else "has clips and no `neutral` one"
        if voice.bound_to and Role.ASSISTANT in voice.roles:
            mend = "take that away" if voice.emotions else "add one"
            yield path, f"{voice.id} {why}, but an answer may be in any emotion: {mend}, or let it speak for users only"
        elif voice.bound_to and pack.contrast is not None:
            yield path, f"{voice.id} {why}, but members of a contrast set share what is not varied: take the voice out"


def _deliveries(pack: Pack) -> Iterator[Complaint]:
    for emotion, style in pack.deliveries.items():
        for language in style.languages:
            if language not in pack.languages:
                hint = nearest(language, pack.languages)
                yield ("deliveries", emotion, "languages", language), f"{language} is no language of the pack: {hint}"


def _plain_texts(pack: Pack) -> Iterator[Complaint]:
    """Each language's voices are compared in that language."""
    for language in pack.languages:
        if not pack.references_in(language):
            mend = f"give it some that fit any feeling: reference_texts: {{{language}: [TEXT, TEXT]}}"
            yield ("languages", language), f"{language} has no reference texts, and its voices speak no other's: {mend}"
    for key, texts in (("reference_texts", pack.reference_texts), ("calibration_texts", pack.calibration_texts)):
        for name in texts:
            if name not in {serving(language, texts) for language in pack.languages}:
                yield (key, name), f"{name} is no language of the pack: {nearest(name, pack.languages)}"


def _tags(pack: Pack) -> Iterator[Complaint]:
    """Tags in phrases that no delivery allows: they would be read out."""
    allowed = {tag for style in pack.deliveries.values() for tag in style.tags}
    for path, text in spoken_texts(pack):
        for tag in _TAG.findall(_JINJA.sub("", text)):
            if tag not in allowed:
                hint = nearest(tag, allowed) if allowed else "no delivery has tags"
                yield path, f"[{tag}] is no tag of any delivery: {hint}"
