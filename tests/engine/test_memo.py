import asyncio
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.engine.failure import Failure
from pipeline.engine.ledger import Ledger
from pipeline.engine.memo import Found, Memo
from pipeline.engine.pool import InProcessPool, Pool, ProcessPool
from pipeline.engine.storage import Folder
from tests.engine.counting_stage import CountingStage, Square


def memo(tmp_path: Path, pool: Pool, stage: CountingStage | None = None) -> Memo[int, Square]:
    stage = stage or CountingStage(tmp_path / "log")
    return Memo(stage, Ledger(Folder(str(tmp_path / "ledger")), "squares").open(), pool, workers=2)


def made(tmp_path: Path) -> list[int]:
    return sorted(int(line) for line in (tmp_path / "log").read_text().split())


def test_what_was_made_is_found_and_never_made_again(tmp_path: Path) -> None:
    first = memo(tmp_path, InProcessPool())
    asyncio.run(first.make([1, 2, 3, 2]))
    again = memo(tmp_path, InProcessPool())
    asyncio.run(again.make([2, 3, 4]))
    assert made(tmp_path) == [1, 2, 3, 4]
    assert (first.made, again.made) == (3, 1)
    found = again.look(3)
    assert isinstance(found, Found)
    assert (found.value.value, found.place.blob()) == (9, b"xxx")


def test_failures_are_known_in_this_session_and_tried_again_in_the_next(tmp_path: Path) -> None:
    first = memo(tmp_path, InProcessPool())
    asyncio.run(first.make([13]))
    asyncio.run(first.make([13]))
    assert first.look(13) == Failure("unlucky")
    assert made(tmp_path) == [13]
    again = memo(tmp_path, InProcessPool())
    assert again.look(13) is None
    asyncio.run(again.make([13]))
    assert made(tmp_path) == [13, 13]


def test_an_item_on_which_the_backend_breaks_costs_itself_and_not_its_batch(tmp_path: Path) -> None:
    one = memo(tmp_path, InProcessPool())
    asyncio.run(one.make(range(10, 20)))
    assert one.look(14) == Failure("the backend broke: ZeroDivisionError: fourteen is too much")
    assert all(isinstance(one.look(item), Found) for item in range(10, 20) if item not in {13, 14})


def test_two_callers_at_once_share_one_making(tmp_path: Path) -> None:
    one = memo(tmp_path, InProcessPool(), CountingStage(tmp_path / "log", seconds=0.02))

    async def both() -> None:
        await asyncio.gather(one.make([1, 2, 3]), one.make([2, 3, 4]))

    asyncio.run(both())
    assert made(tmp_path) == [1, 2, 3, 4]


def test_processes_do_the_work_and_a_worker_that_dies_costs_only_its_deadly_item(tmp_path: Path) -> None:
    pool = ProcessPool(2)
    one = memo(tmp_path, pool, CountingStage(tmp_path / "log", deadly=7))
    try:
        asyncio.run(one.make(range(12)))
    finally:
        pool.close()
    fates = {item: one.look(item) for item in range(12)}
    died = fates.pop(7)
    assert isinstance(died, Failure)
    assert "died on this item" in died.reason
    assert {item: fate.value.value for item, fate in fates.items() if isinstance(fate, Found)} == {
        item: item * item for item in range(12) if item != 7
    }


def test_stopping_a_pool_keeps_what_its_workers_have_finished(tmp_path: Path) -> None:
    pool = ProcessPool(1)
    one = memo(tmp_path, pool, CountingStage(tmp_path / "log", seconds=0.2))

    async def stop_early() -> None:
        making = asyncio.create_task(one.make(range(30)))
        while not (tmp_path / "log").exists() or len(made(tmp_path)) < 3:
            await asyncio.sleep(0.02)
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)

    asyncio.run(stop_early())
    pool.close()
    kept = memo(tmp_path, InProcessPool())
    assert len(kept.ledger) == len(made(tmp_path)) < 30


def test_a_slow_job_puts_its_results_on_disk_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.engine.job.LONGEST_PENDING", 0.1)
    one = memo(tmp_path, InProcessPool(), CountingStage(tmp_path / "log", seconds=0.4))

    async def on_disk_before_the_second_is_made() -> int:
        making = asyncio.create_task(one.make(range(4)))
        seen = 0
        while not making.done():
            await asyncio.sleep(0.02)
            if (tmp_path / "log").exists() and len(made(tmp_path)) == 1:
                seen = len(Ledger(one.ledger.folder, "squares").open())
        return seen

    assert asyncio.run(on_disk_before_the_second_is_made()) == 1


def test_items_of_like_length_share_a_job(tmp_path: Path) -> None:
    stage, ledger = CountingStage(tmp_path / "log"), Ledger(Folder(str(tmp_path / "ledger")), "squares").open()
    one = Memo(stage, ledger, InProcessPool(), workers=1, batch=3, length=float)
    asyncio.run(one.make([50, 1, 60, 2, 55, 3]))
    keys = [pq.read_table(path).column("key").to_pylist() for path in sorted((tmp_path / "ledger").iterdir())]
    assert [{*job} for job in keys] == [{*map(stage.key, (1, 2, 3))}, {*map(stage.key, (50, 55, 60))}]
