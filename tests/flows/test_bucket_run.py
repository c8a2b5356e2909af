"""A run folder in a bucket is as good as a local one: killed or refused, it ends in the same bytes."""

import random
import signal
import time
from collections.abc import Iterator
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.frozen_run import freeze, thaw
from pipeline.config.run import load_run, shipped
from pipeline.engine import transfer
from pipeline.engine.errors import StorageError
from pipeline.engine.storage import Folder
from pipeline.shard.writer import ShardWriter
from schemas.shard import shard_schema
from tests.conftest import SHIPPED, CommandLine
from tests.engine.bucket import SECRET, Bucket, BucketServer, bucket_server
from tests.shard.decided_dialogues import MAKER, decided

RUN = ("generate", str(SHIPPED / "run.yaml"), "--set", "size=4")
"""What the fixture `finished_run` was made with, in a local folder and without a kill."""


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@pytest.fixture
def bucket(server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    return server.new_bucket(monkeypatch)


@pytest.fixture
def there(bucket: Bucket, warmline: CommandLine) -> CommandLine:
    """The command line of a user who is let into the bucket."""
    own = {name: value for name, value in warmline.environment.items() if not name.startswith("AWS_")}
    return CommandLine(warmline.folder, own | bucket.server.environment)


def digests(files: dict[str, bytes]) -> dict[str, str]:
    return {name: blake2b(content).hexdigest() for name, content in sorted(files.items())}


def local_corpus(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in (run / "corpus").rglob("*") if path.is_file()}


def corpus_in(bucket: Bucket, run: str) -> dict[str, bytes]:
    files = {name.removeprefix(f"{run}/"): content for name, content in bucket.objects().items()}
    return {name: content for name, content in files.items() if name.startswith("corpus/")}


def keys(content: bytes) -> list[str]:
    found: list[str] = pq.read_table(BytesIO(content), columns=["key"]).column("key").to_pylist()
    return found


def takes_in(bucket: Bucket, run: str = "run") -> list[str]:
    parts = [content for name, content in bucket.objects().items() if name.startswith(f"{run}/ledger/speak/")]
    return [key for content in parts for key in keys(content)]


def local_takes(run: Path) -> list[str]:
    return [key for part in (run / "ledger" / "speak").iterdir() for key in keys(part.read_bytes())]


def is_killed(there: CommandLine, bucket: Bucket, parts: int, seconds: float, run: str = "run") -> bool:
    """Start a run and kill it so long after it wrote so many parts; answers False if it got to its end first."""
    written = bucket.server.puts("/ledger/") + parts
    process = there.start(*RUN, "--out", f"{bucket.url}/{run}")
    while process.poll() is None and bucket.server.puts("/ledger/") < written:
        time.sleep(0.01)
    time.sleep(seconds)
    reached_its_end = process.poll() is not None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return not reached_its_end


def finish(there: CommandLine, bucket: Bucket, undisturbed: Path, run: str = "run") -> None:
    """Run to the end: the same corpus as in a local folder without a kill, and no finished take made again."""
    last = there(*RUN, "--out", f"{bucket.url}/{run}")
    assert last.returncode == 0, last.stderr
    assert digests(corpus_in(bucket, run)) == digests(local_corpus(undisturbed))
    takes = takes_in(bucket, run)
    assert len(takes) == len(set(takes)), "a finished take was made again"
    assert sorted(takes) == sorted(local_takes(undisturbed)), "as many as without a kill"


@pytest.mark.slow
def test_ten_kills_at_random_moments_change_nothing_and_no_finished_take_is_made_twice(
    there: CommandLine, bucket: Bucket, finished_run: Path
) -> None:
    moments = random.Random(2026)  # noqa: S311 -- moments to kill at
    kills, runs = 0, ["run-0"]
    while kills < 10:
        if is_killed(there, bucket, moments.randint(0, 4), moments.uniform(0.0, 0.3), runs[-1]):
            kills += 1
        else:
            runs.append(f"run-{len(runs)}")  # it got to its end between two kills: go on with another
    for run in runs:
        finish(there, bucket, finished_run, run)


@pytest.mark.slow
def test_a_bucket_that_refuses_in_the_middle_ends_the_run_in_one_line_and_the_next_runs_go_on(
    there: CommandLine, bucket: Bucket, finished_run: Path
) -> None:
    bucket.server.is_refused = lambda request: request.startswith("PUT") and bucket.server.puts("/ledger/speak/") > 2
    refused = there(*RUN, "--out", f"{bucket.url}/run")
    assert refused.returncode == 1
    told = refused.stderr.strip().splitlines()[-1]
    assert told.startswith(f"warmline: {bucket.url}/run/ledger/")
    assert "access denied" in told
    assert told.endswith("then run the same command again; what was finished is kept")
    assert "Traceback" not in refused.stderr
    assert SECRET not in refused.stderr
    kept = takes_in(bucket)
    assert kept
    bucket.server.is_refused = lambda _: False
    assert is_killed(there, bucket, 1, 0.0)
    assert set(kept) <= set(takes_in(bucket))
    finish(there, bucket, finished_run)
    status = there("status", f"{bucket.url}/run")
    assert "4 accepted, 0 rejected, 0 under way" in status.stdout
    assert f"speak: {len(takes_in(bucket))} results" in status.stdout


def test_a_run_frozen_in_a_bucket_thaws_the_same(bucket: Bucket) -> None:
    run, folder = load_run(shipped("run.yaml")), Folder(f"{bucket.url}/run")
    assert thaw(folder) is None
    freeze(folder, run)
    thawed = thaw(folder)
    assert thawed is not None
    assert thawed.pack.files == run.pack.files
    assert thawed.config.model_dump(exclude={"pack"}) == run.config.model_dump(exclude={"pack"})


def test_a_shard_refused_in_the_middle_leaves_nothing_and_the_next_try_gives_the_bytes_of_a_local_one(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_PIECE", 5 * 1024 * 1024)
    ledger, here = Folder(str(tmp_path / "ledger")), Folder(str(tmp_path / "corpus"))
    dialogues = [decided(ledger, index) for index in range(200)]

    def write(folder: Folder) -> ShardWriter:
        writer = ShardWriter(folder, "train", shard_schema(["kmeans"]), MAKER, 1e9)
        try:
            for dialogue in dialogues:
                writer.add(dialogue)
            writer.close()
        finally:
            writer.abandon()
        return writer

    bucket.server.is_refused = lambda request: "partNumber=2" in request
    with pytest.raises(StorageError, match=r"train-00000\.parquet: cannot be written: access denied"):
        write(Folder(f"{bucket.url}/corpus"))
    assert bucket.objects() == {}
    assert bucket.unfinished_uploads() == 0
    bucket.server.is_refused = lambda _: False
    assert write(Folder(f"{bucket.url}/corpus")).written == 1
    assert write(Folder(f"{bucket.url}/corpus")).kept == 1, "a closed shard with the same rows is left alone"
    write(here)
    assert bucket.objects() == {"corpus/train-00000.parquet": here.read("train-00000.parquet")}
