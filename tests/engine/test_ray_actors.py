"""Actors at work on three nodes of this machine: `make test-ray`."""

import asyncio
import sysconfig
import venv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.ledger import Ledger
from pipeline.engine.memo import Found, Memo
from pipeline.engine.ray_pool import RayPool, connected
from pipeline.engine.storage import Folder
from schemas.run import RayCluster, RayShare
from tests.engine.counting_stage import CountingStage, Square
from tests.engine.telling_stage import TellingStage, Told
from tests.engine.three_nodes import actors, add_node, three_nodes

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

pytestmark = pytest.mark.ray

StartPool = Callable[..., RayPool]


@pytest.fixture(scope="module")
def cluster() -> Iterator["Cluster"]:
    with three_nodes() as cluster:
        yield cluster


@pytest.fixture
def start(cluster: "Cluster") -> Iterator[StartPool]:
    """Makes pools of the cluster's actors, closed in the end."""
    pools: list[RayPool] = []

    def pool(workers: int, share: RayShare, say: Callable[[str], None] = print, patience: float = 60.0) -> RayPool:
        pools.append(RayPool(workers, share, say, patience=patience))
        return pools[-1]

    with connected(RayCluster(address=cluster.address)):
        yield pool
        for one in pools:
            one.close()


def squaring(tmp_path: Path, pool: RayPool, stage: CountingStage, workers: int) -> Memo[int, Square]:
    return Memo(stage, Ledger(Folder(str(tmp_path / "ledger")), "squares").open(), pool, workers)


def telling(tmp_path: Path, pool: RayPool, stage: TellingStage, *items: str) -> list[Told]:
    one = Memo(stage, Ledger(Folder(str(tmp_path / "ledger")), "telling").open(), pool, 1)
    asyncio.run(one.make(items))
    return [found.value for found in map(one.look, items) if isinstance(found, Found)]


def made(tmp_path: Path) -> Counter[int]:
    log = tmp_path / "log"
    return Counter(int(line) for line in log.read_text().split()) if log.exists() else Counter()


def right(one: Memo[int, Square], items: Sequence[int]) -> bool:
    fates = {item: one.look(item) for item in items}
    return all(isinstance(fate, Found) and fate.value.value == item * item for item, fate in fates.items())


async def until(truth: Callable[[], object]) -> None:
    while not truth():
        await asyncio.sleep(0.02)


def test_actors_do_the_work_and_write_it_themselves(tmp_path: Path, start: StartPool) -> None:
    one = squaring(tmp_path, start(2, RayShare(cpus=0.5)), CountingStage(tmp_path / "log"), 2)
    asyncio.run(one.make(range(16)))
    assert right(one, [*range(13), 15])
    assert one.look(13) == Failure("unlucky")
    assert one.look(14) == Failure("the backend broke: ZeroDivisionError: fourteen is too much")
    found = one.look(12)
    assert isinstance(found, Found)
    assert found.place.blob() == b"x" * 12


def test_of_an_actor_that_is_killed_what_it_had_written_is_kept(tmp_path: Path, start: StartPool) -> None:
    items = range(100, 150)
    one = squaring(tmp_path, start(1, RayShare()), CountingStage(tmp_path / "log", seconds=0.05), 1)
    one.batch = len(items)
    written: set[int] = set()

    async def kill_in_the_middle() -> None:
        making = asyncio.create_task(one.make(items))
        await until(lambda: list(one.ledger.folder.names()))
        on_disk = Ledger(one.ledger.folder, "squares").open()
        written.update(item for item in items if one.stage.key(item) in on_disk)
        for actor in actors(".run"):
            actor.kill()
        await making

    asyncio.run(kill_in_the_middle())
    assert right(one, items)
    assert 0 < len(written) < len(items)
    assert all(made(tmp_path)[item] == 1 for item in written)


