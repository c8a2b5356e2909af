"""`extends`: a pack that changes a few lines of another.

The files of the pack that is extended are kept as `parent/…`, and the manifest as if it said `extends: parent`: so a
copy of all files is a pack by itself, and the same one.
"""

import codecs
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import yaml

from pipeline.config.attachments import Attachments, move_names
from pipeline.config.includes import EXTENDS, read_folder
from pipeline.config.merging import merged
from pipeline.config.shipped import MANIFEST, shipped, shipped_packs
from pipeline.config.source import Document, Fault, Node
from schemas.pack import Pack

PARENT = "parent"


@dataclass(frozen=True)
class Source:
    """A pack as its files have it: one document, and the files, name relative to the folder → content."""

    document: Document
    files: Mapping[str, bytes]
    attachment_faults: Sequence[Fault] = ()


def read_source(folder: Path, children: tuple[Path, ...] = ()) -> Source:
    """Read a folder, what it includes and what it extends; `children` are the folders that led here.

    What is wrong is among the document's faults.
    """
    document, names = read_folder(folder)
    if not isinstance(document.data, dict):
        return Source(document, {})
    data = document.data
    attached = Attachments(document, folder)
    attached.put_in(data)
    readable = not document.faults  # with faults nobody asks for the files, and some may not be there
    own = {name: (folder / name).read_bytes() for name in names if readable} | attached.files
    if EXTENDS not in data:
        return Source(document, own, attached.faults)
    parent_folder = _parent(document, folder, data.pop(EXTENDS), (*children, folder))
    if parent_folder is None:
        return Source(document, own, attached.faults)
    _keep_apart(document, own)
    parent = read_source(parent_folder, (*children, folder))
    if "name" not in data:
        document.faults.append(Fault(document.mark(()), "name is missing: a pack that extends another has its own"))
    if isinstance(parent.document.data, dict):
        move_names(parent.document.data, PARENT)
    whole = merged(parent.document, document, Pack)
    if readable:
        own[MANIFEST] = _extending_copy(own[MANIFEST])
    files = own | {f"{PARENT}/{name}": content for name, content in parent.files.items()}
    return Source(whole, files, [*attached.faults, *parent.attachment_faults])


def _parent(document: Document, folder: Path, named: Node, chain: tuple[Path, ...]) -> Path | None:
    """The folder of the pack that is extended: relative to this one, or the name of one that ships."""
    mark = document.mark((EXTENDS,))
    if not isinstance(named, str):
        document.faults.append(Fault(mark, "extends must be the name of a pack that ships, or a folder: ../other"))
        return None
    place = Path(os.path.normpath(folder / named))
    if not (place / MANIFEST).is_file() and named in shipped_packs():
        place = shipped(named)
    if not (place / MANIFEST).is_file():
        known = ", ".join(shipped_packs())
        document.faults.append(
            Fault(mark, f"extends: no pack at {place} (it needs a {MANIFEST}); packs that ship: {known}")
        )
        return None
    seen = [one.resolve() for one in chain]
    if place.resolve() in seen:
        circle = [*chain[seen.index(place.resolve()) :], place]
        document.faults.append(Fault(mark, f"extends goes round in a circle: {' → '.join(map(str, circle))}"))
        return None
    return place


def _keep_apart(document: Document, own: Mapping[str, bytes]) -> None:
    for name in own:
        if PurePath(os.path.normpath(name)).parts[0] == PARENT:
            message = f"{name}: the folder {PARENT} is kept for the pack that this one extends: rename it"
            document.faults.append(Fault(document.mark((EXTENDS,)), message))


def _extending_copy(manifest: bytes) -> bytes:
    """The manifest with `extends: parent`, wherever its parent lies."""
    utf16 = manifest.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = manifest.decode("utf-16" if utf16 else "utf-8-sig")
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise AssertionError("a manifest that extends a pack is a mapping")
    node = next(node for key, node in root.value if key.value == EXTENDS)
    return f"{text[: node.start_mark.index]}{PARENT}{text[node.end_mark.index :]}".encode()
