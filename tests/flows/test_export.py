"""`warmline export`: goes on after a kill, uses no folder that is in use, and says what a corpus lacks."""

import errno
import json
import re
import signal
import time
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.export import NOTE, export_lines
from pipeline.audio.recording import Recording
from pipeline.corpus.reading import shards
from pipeline.engine.errors import StorageError, UsageError, WarmlineError
from pipeline.export import opens2s
from pipeline.export.format import PARTS, ExportSettings, Part
from pipeline.export.part import PartJob
from pipeline.export.sound import write_wav
from schemas.voice import Split
from tests.conftest import CommandLine
from tests.engine.bucket import bucket_server
from tests.export.corpora import talks, write_corpus


class KilledError(Exception):
    """Stands for a kill between two parts."""


def export(corpus: Path, out: Path, **settings: object) -> list[str]:
    asked = ExportSettings.model_validate({"prefix": "", **settings})
    return list(export_lines(str(corpus), "opens2s", out, asked, 1, lambda _: None))


def files(out: Path) -> dict[str, bytes]:
    found = (path for path in out.rglob("*") if path.is_file() and path.name not in {".lock", "README.md"})
    return {str(path.relative_to(out)): path.read_bytes() for path in found}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", talks(20), rows_a_shard=4)


def test_a_killed_export_goes_on_and_makes_no_finished_part_again(corpus: Path, tmp_path: Path) -> None:
    seen: list[str] = []

    def say(line: str) -> None:
        seen.append(line)
        if len(seen) == 3:
            raise KilledError

    with pytest.raises(KilledError):
        list(export_lines(str(corpus), "opens2s", tmp_path / "out", ExportSettings(), 1, say))
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "audio" / "train-00000").iterdir()}
    export(corpus, tmp_path / "out")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "the first part was left as it was"
    export(corpus, tmp_path / "undisturbed")
    assert files(tmp_path / "out") == files(tmp_path / "undisturbed")


