"""`warmline schema`: what editors complete packs and run files from, and tell misspelt keys by."""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from pipeline.config.pack_schema import pack_schema
from pipeline.config.run_schema import run_schema
from pipeline.config.schema_parts import Schema
from pipeline.engine.errors import UsageError


class SchemaOf(StrEnum):
    """The files that there is a schema of."""

    PACK = "pack"
    RUN = "run"


_MAKERS: Mapping[SchemaOf, Callable[[], Schema]] = {SchemaOf.PACK: pack_schema, SchemaOf.RUN: run_schema}


def schema_text(kind: SchemaOf) -> str:
    """The JSON Schema of a pack's files or of a run file, with the backends that are installed here."""
    return json.dumps(_MAKERS[kind](), indent=2, ensure_ascii=False)


def file_name(kind: SchemaOf) -> str:
    """What its file is called."""
    return f"{kind}.schema.json"


def write_schemas(folder: Path, kind: SchemaOf | None = None) -> str:
    """Write DIR/pack.schema.json and DIR/run.schema.json, or one of them; answers how an editor is told of them."""
    kinds = list(SchemaOf) if kind is None else [kind]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in kinds:
            (folder / file_name(one)).write_text(schema_text(one) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}: choose another folder") from error
    names = " and ".join(file_name(one) for one in kinds)
    return f"{folder}: {names}; first line of a file for editors: {modeline(file_name(kinds[0]))}"


def modeline(schema: str) -> str:
    """The comment by which a YAML file tells yaml-language-server where its schema is.

    >>> modeline("../pack.schema.json")
    '# yaml-language-server: $schema=../pack.schema.json'
    """
    return f"# yaml-language-server: $schema={schema}"


def mark_pack(folder: Path) -> None:
    """Have every YAML file of a pack name the schema that lies beside the pack's folder."""
    for file in sorted(folder.rglob("*.yaml")):
        up = "../" * len(file.relative_to(folder).parts)
        text = file.read_text(encoding="utf-8")
        file.write_text(f"{modeline(up + file_name(SchemaOf.PACK))}\n{text}", encoding="utf-8")