def test_a_node_that_goes_costs_at_most_the_jobs_it_had_under_way(
    tmp_path: Path, cluster: "Cluster", start: StartPool
) -> None:
    items = range(100, 220)
    one = squaring(tmp_path, start(3, RayShare()), CountingStage(tmp_path / "log", seconds=0.1), 3)

    async def lose_a_node() -> None:
        making = asyncio.create_task(one.make(items))
        await until(lambda: len(actors(".run")) == 3)  # a core each, so one actor a node
        await asyncio.to_thread(cluster.remove_node, next(iter(cluster.worker_nodes)))
        await making

    try:
        asyncio.run(lose_a_node())
    finally:
        add_node(cluster)
    assert right(one, items)
    again = [item for item, times in made(tmp_path).items() if times > 1]
    job = len(items) // (2 * 3)
    assert sum(made(tmp_path).values()) <= len(items) + job
    assert len({(item - items.start) // job for item in again}) <= 1, "what was made again is of one job"


def test_a_deadly_item_costs_itself(tmp_path: Path, start: StartPool) -> None:
    one = squaring(tmp_path, start(2, RayShare(cpus=0.5)), CountingStage(tmp_path / "log", deadly=7), 2)
    asyncio.run(one.make(range(12)))
    fate = one.look(7)
    assert isinstance(fate, Failure)
    assert "died on this item" in fate.reason
    assert right(one, [item for item in range(12) if item != 7])


def environment(place: Path) -> str:
    """A Python environment with the libraries of this one, but without Warmline. Answers its interpreter."""
    venv.create(place)
    site = sysconfig.get_path("purelib", vars={"base": str(place)})
    Path(site, "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return str(place / "bin" / "python")


def test_an_actor_works_in_the_environment_that_its_share_names(tmp_path: Path, start: StartPool) -> None:
    python = environment(tmp_path / "own")
    share = RayShare(cpus=1, python=python, variables={"HF_HOME": "/models"})
    hub, threads = telling(tmp_path, start(1, share), TellingStage(), "HF_HOME", "OMP_NUM_THREADS")
    assert (hub.python, hub.variables) == (python, {"HF_HOME": "/models"})
    assert threads.variables == {"OMP_NUM_THREADS": "1"}


def test_an_actor_sees_the_gpu_of_its_share_and_no_other(tmp_path: Path, cluster: "Cluster", start: StartPool) -> None:
    node = add_node(cluster, gpus=2)
    try:
        half, whole, none = (
            telling(tmp_path / str(gpus), start(1, RayShare(gpus=gpus, cpus=0)), TellingStage(), "CUDA_VISIBLE_DEVICES")
            for gpus in (0.5, 1, 0)
        )
    finally:
        cluster.remove_node(node)
    seen = [told.variables["CUDA_VISIBLE_DEVICES"] for told in (*half, *whole, *none)]
    assert sorted(seen) == ["", "0", "1"]
    assert seen[2] == ""


def test_warmlines_own_modules_are_sent_to_nodes_that_have_none(
    tmp_path: Path, cluster: "Cluster", monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "tests").symlink_to(Path.cwd() / "tests")
    share = RayShare(python=environment(tmp_path / "own"), variables={"PYTHONPATH": str(tmp_path / "only")})
    monkeypatch.chdir(tmp_path)  # nodes on the driver's machine would look into its working directory
    with connected(RayCluster(address=cluster.address)):
        (told,) = telling(tmp_path, RayPool(1, share), TellingStage(), "PATH")
    assert "py_modules_files" in told.schemas


@pytest.mark.parametrize(
    ("python", "words"), [("/nowhere/python", "No such file"), ("bare", "No module named 'fsspec'")]
)
def test_an_interpreter_that_cannot_run_a_worker_is_told(
    tmp_path: Path, start: StartPool, python: str, words: str
) -> None:
    if python == "bare":
        venv.create(tmp_path / "bare")
        python = str(tmp_path / "bare" / "bin" / "python")
    with pytest.raises(WarmlineError, match=f"telling: ray.python {python} cannot run a worker on .*{words}"):
        telling(tmp_path, start(1, RayShare(python=python)), TellingStage(), "PATH")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("warmline", r"^the model folder lacks flow\.pt$"),
        ("library", r"telling: the backend cannot be loaded on .*: ImportError: libcudart"),
        ("death", r"telling: 3 workers in a row died while they loaded the backend"),
    ],
)
def test_a_backend_that_cannot_be_loaded_is_told(tmp_path: Path, start: StartPool, fault: str, words: str) -> None:
    with pytest.raises(WarmlineError, match=words):
        telling(tmp_path, start(2, RayShare(cpus=0.5)), TellingStage(fault), "PATH")  # type: ignore[arg-type]


def test_a_share_that_no_node_can_hold_is_refused(tmp_path: Path, start: StartPool) -> None:
    with pytest.raises(WarmlineError, match=r"telling: .*each asks for 1 GPU, 1 CPU; free .*3 nodes.*: 0 of 0 GPU"):
        telling(tmp_path, start(1, RayShare(gpus=1), patience=0.1), TellingStage(), "PATH")


def test_who_waits_for_a_place_is_told_once_and_gets_it_when_it_is_free(tmp_path: Path, start: StartPool) -> None:
    said: list[str] = []
    first, second = start(3, RayShare()), start(2, RayShare(), said.append, 0.1)
    one = squaring(tmp_path, first, CountingStage(tmp_path / "log"), 3)
    waiting = squaring(tmp_path / "second", second, CountingStage(tmp_path / "log"), 2)

    async def take_turns() -> None:
        await asyncio.gather(one.make(range(100, 112)), until(lambda: len(actors()) == 3))
        making = asyncio.create_task(waiting.make(range(200, 204)))
        await until(lambda: said)
        first.close()
        await making

    asyncio.run(take_turns())
    assert right(waiting, range(200, 204))
    assert len(said) == 1
    assert said[0].startswith("squares: no worker yet after 0 s (waiting): each asks for 1 CPU; free")


def test_closing_keeps_what_the_actors_have_finished_and_ends_them(tmp_path: Path, start: StartPool) -> None:
    pool = start(1, RayShare())
    one = squaring(tmp_path, pool, CountingStage(tmp_path / "log", seconds=0.2), 1)

    async def stop_early() -> None:
        making = asyncio.create_task(one.make(range(100, 130)))
        await until(lambda: len(made(tmp_path)) >= 3)
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)

    asyncio.run(stop_early())
    pool.close()
    assert len(Ledger(one.ledger.folder, "squares").open()) == len(made(tmp_path)) < 30
    asyncio.run(until(lambda: not actors(".run")))


def test_a_local_folder_is_refused_where_workers_may_be_on_other_machines(
    tmp_path: Path, start: StartPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.engine.ray_pool_capacity.gethostname", lambda: "laptop")
    with pytest.raises(UsageError, match=r"workers may be on .*: give --out a bucket .* and set ray\.shared_folder"):
        telling(tmp_path, start(1, RayShare()), TellingStage(), "PATH")


def test_a_folder_that_all_nodes_see_can_be_said_to_be_one(
    tmp_path: Path, cluster: "Cluster", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.engine.ray_pool_capacity.gethostname", lambda: "laptop")
    with connected(RayCluster(address=cluster.address, shared_folder=True)):
        assert telling(tmp_path, RayPool(1, RayShare()), TellingStage(), "PATH")


def test_relative_folders_are_those_of_the_drivers_working_folder(
    tmp_path: Path, start: StartPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert telling(Path(), start(1, RayShare()), TellingStage(), "PATH")
    assert list((tmp_path / "ledger").glob("part-*"))