def test_a_finished_export_is_not_made_again(corpus: Path, tmp_path: Path) -> None:
    export(corpus, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert export(corpus, tmp_path / "out") == [f"{tmp_path / 'out'} holds this export already, whole"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def test_one_shard_or_many_make_the_same_lines(corpus: Path, tmp_path: Path) -> None:
    export(corpus, tmp_path / "many")
    export(write_corpus(tmp_path / "whole", talks(20)), tmp_path / "one")
    many, one = ((tmp_path / name / "train.jsonl").read_text() for name in ("many", "one"))
    assert re.sub(r"train-\d{5}/", "", many) == re.sub(r"train-\d{5}/", "", one)


@pytest.mark.parametrize("other", [{"units": "s3"}, {"longest": 3.0}])
def test_a_folder_with_another_export_is_refused(corpus: Path, tmp_path: Path, other: dict[str, object]) -> None:
    both = write_corpus(tmp_path / "both", talks(4), kinds=["glm4voice", "s3"])
    export(both, tmp_path / "out")
    with pytest.raises(UsageError, match="holds another export"):
        export(both, tmp_path / "out", **other)
    with pytest.raises(UsageError, match="another state of the corpus"):
        export(corpus, tmp_path / "out")


def test_a_folder_in_use_is_refused_and_left_alone(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match=r"is in use \(thesis\.tex, …\): choose another --out"):
        export(corpus, tmp_path / "out")
    assert (tmp_path / "out" / "thesis.tex").read_text() == "mine"


def test_a_corpus_without_the_units_says_what_adds_them(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", talks(2), kinds=["s3"])
    with pytest.raises(
        UsageError, match=r"needs units of kind glm4voice, and the corpus has s3: add .*run `warmline generate`"
    ):
        export(corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_a_shard_that_is_cut_off_is_named(corpus: Path, tmp_path: Path, kept: int) -> None:
    shard = corpus / "data" / "train-00001.parquet"
    shard.write_bytes(shard.read_bytes()[:kept])
    with pytest.raises(StorageError, match=r"train-00001\.parquet cannot be read, it may be cut off"):
        export(corpus, tmp_path / "out")


def test_what_is_no_corpus_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"holds no corpus: there is no train-00000\.parquet"):
        export(tmp_path / "empty", tmp_path / "out")


def test_a_file_in_the_place_of_a_corpus_is_told_in_a_line(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"train-00000\.parquet is a file: name the run's folder"):
        export(corpus / "data" / "train-00000.parquet", tmp_path / "out")


def test_an_export_that_was_killed_before_it_noted_anything_goes_on(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / PARTS).mkdir(parents=True)
    (tmp_path / "out" / PARTS / f".unfinished-{NOTE}").touch()
    assert "20 dialogues" in export(corpus, tmp_path / "out")[0]


def test_a_note_that_cannot_be_read_is_told_in_a_line(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NOTE).touch()
    with pytest.raises(UsageError, match=rf"{NOTE} is no note of an export: choose another --out"):
        export(corpus, tmp_path / "out")


@pytest.mark.parametrize("step", ["write_text", "write_bytes"])
def test_a_full_disk_is_told_with_the_folder_and_what_to_do(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, step, full)
    with pytest.raises(StorageError, match=r"out cannot be written: No space left on device.* make room"):
        export(corpus, tmp_path / "out")
    monkeypatch.undo()
    assert "20 dialogues" in export(corpus, tmp_path / "out")[0]


def test_a_corpus_that_another_tool_wrote_again_with_other_rows_is_another_corpus(corpus: Path, tmp_path: Path) -> None:
    shard = corpus / "data" / "train-00000.parquet"
    table = pq.read_table(shard).replace_schema_metadata(None)
    pq.write_table(table, shard)
    export(corpus, tmp_path / "out")
    ids = pa.array([f"other-{number}" for number in range(len(table))])
    pq.write_table(table.set_column(0, "id", ids), shard)
    with pytest.raises(UsageError, match="another state of the corpus"):
        export(corpus, tmp_path / "out")


def test_a_part_that_breaks_the_formats_rules_is_never_noted_as_done(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check is of what lies on disk: here sound at another rate."""

    def at_8_khz(path: Path, recording: Recording, _: int) -> float:
        return write_wav(path, recording, 8000)

    monkeypatch.setattr(opens2s, "write_wav", at_8_khz)
    job = PartJob("opens2s", shards(str(corpus))[0], Part(tmp_path / "out", Split.TRAIN, 0, ExportSettings()))
    for _ in range(2):
        with pytest.raises(WarmlineError, match=r"breaks the rules of opens2s: line 1: message 0: .* 8000 Hz"):
            job.run()


def test_sound_that_cannot_be_read_is_told_with_its_shard(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", talks(2))
    file = corpus / "data" / "train-00000.parquet"
    table = pq.read_table(file)
    rows = table.to_pylist()
    rows[1]["turns"][0]["audio"]["bytes"] = b"fLaC and no more"
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), file)
    with pytest.raises(StorageError, match=r"train-00000\.parquet holds what cannot be exported, .*: run `warmline"):
        export(corpus, tmp_path / "out")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_export_leaves_no_process_and_goes_on(warmline: CommandLine, how: signal.Signals) -> None:
    write_corpus(warmline.folder / "corpus", talks(1200), rows_a_shard=300)
    for out in ("out-0", "out-1", "out-2"):
        command = ("export", "corpus", "--to", "opens2s", "--out", out, "--workers", "2")
        stopped = warmline.start(*command)
        workers: list[psutil.Process] = []
        while not next((warmline.folder / out).glob("audio/*/*.wav"), None):
            assert stopped.poll() is None, stopped.communicate()
            workers = psutil.Process(stopped.pid).children(recursive=True)
            time.sleep(0.01)
        stopped.send_signal(how)
        _, told = stopped.communicate(timeout=60)
        if stopped.returncode != 0:
            break  # else it had got to its end before the signal: another one
    assert "Traceback" not in told
    assert stopped.returncode == (130 if how is signal.SIGINT else -how)
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert workers
    assert not alive
    assert not (warmline.folder / out / "export.json").exists()
    done = warmline(*command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{out}: 1200 records of 1200 dialogues")


def test_a_corpus_in_a_bucket_exports_the_same(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bucket_server() as server:
        bucket = server.new_bucket(monkeypatch)
        server.store.put(str(corpus / "data"), f"{bucket.name}/run/corpus/data", recursive=True)
        list(export_lines(f"{bucket.url}/run", "opens2s", tmp_path / "far", ExportSettings(), 1, lambda _: None))
    export(corpus, tmp_path / "near")
    assert files(tmp_path / "far") == files(tmp_path / "near")


def test_the_command_says_what_it_made(warmline: CommandLine, finished_run: Path) -> None:
    done = warmline("export", str(finished_run), "--to", "opens2s", "--out", "out", "--units", "kmeans")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("out: 4 records of 4 dialogues")
    lines = (warmline.folder / "out" / "train.jsonl").read_text().splitlines()
    named = [m["content"][0]["audio"] for m in json.loads(lines[0])["messages"] if m["role"] == "user"]
    assert all(Path(name).is_file() for name in named), "the paths are whole"
    wrong = warmline("export", str(finished_run), "--to", "opens2", "--out", "other")
    assert wrong.returncode == 2
    assert wrong.stderr.strip() == "warmline: no export backend is called 'opens2': did you mean opens2s?"
