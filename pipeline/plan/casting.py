"""Who may speak a side of a dialogue, and how likely each voice is."""

from collections.abc import Collection

from schemas.pack import Pack
from schemas.steering import Cast
from schemas.voice import Role, Split


def voice_weights(
    pack: Pack, wanted: Cast, role: Role, split: Split, language: str, emotions: Collection[str] = ()
) -> dict[str, float]:
    """The voices that may play `role` in a dialogue of this split and language, with the weight of each.

    `emotions` are all that this side may come to: a voice that is cast for some emotions only must have them.

    A voice's weight is its gender's, times its age's, times its own, where the voices of one gender and age share
    theirs: more voices of one kind make it more varied, not more frequent.
    """
    able = [
        voice
        for voice in pack.voices
        if role in voice.roles
        and language in voice.languages
        and (role is Role.ASSISTANT or voice.split is split)
        and voice.can_show(emotions)
    ]
    weights = {}
    for voice in able:
        alike = sum(other.weight for other in able if (other.gender, other.age) == (voice.gender, voice.age))
        kind = wanted.gender.get(voice.gender, 0.0) * wanted.age.get(voice.age, 0.0)
        weights[voice.id] = kind * voice.weight / alike if alike else 0.0
    return weights
