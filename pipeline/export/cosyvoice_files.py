"""The files of the `cosyvoice` format: Parquet of at most a thousand turns, and who stands in which."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.corpus.rows import Dialogue
from pipeline.export.format import LeftOut, Part
from schemas.frozen import Seconds

ROWS_A_FILE = 1000
"""As many as their own tool: files are what they shuffle, and share out among processes."""

_ROWS_AT_ONCE = 32

Rows = Callable[[Dialogue], Iterator[LeftOut | tuple[dict[str, object], Seconds]]]


class UtteranceWriter:
    """Writes what `rows` makes of each dialogue: parquet_NNNNNNNNN.tar and two JSON files beside it.

    The first four digits of a file's number are the part's, so that no two parts write the same names.
    """

    def __init__(self, part: Part, rows: Rows) -> None:
        self._part, self._rows = part, rows
        self._named: list[dict[str, str]] = []
        self._waiting: list[dict[str, object]] = []
        self._file: pq.ParquetWriter | None = None
        self._speakers: dict[str, str] = {}

    def __enter__(self) -> "UtteranceWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._close()
        self._part.notes.parent.mkdir(parents=True, exist_ok=True)
        self._part.notes.write_text("".join(json.dumps(one) + "\n" for one in self._named), encoding="utf-8")

    def take(self, dialogue: Dialogue) -> Iterator[LeftOut | Seconds]:
        """Write its turns."""
        for made in self._rows(dialogue):
            if isinstance(made, LeftOut):
                yield made
                continue
            row, seconds = made
            if len(self._speakers) == ROWS_A_FILE:
                self._close()
            self._speakers[str(row["utt"])] = str(row["spk"])
            self._waiting.append(row)
            if len(self._waiting) == _ROWS_AT_ONCE:
                self._write()
            yield seconds

    def _write(self) -> None:
        has_units = "speech_token" in self._waiting[0]
        table = pa.Table.from_pylist(self._waiting, schema=_schema(has_units))
        if self._file is None:
            self._file = pq.ParquetWriter(self._path("parquet", "tar"), table.schema)
        self._file.write_table(table)
        self._waiting = []

    def _close(self) -> None:
        if self._waiting:
            self._write()
        if self._file is None:
            return
        self._file.close()
        self._file = None
        paths = {"parquet": self._path("parquet", "tar")}
        name = self._part.named(paths["parquet"])
        for key, keys in [("utt2parquet", list(self._speakers)), ("spk2parquet", list(self._speakers.values()))]:
            paths[key] = self._path(key, "json")
            paths[key].write_text(json.dumps(dict.fromkeys(keys, name), indent=2), encoding="utf-8")
        self._named.append({key: self._part.named(path) for key, path in paths.items()})
        self._speakers = {}

    def _path(self, name: str, ending: str) -> Path:
        number = f"{self._part.number:04d}{len(self._named):05d}"
        return self._part.file(self._part.split, f"{name}_{number}.{ending}")


def _schema(has_units: bool) -> pa.Schema:
    text = ["utt", "wav", "text", "spk", "instruct"]
    fields = [("audio_data", pa.binary()), *((name, pa.string()) for name in text)]
    return pa.schema(fields + ([("speech_token", pa.list_(pa.int64()))] if has_units else []))


def utterances(path: Path) -> Iterator[dict[str, object]]:
    """The rows of a file, few of them in memory at a time."""
    for batch in pq.ParquetFile(path, pre_buffer=False).iter_batches(batch_size=_ROWS_AT_ONCE):
        yield from batch.to_pylist()
