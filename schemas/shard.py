"""The shard's row: one dialogue. Its Arrow schema carries the metadata by which `datasets` knows its Audio columns.

Shapes and units: `duration`, `start`, `end`, `silence` are seconds; `sample_rate` is Hz; `audio.bytes` is FLAC, mono,
at `sample_rate`; `units` are integers in 0..size−1 at the rate that `provenance.units` names (of several codebooks
frame by frame); each step of `interleaved` is a run of text (with its ids, if the recipe's tokenizer has any), a run
of units, or a marker; `clipping` and `emotion.p` are parts of 1; WER and CER compare normalised texts;
`judgement.scores.score` is 0, 1 or 2.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
from pydantic import JsonValue

_ARROW = {"string": pa.string(), "float32": pa.float32(), "int32": pa.int32(), "int64": pa.int64()}


@dataclass(frozen=True)
class _Value:
    dtype: str


@dataclass(frozen=True)
class _Audio:
    pass


@dataclass(frozen=True)
class _List:
    of: "_Feature"


_Feature = _Value | _Audio | _List | dict[str, "_Feature"]

_TEXT, _REAL, _COUNT, _LONG = _Value("string"), _Value("float32"), _Value("int32"), _Value("int64")
_SIDE: _Feature = {
    "voice": _TEXT,
    "gender": _TEXT,
    "age": _TEXT,
    "emotion": _TEXT,
    "intensity": _REAL,
    "persona": _TEXT,
}
_SCORES: _Feature = {
    "transcript": _TEXT,
    "wer": _REAL,
    "cer": _REAL,
    "language_model": _TEXT,
    "emotion": _List({"label": _TEXT, "p": _REAL}),
    "emotion_match": _REAL,
    "second_emotion": _List({"label": _TEXT, "p": _REAL}),
    "second_emotion_match": _REAL,
    "leading_silence": _REAL,
    "trailing_silence": _REAL,
    "silence": _REAL,
    "clipping": _REAL,
    "rms": _REAL,
    "mos": _REAL,
    "likeness": _REAL,
}


def _turn(units: Iterable[str]) -> dict[str, _Feature]:
    return {
        "role": _TEXT,
        "text": _TEXT,
        "emotion": _TEXT,
        "delivery": {"intensity": _REAL, "instruction": _TEXT},
        "voice": _TEXT,
        "audio": _Audio(),
        "sample_rate": _COUNT,
        "duration": _REAL,
        "words": _List({"text": _TEXT, "start": _REAL, "end": _REAL}),
        "units": {name: _List(_COUNT) for name in units},
        "interleaved": _List({"text": _TEXT, "tokens": _List(_COUNT), "units": _List(_COUNT), "marker": _TEXT}),
        "scores": _SCORES,
        "attempts": _COUNT,
        "engine": _TEXT,
        "seed": _LONG,
    }


def _row(units: Iterable[str]) -> dict[str, _Feature]:
    names = list(units)
    kind: _Feature = {"revision": _TEXT, "rate": _REAL, "size": _COUNT, "codebooks": _COUNT, "source": _TEXT}
    provenance: _Feature = {
        "pack": _TEXT,
        "pack_digest": _TEXT,
        "index": _LONG,
        "seed": _LONG,
        "writer": _TEXT,
        "judge": _TEXT,
        "speaker": _TEXT,
        "asr": _TEXT,
        "ser": _TEXT,
        "second_ser": _TEXT,
        "mos": _TEXT,
        "likeness": _TEXT,
        "words": _TEXT,
        "units": dict.fromkeys(names, kind),
        "warmline": _TEXT,
    }
    return {
        "id": _TEXT,
        "language": _TEXT,
        "kind": _TEXT,
        "situation": _TEXT,
        "arc": _TEXT,
        "length": _TEXT,
        "set": _LONG,
        "user": _SIDE,
        "assistant": _SIDE,
        "turns": _List(_turn(names)),
        "judgement": {"scores": _List({"scale": _TEXT, "score": _COUNT}), "reason": _TEXT},
        "provenance": provenance,
    }


def _arrow(feature: _Feature) -> pa.DataType:
    if isinstance(feature, _Value):
        return _ARROW[feature.dtype]
    if isinstance(feature, _Audio):
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    if isinstance(feature, _List):
        return pa.list_(_arrow(feature.of))
    return pa.struct([(name, _arrow(inner)) for name, inner in feature.items()])


def _described(feature: _Feature) -> JsonValue:
    """The feature as `datasets` (4 and newer) writes it into a Parquet file."""
    if isinstance(feature, _Value):
        return {"dtype": feature.dtype, "_type": "Value"}
    if isinstance(feature, _Audio):
        return {"_type": "Audio"}
    if isinstance(feature, _List):
        return {"feature": _described(feature.of), "_type": "List"}
    return {name: _described(inner) for name, inner in feature.items()}


def shard_schema(units: Iterable[str], *, rejected: bool = False) -> pa.Schema:
    """The schema of a corpus with these kinds of units.

    Rejected dialogues have one column more: `reasons`, each with its turn (−1 for the dialogue as a whole).

    >>> shard_schema(["kmeans"]).field("turns").type.value_type.field("units").type
    StructType(struct<kmeans: list<item: int32>>)
    """
    row = _row(units)
    if rejected:
        row["reasons"] = _List({"turn": _COUNT, "check": _TEXT, "message": _TEXT})
    described = {name: _described(feature) for name, feature in row.items()}
    metadata = {"huggingface": json.dumps({"info": {"features": described}})}
    return pa.schema([(name, _arrow(feature)) for name, feature in row.items()], metadata=metadata)
