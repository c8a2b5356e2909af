"""Folders of model weights: found, checked for what they must hold, and fingerprinted.

A model is a folder on this machine. One of the Hugging Face Hub is only fetched where the run file says so, by
`hf://ORG/NAME` or `hf://ORG/NAME@REVISION`; a mistyped path never turns into a download.
"""

import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from pipeline.engine.errors import UsageError, WarmlineError

HUB = "hf://"
_UNUSED = ["*.h5", "*.msgpack", "*.onnx", "*.ot", "*.tflite", "*.md", "*.png", "*.wav", "*.mp3"]
_POINTER = b"version https://git-lfs"
_WHOLE = 2**20
_SAMPLES, _SAMPLE = 16, 2**16

Needed = Sequence[tuple[str, ...]]
"""Names of files or patterns; of each tuple a folder must hold one."""


def model_folder(model: str, needed: Needed, unused: Sequence[str] = ()) -> Path:
    """The folder of `model`, fetched from the Hub if it is named so, without files that match `unused`.

    Raises UsageError if there is none or if it lacks a file, WarmlineError if the Hub does not give it.
    """
    folder = _from_hub(model, unused) if model.startswith(HUB) else Path(model).expanduser()
    if not folder.is_dir():
        raise UsageError(f"there is no model folder {model}; a model of the Hugging Face Hub is named hf://ORG/NAME")
    for names in needed:
        found = [path for name in names for path in sorted(folder.glob(name))]
        if not found:
            raise UsageError(f"the model folder {model} lacks {' or '.join(names)}")
        for path in found:
            _check_file(path, model)
    return folder


def _check_file(path: Path, model: str) -> None:
    """A file may stand for others: a pointer that Git LFS left, or the index of weights in several files."""
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise UsageError(f"{path.name} of the model folder {model} is a Git LFS pointer: `git lfs pull` fetches it")
    if path.name.endswith(".index.json"):
        parts = set(json.loads(path.read_text(encoding="utf-8"))["weight_map"].values())
        if lacking := sorted(part for part in parts if not path.with_name(part).is_file()):
            raise UsageError(
                f"the model folder {model} lacks {lacking[0]}, one of the {len(parts)} files of its weights"
            )


def model_name(model: str) -> str:
    """How results name the model: the folder's name or the Hub's, without what is only true on this machine.

    >>> model_name("/data/models/faster-whisper-large-v3/"), model_name("hf://org/name@main")
    ('faster-whisper-large-v3', 'name')
    """
    return Path(model.removeprefix(HUB).split("@", 1)[0]).name if model.startswith(HUB) else Path(model).name


def digest(model: str) -> str:
    """A fingerprint of the weights, cheap for folders of many gigabytes; the name itself for a model of the Hub.

    Files above 1 MB count by their size and 16 pieces out of them: another fine-tuning changes nearly every byte. A
    folder that only the workers have counts by the path that the run file gives.
    """
    folder = Path(model).expanduser()
    return model if model.startswith(HUB) or not folder.is_dir() else _digest(folder)


def _digest(folder: Path) -> str:
    content = blake2b(digest_size=16)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder)
        if not any(part.startswith(".") for part in name.parts):
            content.update(f"{name.as_posix()}\0{path.stat().st_size}\0".encode())
            _read(path, content)
    return content.hexdigest()


def _read(path: Path, content: "blake2b") -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _WHOLE:
            content.update(file.read())
            return
        for number in range(_SAMPLES):
            file.seek(number * (size - _SAMPLE) // (_SAMPLES - 1))
            content.update(file.read(_SAMPLE))


def _from_hub(model: str, unused: Sequence[str]) -> Path:
    """Fetch the model's files, or find them in the Hub's own cache."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise UsageError(f"{model} needs huggingface_hub: pip install huggingface_hub") from error
    name, _, revision = model.removeprefix(HUB).partition("@")
    mend = "give a folder with its files, or run `hf download` where there is a connection"
    try:
        return Path(snapshot_download(name, revision=revision or None, ignore_patterns=[*_UNUSED, *unused]))
    except HFValidationError as error:
        raise UsageError(f"{model} is no model of the Hub: write hf://ORG/NAME or hf://ORG/NAME@REVISION") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise WarmlineError(f"the Hub did not give {model}: {_first_sentence(error)}; {mend}") from error


def _first_sentence(error: BaseException) -> str:
    """What went wrong, without the advice that follows it."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said.split(". ")[0].rstrip(".")[:200]
