"""What the small Hub holds: datasets with their commits, and who may read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path

MAIN = "main"


@dataclass
class Dataset:
    """One dataset. `commits` has the files of each; `refs` the commit of each branch and tag."""

    commits: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    private: bool = False

    def commit(self, files: Mapping[str, bytes], ref: str = MAIN) -> str:
        """These files, and no others, are what the branch or tag has from now on; answers the commit."""
        told = repr([(path, sha1(content).hexdigest()) for path, content in sorted(files.items())])  # noqa: S324
        commit = sha1(f"{len(self.commits)} {told}".encode()).hexdigest()  # noqa: S324 -- as git names commits
        self.commits[commit] = dict(files)
        self.refs[ref] = commit
        return commit

    def at(self, revision: str) -> str | None:
        """The commit that a branch, a tag or a commit's own name means; None if there is none."""
        found = self.refs.get(revision, revision)
        return found if found in self.commits else None


def files_of(folder: Path) -> dict[str, bytes]:
    """The files in a folder, as a commit has them."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def entries(files: Mapping[str, bytes], folder: str) -> list[dict[str, str | int]]:
    """What lies directly in a folder, as the Hub lists it; none if there is no such folder."""
    begin = f"{folder}/" if folder else ""
    inner = [path for path in files if path.startswith(begin)]
    folders = {path.removeprefix(begin).split("/")[0] for path in inner if "/" in path.removeprefix(begin)}
    plain = [path for path in inner if "/" not in path.removeprefix(begin)]
    return [_entry("directory", begin + name, b"") for name in folders] + [
        _entry("file", path, files[path]) for path in plain
    ]


def _entry(kind: str, path: str, content: bytes) -> dict[str, str | int]:
    return {"type": kind, "oid": etag(content), "size": len(content), "path": path}


def etag(content: bytes) -> str:
    """A name for a file's content."""
    return sha1(content).hexdigest()  # noqa: S324 -- as git names it
