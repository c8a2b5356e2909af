"""A whole run on three Ray nodes of this machine that loses one of them: `make test-ray`."""

import shutil
import time
from collections import Counter
from hashlib import blake2b
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from schemas.run import RunConfig
from tests.conftest import SHIPPED, CommandLine
from tests.engine.three_nodes import actors, three_nodes

pytestmark = pytest.mark.ray

SIZE = 200
NODES = 3
BATCH = 8


def write_run_file(folder: Path) -> Path:
    """The shipped run with dialogues of two turns, so that 200 of them are made in minutes."""
    pack = Path(shutil.copytree(SHIPPED / "empathy", folder / "pack")) / "pack.yaml"
    pack.write_text(pack.read_text().replace("turns: {2: 1, 4: 4, 6: 4, 8: 2}", "turns: {2: 1}"))
    run = yaml.safe_load((SHIPPED / "run.yaml").read_text()) | {"pack": "pack", "size": SIZE}
    (folder / "local.yaml").write_text(yaml.safe_dump(run))
    return folder / "local.yaml"


def on_ray(local: Path, address: str) -> Path:
    """The same run, whose speaker and recognisers are Ray actors: one of each on every node."""
    run = yaml.safe_load(local.read_text())
    for backend in (run["speak"], run["score"]["asr"], run["score"]["ser"]):
        backend |= {"workers": NODES, "batch": BATCH, "ray": {"cpus": 0.3}}
    run["ray"] = {"address": address}
    RunConfig.model_validate(run)
    file = local.with_name("ray.yaml")
    file.write_text(yaml.safe_dump(run))
    return file


def corpus(run: Path) -> dict[str, str]:
    files = sorted(path for path in (run / "corpus").rglob("*") if path.is_file())
    return {str(path.relative_to(run)): blake2b(path.read_bytes()).hexdigest() for path in files}


def results(run: Path) -> Counter[str]:
    """Every result on disk, of every stage."""
    return Counter(
        f"{part.parent.name} {key}"
        for part in (run / "ledger").glob("*/part-*.parquet")
        for key in pq.read_table(part, columns=["key"]).column("key").to_pylist()
    )


def heard(run: Path) -> int:
    parts = (run / "ledger" / "score.asr").glob("part-*.parquet")
    return sum(pq.read_metadata(part).num_rows for part in parts)


def test_a_run_that_loses_a_node_makes_the_same_corpus_as_a_local_one(warmline: CommandLine) -> None:
    file = write_run_file(warmline.folder)
    undisturbed = warmline.start("generate", str(file), "--out", "local")
    _, errors = undisturbed.communicate()
    assert undisturbed.returncode == 0, errors
    local, run = warmline.folder / "local", warmline.folder / "ray"
    with three_nodes() as cluster:
        driver = warmline.start("generate", str(on_ray(file, cluster.address)), "--out", "ray")
        while heard(run) < heard(local) // 2:
            assert driver.poll() is None, driver.communicate()
            time.sleep(1)
        assert len(actors()) == 3 * NODES
        cluster.remove_node(next(iter(cluster.worker_nodes)))
        _, errors = driver.communicate()
    assert driver.returncode == 0, errors
    assert "Traceback" not in errors
    assert corpus(run) == corpus(local)
    made, needed = results(run), results(local)
    assert set(made) == set(needed)
    assert made.total() - needed.total() <= 3 * BATCH, "no more than the batches that the lost node's actors had"
