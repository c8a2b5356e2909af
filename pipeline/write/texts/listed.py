"""The lists of texts that a corpus is kept clean of, as they lie in the pack's folder."""

import json
from collections.abc import Iterator

from pipeline.engine.errors import UsageError
from pipeline.engine.storage import Folder
from pipeline.write.texts.keep_clean import KeptClean
from schemas.text_rules import KeepClean, ListedTexts


def kept_clean(rules: KeepClean, folder: Folder) -> KeptClean | None:
    """The listed texts, ready to compare with; None if there are none. Raises UsageError for what cannot be read."""
    if not rules.files:
        return None
    return KeptClean((text for listed in rules.files for text in _texts(folder, listed)), rules.words)


def _texts(folder: Folder, listed: ListedTexts) -> Iterator[str]:
    for number, line in enumerate(folder.read(listed.file).decode("utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        if listed.field is None:
            yield line
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{listed.file}:{number}: no JSON: {error}") from error
        text = row.get(listed.field) if isinstance(row, dict) else None
        if not isinstance(text, str):
            raise UsageError(f"{listed.file}:{number}: no text in the key {listed.field}")
        yield text
