import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.engine.errors import StorageError, UsageError
from pipeline.engine.object_store import refused
from pipeline.engine.storage import Folder
from tests.engine.bucket import KEY, SECRET, Bucket, BucketServer, bucket_server

PIECE = 16 * 1024 * 1024
"""What goes up in one request; a larger file goes up in pieces."""


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@pytest.fixture
def bucket(server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    return server.new_bucket(monkeypatch)


@pytest.fixture
def folder(bucket: Bucket) -> Folder:
    return Folder(f"{bucket.url}/run")


def test_a_small_file_costs_one_request_to_write_and_one_to_read(folder: Folder, server: BucketServer) -> None:
    folder.write("a/b.txt", b"hello")
    assert folder.read("a/b.txt") == b"hello"
    assert [request.split()[0] for request in server.requests] == ["PUT", "GET"]


@pytest.mark.parametrize("size", [4, PIECE + 4], ids=["small", "large"])
def test_a_file_appears_only_when_its_block_ends_well(folder: Folder, bucket: Bucket, size: int) -> None:
    def write(*, breaking_off: bool) -> None:
        with folder.create("a/b.bin") as file:
            file.write(b"x" * size)
            assert list(folder.names("a")) == []
            if breaking_off:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        write(breaking_off=True)
    assert bucket.objects() == {}
    assert bucket.unfinished_uploads() == 0, "what was sent of it is discarded"
    write(breaking_off=False)
    assert {name: len(content) for name, content in bucket.objects().items()} == {"run/a/b.bin": size}


def test_a_file_that_is_there_stays_as_it_is_until_the_new_one_is_whole(folder: Folder, bucket: Bucket) -> None:
    folder.write("a.bin", b"old")
    with folder.create("a.bin") as file:
        file.write(b"x" * (PIECE + 1))
        assert bucket.objects() == {"run/a.bin": b"old"}
    assert len(folder.read("a.bin")) == PIECE + 1


def test_a_process_killed_in_the_middle_of_an_upload_leaves_no_file(folder: Folder, bucket: Bucket) -> None:
    writing = (
        "import sys, time; from pipeline.engine.storage import Folder\n"
        f"with Folder({folder.url!r}).create('big.bin') as file:\n"
        f"    file.write(b'x' * {PIECE + 1}); print('sent', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", writing], stdout=subprocess.PIPE, cwd=Path.cwd()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"sent\n"
        process.send_signal(signal.SIGKILL)
    assert list(folder.names()) == []
    assert bucket.unfinished_uploads() == 1, "its pieces lie unseen until a lifecycle rule clears them away"


def test_listings_go_over_many_pages_and_leave_out_the_folders_that_consoles_make(
    folder: Folder, bucket: Bucket, server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")
    for number in range(12):
        folder.write(f"{number:02d}.bin", b"x")
    folder.write("below/x.bin", b"x")
    bucket.store.pipe_file(f"{bucket.name}/run/", b"")
    server.requests.clear()
    assert list(folder.names()) == [f"{number:02d}.bin" for number in range(12)]
    assert len(server.requests) == 3


def test_what_another_process_writes_is_seen_at_once(folder: Folder, bucket: Bucket) -> None:
    folder.write("mine.bin", b"x")
    assert list(folder.names()) == ["mine.bin"]
    bucket.store.pipe_file(f"{bucket.name}/run/theirs.bin", b"y")
    assert folder.has("theirs.bin")
    assert folder.read("theirs.bin") == b"y"
    assert list(folder.names()) == ["mine.bin", "theirs.bin"]


def test_what_is_not_there_is_not_there(folder: Folder) -> None:
    folder.write("a/b.bin", b"x")
    assert not folder.has("b.bin")
    assert not folder.has("a"), "a folder is no file"
    assert list(folder.names("c")) == []
    folder.remove("c.bin")
    with pytest.raises(StorageError, match=r"run/c\.bin: cannot be read"):
        folder.read("c.bin")


def test_a_missing_bucket_is_told_and_not_made(bucket: Bucket) -> None:
    nowhere = Folder(f"{bucket.url}-missing/run")
    for attempt in (
        lambda: list(nowhere.names()),
        lambda: nowhere.has("a"),
        lambda: nowhere.write("a", b"x"),
        lambda: nowhere.read("a"),
    ):
        with pytest.raises(StorageError, match=r"no such bucket .*make it, or correct its name"):
            attempt()
    assert not bucket.store.exists(f"{bucket.name}-missing")


def _refused(folder: Folder) -> list[str]:
    """What the user reads when listing, looking up, reading and writing are refused."""
    messages = []
    for attempt in (
        lambda: list(folder.names()),
        lambda: folder.has("a"),
        lambda: folder.read("a"),
        lambda: folder.write("a", b"x"),
        lambda: folder.remove("a"),
        lambda: folder.copy_out("pack", Path("nowhere")),
    ):
        with pytest.raises(StorageError) as caught:
            attempt()
        messages.append(str(caught.value))
    return messages


def test_a_bucket_that_refuses_is_told_in_one_line_with_the_mend(folder: Folder, server: BucketServer) -> None:
    server.is_refused = lambda _: True
    for message in _refused(folder):
        assert "access denied" in message
        assert "must be allowed to list, read, write and delete there, then run the same command again" in message
        assert "\n" not in message


def test_missing_credentials_are_told_with_where_they_belong(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", "/nowhere")
    assert all("no credentials" in message and "AWS_PROFILE" in message for message in _refused(folder))


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("HTTP_PROXY", f"http://{KEY}:open-sesame@127.0.0.1:9")],
)
def test_a_store_that_cannot_be_reached_is_told_without_the_secrets_of_the_way_there(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for variable in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for message in _refused(folder):
        assert "the store does not answer" in message
        assert "see to the network and to AWS_ENDPOINT_URL" in message
        assert not any(secret in message for secret in (KEY, SECRET, "open-sesame"))


@pytest.mark.usefixtures("bucket")
def test_whatever_a_library_says_no_secret_is_shown() -> None:
    said = f"cannot sign\nwith {KEY} and {SECRET} for http://someone:open-sesame@proxy.example"
    message = str(refused("s3://bucket/run", "read", OSError(said)))
    assert message == (
        "s3://bucket/run: cannot be read: OSError: cannot sign with … and … for http://…@proxy.example; "
        "what was finished is kept"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://key:hidden@bucket/run", "credentials do not belong in a s3:// URL"),
        ("s3:///run", "names no bucket"),
        ("sftp://host/run", "sftp:// cannot hold a run"),
        ("gs://bucket/run", "gs:// needs gcsfs: pip install gcsfs"),
    ],
)
def test_urls_that_cannot_hold_a_run_are_told_and_secrets_in_them_are_not_repeated(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        list(Folder(url).names())
    assert "hidden" not in str(caught.value)


def _write(job: tuple[Folder, str]) -> int:
    folder, name = job
    folder.write(name, b"x")
    return os.getpid()


def test_folders_work_in_threads_and_in_spawned_processes(folder: Folder, bucket: Bucket) -> None:
    folder.write("0", b"x")
    assert len(pickle.dumps(folder)) < 200, "the URL travels, not the connection"
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(_write, [(folder, f"t{number}") for number in range(8)])) == {os.getpid()}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
        assert set(processes.map(_write, [(folder, f"p{number}") for number in range(2)])) != {os.getpid()}
    assert len(bucket.objects()) == 11


def test_one_process_has_one_client_whichever_thread_asks(folder: Folder) -> None:
    with ThreadPoolExecutor(3) as threads:
        clients = set(threads.map(lambda _: id(Folder(folder.url).filesystem), range(3)))
    assert clients == {id(folder.filesystem)}
