"""The checkout and the model folder that the user names, looked at beforehand: what is missing is named."""

from hashlib import blake2b
from pathlib import Path

from pipeline.engine.errors import UsageError
from pipeline.speak.cosyvoice_settings import Settings, Version

MATCHA = "third_party/Matcha-TTS"

_PARTS = ("llm.pt", "flow.pt", "hift.pt", "campplus.onnx", "CosyVoice-BlankEN/config.json")
_FOR_TENSORRT = "flow.decoder.estimator.fp32.onnx"
_POINTER = b"version https://git-lfs"


def check_checkout(checkout: Path) -> None:
    """Raises UsageError if it is no checkout of CosyVoice, or lacks its submodule."""
    if not (checkout / "cosyvoice" / "cli" / "cosyvoice.py").is_file():
        raise UsageError(
            f"speak.settings.checkout: {checkout} is no checkout of CosyVoice: "
            "git clone --recursive https://github.com/FunAudioLLM/CosyVoice (what PyPI has under that name is not it)"
        )
    if not (checkout / MATCHA / "matcha").is_dir():
        raise UsageError(
            f"speak.settings.checkout: {checkout} lacks {MATCHA}: run `git submodule update --init --recursive` in it"
        )


def check_model(settings: Settings) -> None:
    """Raises UsageError if the folder is of another version, or lacks a file: which one."""
    folder, version = Path(settings.model), settings.version
    if not folder.is_dir():
        raise UsageError(f"speak.settings.model: there is no folder {folder} (weights are not fetched for you)")
    if not (folder / _yaml(version)).is_file():
        held = [f"it holds {name}" for name in ("cosyvoice.yaml", _yaml(2), _yaml(3)) if (folder / name).is_file()]
        raise UsageError(
            f"speak.settings.model: {folder} lacks {_yaml(version)}{''.join(f'; {name}' for name in held)}"
        )
    needed = [*_PARTS, tokenizer_of(version), *([_FOR_TENSORRT] if settings.tensorrt else [])]
    if missing := [name for name in needed if not (folder / name).is_file()]:
        raise UsageError(f"speak.settings.model: {folder} lacks {', '.join(missing)}")
    if pointers := [name for name in needed if _is_pointer(folder / name)]:
        raise UsageError(
            f"speak.settings.model: in {folder} only Git LFS pointers lie for {', '.join(pointers)}: git lfs pull"
        )


def tokenizer_of(version: Version) -> str:
    """The file of the speech tokenizer."""
    return f"speech_tokenizer_v{version}.onnx"


def revision(settings: Settings) -> str:
    """What the generated tokens are tokens of: the version, and a digest of the speech tokenizer's weights."""
    digest = blake2b(digest_size=6)
    with Path(settings.model, tokenizer_of(settings.version)).open("rb") as file:
        while part := file.read(1 << 24):
            digest.update(part)
    return f"v{settings.version}-{digest.hexdigest()}"


def _yaml(version: Version) -> str:
    return f"cosyvoice{version}.yaml"


def _is_pointer(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(_POINTER)) == _POINTER
