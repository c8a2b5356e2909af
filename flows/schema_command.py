"""`warmline schema`: what editors complete packs and run files from, and tell misspelt keys by."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from flows.schema_of import SchemaOf
from pipeline.config.pack_schema import pack_schema
from pipeline.config.run_schema import run_schema
from pipeline.config.schema_parts import Schema
from pipeline.engine.errors import UsageError

_MAKERS: Mapping[SchemaOf, Callable[[], Schema]] = {SchemaOf.PACK: pack_schema, SchemaOf.RUN: run_schema}


def schema_command(of: SchemaOf | None, out: Path | None) -> str:
    """The schema asked for, or where both (or the one) were written. Raises UsageError if it is not clear which."""
    if out is not None:
        return write_schemas(out, of)
    if of is None:
        raise UsageError("say which: warmline schema pack, warmline schema run, or both with --out DIR")
    return schema_text(of)


def schema_text(of: SchemaOf) -> str:
    """The JSON Schema of a pack's files or of a run file, with the backends that are installed here."""
    return json.dumps(_MAKERS[of](), indent=2, ensure_ascii=False)


def write_schemas(folder: Path, of: SchemaOf | None = None) -> str:
    """Write DIR/pack.schema.json and DIR/run.schema.json, or one of them; answers how an editor is told of them."""
    kinds = list(SchemaOf) if of is None else [of]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in kinds:
            (folder / kind.file_name).write_text(schema_text(kind) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}: choose another folder") from error
    names = " and ".join(kind.file_name for kind in kinds)
    return f"{folder}: {names}; a file's first line for editors: {modeline(kinds[0].file_name)}"


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
        file.write_text(f"{modeline(up + SchemaOf.PACK.file_name)}\n{text}", encoding="utf-8")
