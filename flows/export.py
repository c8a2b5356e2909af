"""`warmline export`: a corpus in the format of one trainer, part by part, so that a killed export goes on."""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from shutil import rmtree

from pydantic import JsonValue, TypeAdapter, ValidationError

from pipeline.corpus.reading import Shard, kinds_of, shards
from pipeline.engine.errors import StorageError, UsageError, WarmlineError
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.worker import become_worker, end_workers, spawned
from pipeline.export.format import PARTS, ExportSettings, Facts, Format, Made, Part
from pipeline.export.formats import FORMATS
from pipeline.export.part import ROOM, PartJob, left_out_lines, run_part
from pipeline.export.readme import LEFT_OUT
from pipeline.export.tokenizer import tokenizer_content
from schemas.voice import Split

NOTE = "export.json"
_LOCK = ".lock"
_NOTE = TypeAdapter(dict[str, JsonValue])


def export_lines(
    place: str, to: str, out: Path, settings: ExportSettings, workers: int, say: Callable[[str], None]
) -> Iterator[str]:
    """Make the export and say what came of it. Raises WarmlineError, and leaves what was finished for the next time."""
    module = FORMATS.load(to)
    form: Format = module.build(settings)
    found = shards(place)
    _check_units(to, module.UNITS, settings, found)
    note = {"format": to, "identity": _identity(to, module.VERSION, settings, found)}
    with _held(out), _told(out):
        if _is_done(out, note):
            rmtree(out / PARTS, ignore_errors=True)  # it may have been killed while it took them away
            yield f"{out} holds this export already, whole"
            return
        jobs = [PartJob(to, shard, part) for shard, part in _parts(found, out, settings)]
        made = _made(jobs, workers, say)
        form.gather(out, [job.part for job in jobs])
        _finish(out, note, form.readme(Facts(str(out.resolve()), made, kinds_of(found[0]))), made)
    yield from _summary(out, made)


def _identity(to: str, version: str, settings: ExportSettings, found: Sequence[Shard]) -> str:
    """What the export's content depends on: of a tokenizer its content, wherever it lies."""
    if settings.tokenizer is not None:
        settings = settings.model_copy(update={"tokenizer": blake2b(tokenizer_content(settings.tokenizer)).hexdigest()})
    return fingerprint(to, version, settings, [shard.mark for shard in found])


def _check_units(to: str, kinds: Sequence[str], settings: ExportSettings, found: Sequence[Shard]) -> None:
    has = found[0].kinds
    wanted = settings.units or next((kind for kind in kinds if kind in has), kinds[0] if kinds else None)
    if wanted is not None and wanted not in has:
        raise UsageError(
            f"{to} needs units of kind {wanted}, and the corpus has {', '.join(has) or 'none'}: add "
            f"{{backend: {wanted}}} to `units` of the run file and run `warmline generate` again, which speaks nothing "
            "again; or name one of the corpus's kinds with --units"
        )


def _parts(found: Sequence[Shard], out: Path, settings: ExportSettings) -> Iterator[tuple[Shard, Part]]:
    for split in Split:
        of_split = (shard for shard in found if shard.split is split)
        yield from ((shard, Part(out, split, number, settings)) for number, shard in enumerate(of_split))


def _made(jobs: Sequence[PartJob], workers: int, say: Callable[[str], None]) -> dict[Split, Made]:
    """Each part by a process of its own, as many at once as there are workers; answered split by split."""
    if min(workers, len(jobs)) == 1:
        return _counted(jobs, map(run_part, jobs), say)
    pool = ProcessPoolExecutor(min(workers, len(jobs)), spawned, initializer=become_worker)
    try:
        return _counted(jobs, pool.map(run_part, jobs), say)
    except BrokenProcessPool as error:
        mend = "run the same command again, with fewer --workers if it was for memory; finished parts are kept"
        raise WarmlineError(f"a process of the export was killed: {mend}") from error
    finally:
        end_workers(pool)


def _counted(jobs: Sequence[PartJob], done: Iterable[Made], say: Callable[[str], None]) -> dict[Split, Made]:
    made: dict[Split, Made] = {}
    for number, (job, one) in enumerate(zip(jobs, done, strict=True), start=1):
        split = job.part.split
        made[split] = made.get(split, Made()) + one
        say(f"{job.shard.name}: {one.records} records of {one.dialogues} dialogues ({number} of {len(jobs)})")
    return made


@contextmanager
def _held(out: Path) -> Iterator[None]:
    """Hold the folder for this process. Raises UsageError if another has it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out / _LOCK, os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise UsageError(f"another process exports into {out}: wait for it, or stop it first") from error
    finally:
        os.close(descriptor)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    """A disk that is full or fails is told with the folder, and what to do."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror or error}; {ROOM}") from error


def _is_done(out: Path, note: dict[str, str]) -> bool:
    """Whether the folder holds this export, whole. Raises UsageError if it holds anything else."""
    begun = out / PARTS / NOTE
    for path in (out / NOTE, begun):
        if path.is_file():
            kept = _read(path)
            if {key: kept.get(key) for key in note} != note:
                raise UsageError(
                    f"{out} holds another export ({kept.get('format')}), or one of another state of the corpus: "
                    "choose another --out, or take it away"
                )
            return path.parent == out
    strangers = [path.name for path in out.iterdir() if path.name not in (_LOCK, PARTS)]
    if strangers:
        raise UsageError(f"{out} is in use ({strangers[0]}, …): choose another --out")
    begun.parent.mkdir(exist_ok=True)
    _put(begun, json.dumps(note))
    return False


def _read(note: Path) -> dict[str, JsonValue]:
    try:
        return _NOTE.validate_json(note.read_bytes())
    except ValidationError as error:
        raise UsageError(f"{note} is no note of an export: choose another --out, or take the folder away") from error


def _put(path: Path, content: str) -> None:
    """Whole or not at all, however the process ends."""
    draft = path.with_name(f".unfinished-{path.name}")
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)


def _finish(out: Path, note: dict[str, str], readme: str, made: dict[Split, Made]) -> None:
    (out / "README.md").write_text(readme, encoding="utf-8")
    left = [line for one in made.values() for line in left_out_lines(one)]
    if left:
        (out / LEFT_OUT).write_text("".join(left), encoding="utf-8")
    counts = {str(split): {"dialogues": one.dialogues, "records": one.records} for split, one in made.items()}
    _put(out / NOTE, json.dumps({**note, "splits": counts}, indent=1) + "\n")
    rmtree(out / PARTS)


def _summary(out: Path, made: dict[Split, Made]) -> Iterator[str]:
    whole = sum(made.values(), Made())
    yield f"{out}: {whole.records} records of {whole.dialogues} dialogues, {whole.seconds / 3600:.2f} hours of speech"
    if whole.left_out:
        checks = Counter(one.check for one in whole.left_out)
        said = ", ".join(f"{check} {count}" for check, count in checks.most_common())
        yield f"{len(whole.left_out)} left out ({said}), each with its reason in {out / LEFT_OUT}"
