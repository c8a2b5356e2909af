"""Reads and checks a run file with its pack: the one way in for configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from pipeline.config import validation
from pipeline.config.calibration import put_in_calibration
from pipeline.config.pack import MANIFEST, LoadedPack, load_pack
from pipeline.config.run_checks import check_run, check_voices
from pipeline.config.shipped import shipped, shipped_packs
from pipeline.config.source import Document, Fault, FaultsError, Mark, Node, Path_, as_mapping, read_document
from pipeline.config.tokenizer import lossy, put_in_tokenizer
from pipeline.engine.errors import UsageError
from pipeline.speak.casting import abilities_of, with_speakable_voices
from schemas.pack import Pack
from schemas.run import RunConfig

__all__ = ["LoadedRun", "copy_pack", "load_run", "shipped", "shipped_packs"]


@dataclass(frozen=True)
class LoadedRun:
    """A run file and its pack, checked against each other, and the text tokenizer's file if the recipe names one."""

    config: RunConfig
    pack: LoadedPack
    tokenizer: bytes | None = None

    @property
    def speakable(self) -> Pack:
        """The pack with the voices that the run's engine can speak."""
        speak = self.config.speak
        return with_speakable_voices(self.pack.pack, abilities_of(speak), speak.backend)


def load_run(path: Path, overrides: Sequence[str] = ()) -> LoadedRun:
    """Read a run file and its pack; `overrides` are KEY=VALUE with dotted keys. Raises FaultsError with all faults."""
    document = read_document(path, str(path))
    for override in overrides:
        _override(document, override)
    data = as_mapping(document)
    put_in_calibration(document, path.parent)
    if document.faults:
        raise FaultsError(document.faults)
    found: list[Fault] = []
    tokenizer = put_in_tokenizer(document, path.parent, found)
    config: RunConfig | None = None
    try:
        config = RunConfig.model_validate(document.data)
    except ValidationError as error:
        found += validation.faults(error, RunConfig, document)
    pack = None
    try:
        pack = load_pack(_pack_folder(document, data.get("pack"), path.parent))
    except FaultsError as error:
        found += error.faults
    if config is not None and pack is not None:
        found += [Fault(document.mark(path_), message) for path_, message in check_run(config, pack.pack)]
        found += _voice_faults(config, pack)
        found += _tokenizer_faults(document, tokenizer, pack.pack)
    if found or config is None or pack is None:
        raise FaultsError(found)
    return LoadedRun(config, pack, tokenizer)


def _tokenizer_faults(document: Document, tokenizer: bytes | None, pack: Pack) -> Iterator[Fault]:
    """A tokenizer that does not give the pack's texts back."""
    texts = [text for listed in pack.reference_texts.values() for text in listed]
    for message in lossy(tokenizer, texts) if tokenizer is not None else ():
        yield Fault(document.mark(("interleave", "tokenizer")), message)


def _voice_faults(config: RunConfig, pack: LoadedPack) -> Iterator[Fault]:
    """Voices that the run's engine cannot speak, at their lines in the pack."""
    for path, message in check_voices(config, pack.pack):
        yield Fault(pack.document.mark(path), message)


def _override(document: Document, override: str) -> None:
    key, equals, text = override.partition("=")
    mark = Mark(f"--set {override}")
    if not equals or not all(key.split(".")):
        document.faults.append(Fault(mark, "must be KEY=VALUE, such as size=60 or gate.wer=0.1"))
        return
    try:
        value: Node = yaml.safe_load(text)
    except yaml.YAMLError:
        document.faults.append(Fault(mark, f"{text} cannot be read as a value"))
        return
    path: Path_ = tuple(key.split("."))
    document.data = _with(document.data, key.split("."), value)
    document.marks[path] = mark


def _with(data: Node, keys: list[str], value: Node) -> Node:
    """`data` with the value put in at the dotted key."""
    if not keys:
        return value
    there = data if isinstance(data, dict) else {}
    return {**there, keys[0]: _with(there.get(keys[0]), keys[1:], value)}


def _pack_folder(document: Document, named: Node, beside: Path) -> Path:
    """The pack's folder: relative to the run file, or the name of one that ships."""
    if not isinstance(named, str):
        raise FaultsError([])  # said already: the key is missing or no text
    folder = beside / named
    if (folder / MANIFEST).is_file():
        return folder
    if named in shipped_packs():
        return shipped(named)
    message = f"no pack at {folder} (it needs a {MANIFEST}); packs that ship: {', '.join(shipped_packs())}"
    raise FaultsError([Fault(document.mark(("pack",)), message)])


def copy_pack(source: Path, target: Path) -> None:
    """Copy a pack's files, and nothing else, into a new folder. Raises UsageError if the folder has files."""
    if target.exists() and any(target.iterdir()):
        raise UsageError(f"{target} is there already and not empty: choose another folder")
    for name, content in load_pack(source).files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
