"""What a shard's row says, as values: a dialogue, its turns, and what is known of their units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from pipeline.audio.recording import Recording, decode_flac
from schemas.frozen import Hertz, Seconds
from schemas.take import Word
from schemas.voice import Role, Split

AUDIO = "turns.audio.bytes"
READ = (
    *("id", "language", "kind", "situation", "provenance.units"),
    *(f"{side}.{name}" for side in Role for name in ("gender", "age", "emotion", "persona")),
    *(f"turns.{name}" for name in ("role", "text", "emotion", "delivery.instruction", "voice", "sample_rate")),
    *("turns.duration", "turns.words", "turns.units", AUDIO),
)
"""The columns that are read here, with all that is below them."""


@dataclass(frozen=True)
class UnitKind:
    """What is known of one kind of units: codebook or weights, frames a second, codes, where from, books a frame."""

    revision: str | None
    rate: float
    size: int
    source: str | None
    codebooks: int = 1


@dataclass(frozen=True)
class Side:
    """One of the two who talk, as drawn."""

    gender: str
    age: str
    emotion: str
    persona: str | None


@dataclass(frozen=True)
class Turn:
    """A turn as the shard has it; a typed one has no audio. `instruction` is the pack's for its delivery."""

    role: Role
    text: str
    emotion: str
    instruction: str
    voice: str | None
    flac: bytes | None
    sample_rate: Hertz
    duration: Seconds
    words: tuple[Word, ...]
    units: Mapping[str, tuple[int, ...]]

    def recording(self) -> Recording:
        """Its sound. Raises ValueError if it has none or it cannot be read."""
        if self.flac is None:
            raise ValueError("the turn has no audio")
        return decode_flac(self.flac)


@dataclass(frozen=True)
class Dialogue:
    """A row of the corpus."""

    id: str
    split: Split
    language: str
    kind: str
    situation: str
    user: Side
    assistant: Side
    turns: tuple[Turn, ...]
    kinds: Mapping[str, UnitKind]


class _Side(TypedDict):
    gender: str
    age: str
    emotion: str
    persona: str | None


class _Word(TypedDict):
    text: str
    start: float
    end: float


class _Audio(TypedDict):
    bytes: bytes


class _Delivery(TypedDict):
    instruction: str | None


class _Turn(TypedDict):
    role: str
    text: str
    emotion: str
    delivery: _Delivery | None
    voice: str | None
    audio: NotRequired[_Audio | None]
    sample_rate: int | None
    duration: float | None
    words: Sequence[_Word] | None
    units: Mapping[str, Sequence[int] | None] | None


class _Kind(TypedDict):
    revision: str | None
    rate: float
    size: int
    source: str | None
    codebooks: NotRequired[int | None]


class _Provenance(TypedDict):
    units: Mapping[str, _Kind] | None


class Row(TypedDict):
    """A row as Arrow gives it out, as far as it is read here."""

    id: str
    language: str
    kind: str
    situation: str
    user: _Side
    assistant: _Side
    turns: Sequence[_Turn]
    provenance: _Provenance


def dialogue(row: Row, split: Split) -> Dialogue:
    """The row as values."""
    kinds = row["provenance"]["units"] or {}
    return Dialogue(
        id=row["id"],
        split=split,
        language=row["language"],
        kind=row["kind"],
        situation=row["situation"],
        user=_side(row["user"]),
        assistant=_side(row["assistant"]),
        turns=tuple(map(_turn, row["turns"])),
        kinds={name: _kind(kind) for name, kind in kinds.items()},
    )


def _kind(kind: _Kind) -> UnitKind:
    books = kind.get("codebooks")
    return UnitKind(kind["revision"], kind["rate"], kind["size"], kind["source"], books or 1)


def _side(side: _Side) -> Side:
    return Side(side["gender"], side["age"], side["emotion"], side["persona"])


def _turn(turn: _Turn) -> Turn:
    audio = turn.get("audio")
    delivery, units = turn["delivery"], turn["units"] or {}
    return Turn(
        role=Role(turn["role"]),
        text=turn["text"],
        emotion=turn["emotion"],
        instruction=(delivery["instruction"] if delivery else None) or "",
        voice=turn["voice"],
        flac=audio["bytes"] if audio else None,
        sample_rate=turn["sample_rate"] or 0,
        duration=turn["duration"] or 0.0,
        words=tuple(Word(**word) for word in turn["words"] or ()),
        units={name: tuple(found) for name, found in units.items() if found is not None},
    )
