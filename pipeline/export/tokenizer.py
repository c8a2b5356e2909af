"""The text tokenizer of the model that an export is for."""

from pathlib import Path

from pipeline.engine.errors import UsageError
from pipeline.export.format import ExportSettings
from pipeline.interleave.text_tokens import FileTokenizer, TokenizerError

FILE = "tokenizer.json"


def text_tokenizer(settings: ExportSettings, model: str) -> FileTokenizer:
    """The tokenizer that the settings name. Raises UsageError if they name none, or what is none."""
    if settings.tokenizer is None:
        raise UsageError(f"{model} interleaves in tokens of its model: name the model's {FILE} with --tokenizer")
    try:
        return FileTokenizer(tokenizer_content(settings.tokenizer))
    except TokenizerError as error:
        raise UsageError(f"--tokenizer {settings.tokenizer}: {error}") from error


def tokenizer_content(name: str) -> bytes:
    """The file, or the one in that folder. Raises UsageError if it cannot be read."""
    place = Path(name).expanduser()
    try:
        return (place / FILE if place.is_dir() else place).read_bytes()
    except OSError as error:
        raise UsageError(f"--tokenizer {name} cannot be read: {error.strerror}") from error
