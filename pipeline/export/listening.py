"""Dialogues as a model has them that hears the user and writes its answers."""

from collections.abc import Iterator, Sequence

from pipeline.corpus.rows import Dialogue, Turn
from pipeline.export.format import LeftOut, Part
from pipeline.export.sound import wav_name, write_wav
from pipeline.export.turns import Objection, unusable
from schemas.frozen import Hertz, Seconds
from schemas.voice import Role

RATE: Hertz = 16000
"""At which the encoders of speech that such models hear with were trained."""

SHORTEST: Seconds = 0.1


def objection(dialogue: Dialogue, longest: Seconds, reserved: Sequence[str]) -> LeftOut | None:
    """Why the dialogue cannot be taken, or None. `reserved` are marks that stand for a sound where a text is read."""
    return next(_objections(dialogue, longest, reserved), None)


def _objections(dialogue: Dialogue, longest: Seconds, reserved: Sequence[str]) -> Iterator[LeftOut]:
    for number, turn in enumerate(dialogue.turns):
        found = unusable(turn, SHORTEST, longest) if is_heard(turn) else _unreadable(turn, reserved)
        if found is not None:
            yield LeftOut(dialogue.id, number, found.check, found.message)
    if dialogue.turns[-1].role is Role.USER:
        yield LeftOut(dialogue.id, len(dialogue.turns) - 1, "answer", "nothing answers the last turn, which is learnt")


def _unreadable(turn: Turn, reserved: Sequence[str]) -> Objection | None:
    if not turn.text.strip():
        return Objection("text", "the turn has no text")
    mark = next((mark for mark in reserved if mark in turn.text), None)
    return Objection("mark", f"the text holds {mark}, which stands for a sound or picture") if mark else None


def is_heard(turn: Turn) -> bool:
    """Whether the model hears the turn: it is the user's, and not typed."""
    return turn.role is Role.USER and turn.flac is not None


def write_heard(part: Part, dialogue: Dialogue, number: int) -> tuple[str, Seconds]:
    """Write the turn as a mono WAV of 16 kHz: the name by which the export calls it, and its length."""
    path = wav_name(part, dialogue, number)
    return part.named(path), write_wav(path, dialogue.turns[number].recording(), RATE)
