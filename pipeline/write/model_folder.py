"""Whether a folder holds a language model that can be loaded: seen before minutes are spent on loading it."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, JsonValue, ValidationError

from pipeline.engine.errors import UsageError

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json")
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "tekken.json")
_WEIGHTS = ("*.safetensors", "*.bin", "*.pt")
_INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_POINTER = b"version https://git-lfs"


def check_model_folder(folder: Path) -> None:
    """Raises UsageError that names what the folder lacks of a model in the transformers layout."""
    if not folder.is_dir():
        raise UsageError(
            f"there is no model folder {folder}: name the folder that holds config.json and the weights "
            "(models are not fetched: `hf download OWNER/NAME --local-dir DIR` does that)"
        )
    lacks = [*_unreadable(folder), *_missing(folder)]
    if lacks:
        raise UsageError(f"the model folder {folder} lacks {', '.join(lacks)}")


def _missing(folder: Path) -> Iterator[str]:
    if not _any(folder, _TOKENIZERS):
        yield f"a tokenizer (one of {', '.join(_TOKENIZERS)})"
    elif not _any(folder, _TEMPLATES) and not _has_template(folder / "tokenizer_config.json"):
        yield "a chat template (chat_template.jinja, or chat_template in tokenizer_config.json): it is no chat model"
    wanted = sorted({shard for name in _INDICES for shard in _shards(folder / name)})
    absent = [shard for shard in wanted if not (folder / shard).is_file()]
    files = [path for pattern in _WEIGHTS for path in sorted(folder.glob(pattern))]
    pointers = [path.name for path in files if _is_pointer(path)]
    if absent:
        yield f"{len(absent)} of {len(wanted)} weight files, the first {absent[0]}"
    elif not files:
        yield "weights (*.safetensors)"
    elif pointers:
        yield f"the weights themselves: {pointers[0]} is a Git LFS pointer (`git lfs pull` fetches it)"


def _unreadable(folder: Path) -> Iterator[str]:
    try:
        json.loads((folder / "config.json").read_bytes())
    except FileNotFoundError:
        yield "config.json"
    except (OSError, ValueError) as error:
        yield f"a readable config.json ({error})"


def _any(folder: Path, names: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() for name in names)


class _TokenizerConfig(BaseModel):
    """The part that is read."""

    chat_template: JsonValue = None


class _Index(BaseModel):
    """The part that is read: which shard holds which tensor."""

    weight_map: dict[str, str] = {}


def _has_template(path: Path) -> bool:
    try:
        return bool(_TokenizerConfig.model_validate_json(path.read_bytes()).chat_template)
    except (OSError, ValidationError):
        return False


def _shards(path: Path) -> set[str]:
    try:
        return set(_Index.model_validate_json(path.read_bytes()).weight_map.values())
    except FileNotFoundError:
        return set()
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path} cannot be read: it must say which file holds which tensor") from error


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER
