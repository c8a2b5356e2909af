import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.engine.job import Job
from pipeline.engine.ledger import Entry, Ledger, write_part
from pipeline.engine.lost_worker import WorkerLostError, outlast
from pipeline.engine.storage import Folder
from tests.engine.counting_stage import CountingStage, Square

Tries = list[list[int]]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(str(tmp_path))


def job_of(folder: Folder, items: range) -> Job[int, Square]:
    stage = CountingStage(Path("no log"))
    return Job(stage, folder, [(stage.key(item), item) for item in items])


def write(job: Job[int, Square]) -> list[str]:
    entries = [Entry(key, Square(value=item * item).model_dump_json()) for key, item in job.items]
    return [write_part(job.ledger, job.stage.name, entries)] if entries else []


def finished(job: Job[int, Square], deadly: Callable[[int, int], bool], *, blameless: bool = False) -> Tries:
    """Outlast a first loss; a try then dies if `deadly(item, how many tries before)` of one of its items."""
    tries: Tries = []

    async def attempt(part: Job[int, Square]) -> list[str]:
        tries.append([item for _, item in part.items])
        if any(deadly(item, len(tries) - 1) for item in tries[-1]):
            raise WorkerLostError(0, blameless=blameless)
        return write(part)

    first = WorkerLostError(0, blameless=blameless)
    parts = asyncio.run(outlast(job, first, attempt))
    known = Ledger(job.ledger, job.stage.name)
    for part in parts:
        known.take_in(part)
    assert all(key in known or known.failure(key) for key, _ in job.items), "what is answered holds every item"
    return tries


def test_what_the_lost_worker_had_written_is_not_made_again(folder: Folder) -> None:
    job = job_of(folder, range(10))
    write(Job(job.stage, folder, job.items[:6]))
    assert finished(job, lambda *_: False) == [[6, 7, 8, 9]]
    assert len(Ledger(folder, "squares").open()) == 10


def test_a_job_that_was_written_whole_is_not_run_again(folder: Folder) -> None:
    job = job_of(folder, range(3))
    write(job)
    assert finished(job, lambda *_: False) == []


def test_parts_from_before_the_job_and_of_other_jobs_are_none_of_its_own(folder: Folder) -> None:
    old = write(job_of(folder, range(1)))[0]
    other = write(job_of(folder, range(5, 6)))[0]
    tries: Tries = []

    async def attempt(part: Job[int, Square]) -> list[str]:
        tries.append([item for _, item in part.items])
        return write(part)

    after_old = int(other.split("-")[1])
    parts = asyncio.run(outlast(job_of(folder, range(2)), WorkerLostError(after_old), attempt))
    assert tries == [[0, 1]]
    assert not {old, other} & set(parts)


def test_a_deadly_item_is_narrowed_down_to_and_costs_itself(folder: Folder) -> None:
    tries = finished(job_of(folder, range(8)), lambda item, _: item == 5)
    ledger = Ledger(folder, "squares", keep_failures=True).open()
    assert (len(ledger), ledger.failures) == (7, 1)
    assert tries == [[*range(8)], [0, 1, 2, 3], [4, 5, 6, 7], [4, 5], [4], [5], [6, 7]]


def test_a_loss_of_the_machine_is_not_held_against_a_lone_item_but_not_forgiven_for_ever(folder: Folder) -> None:
    finished(job_of(folder, range(1)), lambda _, before: before < 3, blameless=True)
    assert len(Ledger(folder, "squares").open()) == 1
    tries = finished(job_of(folder, range(1, 2)), lambda *_: True, blameless=True)
    assert len(tries) == 4
    assert Ledger(folder, "squares", keep_failures=True).open().failures == 1
