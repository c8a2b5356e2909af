"""Corpora for the export tests: real shards, with tones for speech and drawn units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.audio.recording import Recording, encode_flac
from schemas.shard import shard_schema
from schemas.voice import Role, Split

KINDS: Mapping[str, tuple[float, int]] = {"glm4voice": (12.5, 16384), "s3": (25.0, 6561)}
RATE = 24000


@dataclass(frozen=True)
class Said:
    """One turn: who, what, and how long it sounds; nothing of it is heard if it is typed."""

    role: Role
    text: str
    seconds: float = 1.2
    typed: bool = False
    timed: bool = True
    voice: str = ""
    emotion: str = "sad"


@dataclass(frozen=True)
class Talk:
    """One dialogue."""

    number: int
    turns: tuple[Said, ...]
    split: Split = Split.TRAIN
    language: str = "en"
    kind: str = "dialogue"

    @property
    def id(self) -> str:
        return f"test-7-{self.number:07d}"


def talk(number: int, *texts: str, seconds: float = 1.2, split: Split = Split.TRAIN) -> Talk:
    """A dialogue of these turns, the user's first."""
    sides = [Role.USER, Role.ASSISTANT]
    said = tuple(Said(sides[place % 2], text, seconds + 0.1 * place) for place, text in enumerate(texts))
    return Talk(number, said, split)


def talks(count: int) -> list[Talk]:
    """Ordinary dialogues of two and four turns, two in ten of them held out."""
    texts = [
        "My cat is ill.",
        "I am so sorry, what happened to her?",
        "She does not eat.",
        "Let us call the vet, then.",
    ]
    splits = {8: Split.VALIDATION, 9: Split.TEST}
    return [
        talk(number, *texts[: 2 + 2 * (number % 2)], split=splits.get(number % 10, Split.TRAIN))
        for number in range(count)
    ]


def units_of(number: int, place: int, seconds: float, kind: str) -> list[int]:
    """The units that the turn's row holds."""
    rate, size = KINDS[kind]
    drawn = np.random.default_rng([number, place, size]).integers(0, size, round(seconds * rate))
    return [int(unit) for unit in drawn]


def write_corpus(
    folder: Path, written: Sequence[Talk], kinds: Sequence[str] = ("glm4voice",), rows_a_shard: int = 1000
) -> Path:
    """The dialogues as shards, in `folder`/data."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    schema = shard_schema(kinds)
    for split in Split:
        of_split = [one for one in written if one.split is split]
        for shard, begin in enumerate(range(0, len(of_split), rows_a_shard)):
            group = of_split[begin : begin + rows_a_shard]
            table = pa.Table.from_pylist([_row(one, kinds) for one in group], schema=schema)
            table = table.replace_schema_metadata(
                {**(schema.metadata or {}), "warmline.shard": f"{len(table)} {shard}"}
            )
            pq.write_table(table, folder / "data" / f"{split}-{shard:05d}.parquet", row_group_size=8)
    return folder


def _row(one: Talk, kinds: Sequence[str]) -> dict[str, object]:
    side = {"voice": "ann", "gender": "female", "age": "adult", "emotion": "sad", "intensity": 1.0, "persona": None}
    named = {
        kind: {"revision": "r1", "rate": KINDS[kind][0], "size": KINDS[kind][1], "source": "re-encoded"}
        for kind in kinds
    }
    return {
        "id": one.id,
        "language": one.language,
        "kind": one.kind,
        "situation": "rain",
        "user": side,
        "assistant": side,
        "turns": [_turn(one, place, said, kinds) for place, said in enumerate(one.turns)],
        "provenance": {"pack": "test", "index": one.number, "units": named},
    }


def _turn(one: Talk, place: int, said: Said, kinds: Sequence[str]) -> dict[str, object]:
    row: dict[str, object] = {"role": str(said.role), "text": said.text, "emotion": said.emotion}
    if said.typed:
        return row
    words = said.text.split() if said.timed else []
    step = said.seconds / max(1, len(words))
    return row | {
        "voice": said.voice or str(said.role),
        "delivery": {"intensity": 1.0, "instruction": "Speak softly."},
        "audio": {"bytes": tone(round(said.seconds * RATE), 220 + 40 * place), "path": f"{one.id}-{place:02d}.flac"},
        "sample_rate": RATE,
        "duration": said.seconds,
        "words": [
            {"text": word, "start": number * step, "end": (number + 0.9) * step} for number, word in enumerate(words)
        ],
        "units": {kind: units_of(one.number, place, said.seconds, kind) for kind in kinds},
    }


@cache
def tone(samples: int, pitch: int) -> bytes:
    """A tone at half of full scale, as FLAC."""
    time = np.arange(samples, dtype=np.float32) / RATE
    return encode_flac(Recording((0.5 * np.sin(2 * np.pi * pitch * time)).astype(np.float32), RATE))
