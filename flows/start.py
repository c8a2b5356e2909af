"""`warmline init` and `warmline check`."""

import re
from collections.abc import Iterator
from pathlib import Path

from flows.schema_command import mark_pack, modeline, write_schemas
from flows.schema_of import SchemaOf
from pipeline.config.pack import MANIFEST, load_pack
from pipeline.config.pack_checks import spoken_texts
from pipeline.config.run import LoadedRun, copy_pack, load_run, shipped, shipped_packs
from pipeline.engine.backends import nearest
from pipeline.engine.errors import UsageError

_WORDS_SHOWN = 8
_RUN_FILE = "run.yaml"
_PACK = "pack"


def write_start(folder: Path, pack: str) -> str:
    """Write DIR/run.yaml and DIR/pack; answers what to do next. Raises UsageError if DIR has files."""
    if pack not in shipped_packs():
        raise UsageError(f"no pack that ships is called {pack!r}: {nearest(pack, shipped_packs())}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and not empty: choose another folder")
    try:
        copy_pack(shipped(pack), folder / _PACK)
        template = _run_file_of(pack).read_text(encoding="utf-8")
        own = re.sub(r"^pack: \S+", "pack: pack    ", template, count=1, flags=re.MULTILINE)
        (folder / _RUN_FILE).write_text(f"{modeline(SchemaOf.RUN.file_name)}\n{own}", encoding="utf-8")
        write_schemas(folder)
        mark_pack(folder / _PACK)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}: choose another folder") from error
    return (
        f"{folder}: edit {_RUN_FILE} and pack/, then: warmline generate {folder / _RUN_FILE} --out runs/{folder.name}"
    )


def _run_file_of(pack: str) -> Path:
    """The run file that ships for a pack: its own if it has one."""
    own = shipped(f"{pack}.yaml")
    return own if own.is_file() else shipped(_RUN_FILE)


def check_path(path: Path) -> str:
    """Check a pack's folder or a run file; answers one line of what it holds. Raises FaultsError with all faults."""
    if path.is_dir() and not (path / MANIFEST).exists() and (path / _RUN_FILE).exists():
        path = path / _RUN_FILE
    if path.is_dir():
        pack = load_pack(path).pack
        return (
            f"{path}: no faults; {len(pack.situations)} situations, {len(pack.voices)} voices, "
            f"{len(pack.user_emotions)} user emotions"
        )
    if not path.exists():
        raise UsageError(f"{path} is not there: give a pack's folder or a run file")
    run = load_run(path)
    found = f"{path}: no faults; {run.config.size} dialogues from the pack {run.pack.pack.name}"
    return "\n".join([found, *_unspoken(run), *_unheard(run)])


def _unspoken(run: LoadedRun) -> Iterator[str]:
    """Voices for other engines: no fault, but they are not drawn."""
    left_out = len(run.pack.pack.voices) - len(run.speakable.voices)
    if left_out:
        speaker, all_of_them = run.config.speak.backend, len(run.pack.pack.voices)
        yield f"note: {left_out} of {all_of_them} voices are for other engines than {speaker}, and are not drawn"


def _unheard(run: LoadedRun) -> Iterator[str]:
    """Words of the pack that the embedded ASR cannot hear: no fault, but every one counts as an error."""
    if (run.config.write.backend, run.config.score.asr.backend) != ("phrasebook", "pocketsphinx"):
        return
    from pipeline.score.pocketsphinx import unknown_words

    phrases = [re.sub(r"\{[{%#].*?[}%#]\}", " ", text) for _, text in spoken_texts(run.pack.pack)]
    unknown = unknown_words(phrases)
    if unknown:
        shown = ", ".join(unknown[:_WORDS_SHOWN]) + (", …" if len(unknown) > _WORDS_SHOWN else "")
        yield f"note: not in pocketsphinx's dictionary, so misheard wherever they are said ({len(unknown)}): {shown}"
