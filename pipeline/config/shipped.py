"""The packs and run files that ship with Warmline."""

from importlib.resources import files
from pathlib import Path

MANIFEST = "pack.yaml"
"""The file that makes a folder a pack."""


def shipped(name: str) -> Path:
    """A file or folder of the packs that ship with Warmline, wherever it is installed."""
    return Path(str(files("prompts"))) / name


def shipped_packs() -> list[str]:
    """Names of the packs that ship."""
    return sorted(folder.name for folder in shipped("").iterdir() if (folder / MANIFEST).is_file())
