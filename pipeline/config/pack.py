"""Reads and checks a prompt pack: every fault at once, each with its file and line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from pydantic import ValidationError

from pipeline.config import validation
from pipeline.config.attachments import Attachments
from pipeline.config.pack_checks import check_pack
from pipeline.config.source import (
    Document,
    Fault,
    FaultsError,
    Node,
    Path_,
    as_mapping,
    read_document,
)
from schemas.pack import Pack

MANIFEST = "pack.yaml"
_INCLUDE = "include"


@dataclass(frozen=True)
class LoadedPack:
    """A pack, and the files it was read from: name relative to its folder → content."""

    pack: Pack
    files: Mapping[str, bytes]
    document: Document

    @property
    def digest(self) -> str:
        """blake2b-128 of the files' names and bytes."""
        digest = blake2b(digest_size=16)
        for name, content in self.files.items():
            digest.update(f"{name}\x00{len(content)}\x00".encode() + content)
        return digest.hexdigest()


def load_pack(folder: Path) -> LoadedPack:
    """Read `folder`/pack.yaml and what it includes. Raises FaultsError with all that is wrong."""
    document, files = _read_all(folder)
    attached = Attachments(document, folder)
    if isinstance(document.data, dict):
        attached.put_in(document.data)
    if document.faults:
        raise FaultsError(document.faults)
    try:
        pack = Pack.model_validate(document.data)
    except ValidationError as error:
        raise FaultsError(validation.faults(error, Pack, document)) from error
    found = [Fault(document.mark(path), message) for path, message in check_pack(pack)]
    if found:
        raise FaultsError(found)
    return LoadedPack(pack, {name: (folder / name).read_bytes() for name in files} | attached.files, document)


def _read_all(folder: Path) -> tuple[Document, list[str]]:
    """The manifest with its includes merged in: lists are joined, other keys may stand in one file only."""
    whole = read_document(folder / MANIFEST, str(folder / MANIFEST))
    data = dict(as_mapping(whole))
    files = [MANIFEST]
    for path, name in _includes(whole, data, folder):
        part = read_document(folder / name, str(folder / name))
        if part.faults and not part.data and not (folder / name).exists():
            whole.faults.append(Fault(whole.mark(path), f"{name} is not in {folder}"))
            continue
        _merge(whole, data, part)
        files.append(name)
    whole.data = data
    return whole, files


def _includes(whole: Document, data: dict[str, Node], folder: Path) -> Iterator[tuple[Path_, str]]:
    listed = data.pop(_INCLUDE, [])
    if not isinstance(listed, list):
        whole.faults.append(Fault(whole.mark((_INCLUDE,)), "include must be a list of files of this folder"))
        return
    for number, name in enumerate(listed):
        path = (_INCLUDE, number)
        inside = isinstance(name, str) and (folder / name).resolve().is_relative_to(folder.resolve())
        if isinstance(name, str) and inside:
            yield path, name
        else:
            whole.faults.append(Fault(whole.mark(path), f"include: {name} is not inside the pack's folder"))


def _merge(whole: Document, data: dict[str, Node], part: Document) -> None:
    whole.faults += part.faults
    for key, value in as_mapping(part).items():
        there = data.get(key)
        offset = 0
        if isinstance(there, list) and isinstance(value, list):
            offset = len(there)
            data[key] = [*there, *value]
        elif key in data:
            first = whole.mark((key,))
            whole.faults.append(Fault(part.mark((key,)), f"{key} stands already in {first}"))
            continue
        else:
            data[key] = value
        for path, mark in part.marks.items():
            if path[:1] == (key,):
                whole.marks[_moved(path, offset)] = mark


def _moved(path: Path_, offset: int) -> Path_:
    """The path of a list's item after `offset` others were put before it."""
    if len(path) > 1 and isinstance(path[1], int):
        return (path[0], path[1] + offset, *path[2:])
    return path
