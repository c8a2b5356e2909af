"""Slices in a bucket, which has no locks: a server of S3's protocol on loopback, two drivers at once."""

from collections import Counter
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import SHIPPED, CommandLine
from tests.engine.bucket import Bucket, bucket_server
from tests.flows.test_slices import files

pytestmark = pytest.mark.slow


def keys(bucket: Bucket) -> Counter[str]:
    parts = [BytesIO(content) for name, content in bucket.objects().items() if "/ledger/" in name]
    return Counter(key for part in parts for key in pq.read_table(part, columns=["key"])["key"].to_pylist())


def test_voices_then_slices_at_once_then_the_whole_make_the_same_bytes(
    warmline: CommandLine, finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bucket_server() as server:
        bucket = server.new_bucket(monkeypatch)
        there = CommandLine(warmline.folder, warmline.environment | server.environment)
        plan = ("generate", str(SHIPPED / "run.yaml"), "--set", "size=4", "--out", f"{bucket.url}/run")
        voices = there(*plan, "--until", "voices")
        assert voices.returncode == 0, voices.stderr
        assert "cannot be locked: see to it that only one driver at a time" in voices.stderr

        drivers = [there.start(*plan, "--slice", f"{number}/2") for number in (1, 2)]
        for driver in drivers:
            _, errors = driver.communicate(timeout=300)
            assert driver.returncode == 0, errors
        made = keys(bucket)
        packing = there(*plan)

        assert packing.returncode == 0, packing.stderr
        assert set(made.values()) == {1}
        assert keys(bucket) == made, "the packing driver had something left to make"
        corpus = {name.removeprefix("run/corpus/"): content for name, content in bucket.objects().items()}
        assert {name: corpus[name] for name in files(finished_run / "corpus")} == files(finished_run / "corpus")
