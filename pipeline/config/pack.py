"""Reads and checks a prompt pack: every fault at once, each with its file and line."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from pydantic import ValidationError

from pipeline.config import validation
from pipeline.config.inheritance import read_source
from pipeline.config.pack_checks import check_pack
from pipeline.config.shipped import MANIFEST
from pipeline.config.source import Document, Fault, FaultsError
from pipeline.config.voice_checks import check_voices_of
from schemas.pack import Pack

__all__ = ["MANIFEST", "LoadedPack", "load_pack"]


@dataclass(frozen=True)
class LoadedPack:
    """A pack, and the files it was read from: name relative to its folder → content.

    Those of a pack that it extends are there as `parent/…`, so that a copy of the files is the same pack by itself.
    """

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
    """Read `folder`/pack.yaml, what it includes and what it extends. Raises FaultsError with all that is wrong."""
    source = read_source(folder)
    document = source.document
    found = list(source.attachment_faults)
    if document.faults:
        raise FaultsError([*document.faults, *found])
    try:
        pack = Pack.model_validate(document.data)
    except ValidationError as error:
        raise FaultsError([*found, *validation.faults(error, Pack, document)]) from error
    said = {fault.mark for fault in found}
    complaints = [Fault(document.mark(path), message) for path, message in (*check_pack(pack), *check_voices_of(pack))]
    found += [fault for fault in complaints if fault.mark not in said]
    if found:
        raise FaultsError(found)
    return LoadedPack(pack, source.files, document)
