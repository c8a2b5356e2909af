"""Orders of many dialogues, made by few tasks."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

import pytest

from flows import desk
from flows.desk import Desk


@dataclass
class Stage:
    """Makes numbers: negative ones break the making, 99 never comes."""

    begun: list[tuple[int, ...]] = field(default_factory=list)
    under_way: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)

    def begin(self, items: Sequence[int]) -> Awaitable[None]:
        self.begun.append(tuple(items))
        for item in items:
            self.under_way[item] = asyncio.create_task(self._make(item))
        return asyncio.ensure_future(self._all([self.under_way[item] for item in items]))

    async def _all(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        try:
            await asyncio.gather(*tasks)
        finally:
            for one in tasks:
                one.cancel()

    async def _make(self, item: int) -> None:
        await asyncio.sleep(1000 if item == 99 else 0.001)
        if item < 0:
            raise ZeroDivisionError(item)

    async def wait(self, items: Sequence[int]) -> None:
        for item in items:
            await asyncio.shield(self.under_way[item])


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, str]]:
    """What Prefect would be told, without Prefect: each task, and how it ended."""
    told: list[tuple[str, int, str]] = []

    async def make(stage: str, first: int) -> None:
        try:
            await desk._work.get()()
            told.append((stage, first, "completed"))
        except BaseException as error:
            told.append((stage, first, type(error).__name__))
            raise

    monkeypatch.setattr(desk, "_make", make)
    return told


def open_desk(stage: Stage) -> Desk[int]:
    return Desk("square", stage.begin, stage.wait, linger=0.01)


def test_orders_that_come_together_are_made_together_and_one_task_makes_many(
    tasks: list[tuple[str, int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "OPEN", 0.2)
    stage = Stage()

    async def run() -> None:
        one = open_desk(stage)
        await asyncio.gather(one.order([1, 2]), one.order([3]), one.order([]))
        await one.order([4])
        assert tasks == [], "the task is open"
        await asyncio.sleep(0.25)
        assert tasks == [("square", 1, "completed")]
        await one.order([5])
        await one.close()

    asyncio.run(run())
    assert stage.begun == [(1, 2, 3), (4,), (5,)]
    assert tasks == [("square", 1, "completed"), ("square", 5, "completed")]


def test_a_slow_item_holds_up_nobody_and_stops_with_the_desk(tasks: list[tuple[str, int, str]]) -> None:
    async def run() -> None:
        one = open_desk(Stage())
        slow = asyncio.create_task(one.order([99]))
        await asyncio.wait_for(one.order([1]), 5.0)
        assert not slow.done()
        await asyncio.wait_for(one.close(), 5.0)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(slow, 5.0)

    asyncio.run(run())
    assert tasks == [("square", 1, "CancelledError")]


def test_what_breaks_the_making_is_told_to_all_who_wait_for_it(tasks: list[tuple[str, int, str]]) -> None:
    async def run() -> tuple[BaseException | None, ...]:
        one = open_desk(Stage())
        ends = await asyncio.gather(one.order([99]), one.order([-1]), return_exceptions=True)
        await one.close()
        return ends

    assert [type(end) for end in asyncio.run(run())] == [ZeroDivisionError, ZeroDivisionError]
    assert tasks == [("square", 1, "ZeroDivisionError")]


def test_a_task_that_cannot_start_is_told_to_those_who_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(stage: str, first: int) -> None:
        raise ConnectionError(f"no server for {stage} from {first}")

    monkeypatch.setattr(desk, "_make", refused)

    async def run() -> None:
        await asyncio.wait_for(open_desk(Stage()).order([1]), 5.0)

    with pytest.raises(ConnectionError, match="no server for square from 1"):
        asyncio.run(run())
