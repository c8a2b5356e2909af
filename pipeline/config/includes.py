"""A pack's own folder as one document: the manifest, with the files that it includes merged in."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.config.shipped import MANIFEST
from pipeline.config.source import Document, Fault, Node, Path_, as_mapping, read_document

INCLUDE, EXTENDS = "include", "extends"


def read_folder(folder: Path) -> tuple[Document, list[str]]:
    """The folder's document, and the names of the files it is made of.

    Lists of several files are joined; any other key may stand in one file only. `extends` stays in the document.
    """
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
    listed = data.pop(INCLUDE, [])
    if not isinstance(listed, list):
        whole.faults.append(Fault(whole.mark((INCLUDE,)), "include must be a list of files of this folder"))
        return
    for number, name in enumerate(listed):
        path = (INCLUDE, number)
        inside = isinstance(name, str) and (folder / name).resolve().is_relative_to(folder.resolve())
        if name in (*listed[:number], MANIFEST):
            whole.faults.append(Fault(whole.mark(path), f"{name} is part of the pack already: name each file once"))
        elif isinstance(name, str) and inside:
            yield path, name
        else:
            whole.faults.append(Fault(whole.mark(path), f"include: {name} is not inside the pack's folder"))


def _merge(whole: Document, data: dict[str, Node], part: Document) -> None:
    whole.faults += part.faults
    for key, value in as_mapping(part).items():
        there = data.get(key)
        offset = 0
        if key in (INCLUDE, EXTENDS):
            whole.faults.append(Fault(part.mark((key,)), f"{key} may stand in {MANIFEST} only"))
            continue
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
