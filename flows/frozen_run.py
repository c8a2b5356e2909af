"""The frozen config of a run folder: what it was made with, and what changed since."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from pydantic import JsonValue

from flows.lock import settling
from pipeline.config.run import LoadedRun, load_run
from pipeline.config.tokenizer import DIGEST, FILE
from pipeline.engine.errors import UsageError
from pipeline.engine.storage import Folder
from schemas.run import RunConfig

RUN_FILE = "run.yaml"
PACK = "pack"


@dataclass(frozen=True)
class Change:
    """One thing that differs from when the run was last made."""

    what: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.what}: {self.before} → {self.now}" if self.before or self.now else self.what


def settle(folder: Folder, run: LoadedRun) -> list[Change]:
    """Make the folder's settings those of `run`; answers what changed. Raises UsageError if it holds something else."""
    with settling(folder):
        before = thaw(folder)
        changed = changes(before, run) if before is not None else []
        freeze(folder, run)
    return changed


def freeze(folder: Folder, run: LoadedRun) -> None:
    """Write RUN/run.yaml, itself a run file, and RUN/pack: only what differs, so drivers started alike write once."""
    config = run.config.model_dump(mode="json", exclude_none=True, exclude={"interleave": {DIGEST}}) | {"pack": PACK}
    header = f"# What this run was made with.\n# warmline {version('warmline')}, pack digest {run.pack.digest}\n"
    files = {f"{PACK}/{name}": content for name, content in run.pack.files.items()}
    if run.tokenizer is not None:
        files[FILE] = run.tokenizer
        config["interleave"]["tokenizer"] = FILE
    files[RUN_FILE] = (header + yaml.safe_dump(config, sort_keys=False)).encode()
    for name, content in files.items():
        if not folder.has(name) or folder.read(name) != content:
            folder.write(name, content)


def thaw(folder: Folder) -> LoadedRun | None:
    """What the folder's run was made with, or None if it holds no run. Raises UsageError if it holds something else."""
    if not folder.has(RUN_FILE):
        strangers = [name for name in folder.names() if not name.startswith(".")]
        if strangers:
            raise UsageError(f"{folder.url} is no run folder, and not empty ({strangers[0]}, …): choose another --out")
        return None
    if folder.is_local:
        return load_run(Path(folder.path(RUN_FILE)))
    with TemporaryDirectory(prefix="warmline-") as temporary:
        place = Path(temporary)
        folder.copy_out(PACK, place / PACK)
        for name in filter(folder.has, (RUN_FILE, FILE)):
            (place / name).write_bytes(folder.read(name))
        return load_run(place / RUN_FILE)


def changes(before: LoadedRun, now: LoadedRun) -> list[Change]:
    """Every key of the run file and every file of the pack that differs. Raises UsageError if it is another run."""
    identity = [(run.pack.pack.name, run.config.seed) for run in (before, now)]
    if identity[0] != identity[1]:
        (pack, seed), (new_pack, new_seed) = identity
        raise UsageError(
            f"this folder holds another run (pack {pack}, seed {seed}; you ask for pack {new_pack}, seed {new_seed}): "
            "choose another --out"
        )
    old, new = (dict(_flat("", _said(run.config))) for run in (before, now))
    found = [
        Change(key, old.get(key, "unset"), new.get(key, "unset"))
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]
    return found + [Change(f"pack file {name}", "", "") for name in sorted(_changed_files(before, now))]


def _changed_files(before: LoadedRun, now: LoadedRun) -> list[str]:
    old, new = before.pack.files, now.pack.files
    return [name for name in {*old, *new} if old.get(name) != new.get(name)]


def _said(config: RunConfig) -> dict[str, JsonValue]:
    """The keys that are compared as they stand. Pack and tokenizer count by what they hold, wherever that lies."""
    return config.model_dump(mode="json", exclude={"pack": True, "interleave": {"tokenizer"}})


def _flat(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    """A nested config as dotted keys and values in words."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    else:
        yield prefix, str(value)
