"""What to try when a take did not pass: another seed, then a stronger delivery, then another voice.

Pure functions of a turn's tries so far: the same history gives the same next line, so a resumed run walks the same
ladder.
"""

from collections.abc import Sequence

from pipeline.engine.fingerprint import seed_from
from schemas.brief import Brief, Speaker
from schemas.dialogue import Turn
from schemas.pack import Pack
from schemas.take import Line
from schemas.voice import NEUTRAL, Delivery, Role, Style, Voice

TRIES_A_VOICE = 3
"""As asked, with another seed, with a stronger delivery; then the speaker gets another voice."""

_STRONGER = 1.25
_STRONGEST = 1.6


def line(pack: Pack, brief: Brief, turn: Turn, place: int, voice: Voice, *, tries: int, step: int) -> Line:
    """The line of turn number `place`: its try number `tries`, which is number `step` with this voice."""
    intensity = turn.intensity
    if step == TRIES_A_VOICE - 1:
        intensity = min(max(intensity, _STRONGEST), intensity * _STRONGER)
    return Line(
        text=turn.text,
        language=brief.language,
        voice=voice,
        delivery=Delivery(emotion=turn.emotion, intensity=intensity, style=_style(pack, turn.emotion, brief.language)),
        seed=seed_from(brief.text_seed, place, tries),
        attempt=tries,
    )


def rendering(pack: Pack, voice: Voice, language: str, emotion: str, text: str, seed: int) -> Line:
    """A text in an emotion of the pack, as its delivery is written: for measuring an engine."""
    delivery = Delivery(emotion=emotion, intensity=1.0, style=_style(pack, emotion, language))
    return Line(text=text, language=language, voice=voice, delivery=delivery, seed=seed)


def reference_lines(pack: Pack, voice: Voice, language: str) -> tuple[Line, ...]:
    """The language's reference texts in the voice's plain manner, for recognisers that compare with it."""
    plain = Delivery(emotion="neutral", intensity=0.0, style=Style())
    return tuple(
        Line(text=text, language=language, voice=voice, delivery=plain, seed=number)
        for number, text in enumerate(pack.references_in(language))
    )


def _style(pack: Pack, emotion: str, language: str) -> Style:
    return pack.deliveries[emotion].for_language(language)


def understudies(brief: Brief, role: Role, voices: Sequence[Voice]) -> list[Voice]:
    """Who may speak this side: the voice drawn, then others of the same gender, age and split.

    Their order is drawn for the brief. A voice of the other side of this dialogue is none of them, nor one that is
    cast for other emotions only.
    """
    drawn = next(voice for voice in voices if voice.id == brief.speaker(role).voice)
    other_side = {brief.speaker(side).voice for side in Role if side is not role}
    alike = [voice for voice in voices if voice.id not in {drawn.id, *other_side} and _alike(voice, drawn, role, brief)]
    return [drawn, *sorted(alike, key=lambda voice: seed_from(brief.text_seed, role, voice.id))]


def _alike(voice: Voice, drawn: Voice, role: Role, brief: Brief) -> bool:
    return (
        role in voice.roles
        and brief.language in voice.languages
        and (voice.gender, voice.age) == (drawn.gender, drawn.age)
        and (role is Role.ASSISTANT or voice.split is drawn.split)
        and voice.can_show(_emotions(brief.speaker(role)))
    )


def _emotions(side: Speaker) -> set[str]:
    """All that a side feels; neutral too if nothing of it is to show."""
    return {side.emotion, *side.path, *([NEUTRAL] if side.intensity == 0 else [])}
