"""The shipped pack with voices that have clips of one emotion only, as seed clips are."""

from schemas.pack import Pack
from schemas.voice import NEUTRAL, Age, Clip, Gender, Role, Split, Voice
from tests.plan.random_packs import EMOTIONS


def voice(name: str, *clips: str, split: Split = Split.TRAIN, age: Age = Age.ADULT) -> Voice:
    """A user's voice with such clips."""
    return Voice(
        id=name,
        gender=Gender.FEMALE,
        age=age,
        split=split,
        clips={
            clip: Clip(audio=f"{name}-{clip}.wav", transcript="So it is.", digest=f"{name} {clip}") for clip in clips
        },
        licence="CC0-1.0",
        consent="synthetic",
    )


def seeded(pack: Pack, *more: Voice) -> Pack:
    """In each split one voice with a neutral clip, and one for each other emotion with a clip of that."""
    answers = [one for one in pack.voices if one.roles == (Role.ASSISTANT,)]
    moved = [emotion for emotion in EMOTIONS if emotion != NEUTRAL]
    seeds = [voice(f"{split}-{emotion}", emotion, split=split) for split in Split for emotion in moved]
    anyone = [voice(f"{split}-anyone", "neutral", "sad", split=split, age=Age.YOUNG) for split in Split]
    return pack.model_copy(update={"voices": (*answers, *seeds, *anyone, *more)})
