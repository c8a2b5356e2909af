"""Backends that wait for a server, in the driver's loop."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.engine import waiting
from pipeline.engine.errors import StorageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.ledger import Ledger
from pipeline.engine.memo import Found, Memo
from pipeline.engine.stage import Outcome
from pipeline.engine.storage import Folder
from pipeline.engine.waiting import MOST_NOTED, WaitingPool
from tests.engine.counting_stage import Square


class Spent(Square):
    """What a failure cost."""


@dataclass
class SlowSquares:
    """Squares after `seconds`; 13 fails at a cost, 14 raises, 15 ends the run, 99 never comes."""

    seconds: float = 0.0
    name: str = "squares"
    result: type[Square] = Square
    waits: bool = True
    identity: str = "squares"
    at_once: int = 0
    most_at_once: int = 0
    closed: int = 0
    seen: list[int] = field(default_factory=list)

    def key(self, item: int) -> str:
        return fingerprint(self.identity, item)

    def build(self) -> "SlowSquares":
        return self

    async def run_one(self, item: int) -> Outcome[Square] | Failure:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.seen.append(item)
        try:
            await asyncio.sleep(1000 if item == 99 else self.seconds)
        finally:
            self.at_once -= 1
        if item == 14:
            raise ZeroDivisionError("fourteen is too much")
        if item == 15:
            raise WarmlineError("the server is gone")
        return Failure("unlucky", spent=Spent(value=7)) if item == 13 else Outcome(Square(value=item * item))

    async def close(self) -> None:
        self.closed += 1


def memo(tmp_path: Path, stage: SlowSquares, pool: WaitingPool) -> Memo[int, Square]:
    ledger = Ledger(Folder(str(tmp_path / "ledger")), "squares").open()
    return Memo(stage, ledger, pool, workers=64, batch=None)


def test_many_items_wait_at_once_and_every_result_is_on_disk_when_it_is_told(tmp_path: Path) -> None:
    stage, pool = SlowSquares(0.05), WaitingPool()
    one = memo(tmp_path, stage, pool)
    asyncio.run(one.make(range(20, 60)))
    assert stage.most_at_once == 40
    (journal,) = (tmp_path / "ledger").glob(".journal-*")
    assert journal.read_bytes().count(b"\n") == 40
    found = one.look(27)
    assert isinstance(found, Found)
    assert found.value == Square(value=729)
    pool.close()
    assert not list((tmp_path / "ledger").glob(".journal-*"))
    assert len(Ledger(Folder(str(tmp_path / "ledger")), "squares").open()) == 40


def test_results_go_on_before_their_part_is_written_and_are_found_there_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_NOTED", 0.05)
    pool = WaitingPool()
    one = memo(tmp_path, SlowSquares(), pool)
    ledger = Folder(str(tmp_path / "ledger"))

    async def run() -> None:
        await one.make([2, 3])
        assert isinstance(one.look(3), Found)
        assert list(ledger.names()) == []
        await asyncio.sleep(0.5)
        await one.make([4])
        await pool.disconnect()

    asyncio.run(run())
    assert len(list(ledger.names())) == 2
    one.ledger._fresh.clear()
    values = [found.value.value for item in (2, 3, 4) if isinstance(found := one.look(item), Found)]
    assert values == [4, 9, 16]


def test_noted_results_wait_where_the_disk_is_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_AHEAD", 5)
    monkeypatch.setattr(waiting, "LONGEST_NOTED", 0.05)
    asyncio.run(memo(tmp_path, SlowSquares(), WaitingPool()).make(range(20, 40)))
    assert len(Ledger(Folder(str(tmp_path / "ledger")), "squares").open()) == 20, "the last waited for their part"


def test_a_failure_and_a_broken_backend_cost_their_own_item_and_the_cost_is_kept(tmp_path: Path) -> None:
    pool = WaitingPool()
    one = memo(tmp_path, SlowSquares(), pool)
    asyncio.run(one.make([13, 14, 3]))
    pool.close()
    assert one.look(13) == Failure("unlucky")
    assert one.look(14) == Failure("the backend broke: ZeroDivisionError: fourteen is too much")
    assert isinstance(one.look(3), Found)
    ledger = Ledger(Folder(str(tmp_path / "ledger")), "squares")
    values = [value for name in ledger.folder.names() for value in ledger._read(name, ["value"]).column("value")]
    assert '{"value":7}' in [value.as_py() for value in values]


def test_what_ends_the_run_ends_the_others_and_keeps_what_was_answered(tmp_path: Path) -> None:
    stage, pool = SlowSquares(), WaitingPool()
    one = memo(tmp_path, stage, pool)

    async def run() -> None:
        await one.make([1, 2, 3])
        await one.make([99, 4, 15])

    with pytest.raises(WarmlineError, match="the server is gone"):
        asyncio.run(run())
    pool.close()
    assert stage.at_once == 0, "the one that never comes is not waited for"
    again = memo(tmp_path, stage, pool)
    assert all(isinstance(again.look(item), Found) for item in (1, 2, 3, 4))


def test_a_dialogue_goes_on_when_its_own_items_are_there(tmp_path: Path) -> None:
    stage = SlowSquares()
    one = memo(tmp_path, stage, WaitingPool())

    async def run() -> None:
        making = asyncio.ensure_future(one.begin([1, 99]))
        await one.wait([1])
        assert isinstance(one.look(1), Found)
        assert not making.done()
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)

    asyncio.run(run())


def test_what_ends_the_run_is_told_to_those_who_wait_for_an_item_of_their_own(tmp_path: Path) -> None:
    one = memo(tmp_path, SlowSquares(0.01), WaitingPool())

    async def run() -> None:
        making = asyncio.ensure_future(one.begin([99, 15]))
        await asyncio.wait_for(one.wait([99]), 5.0)
        await making

    with pytest.raises(WarmlineError, match="the server is gone"):
        asyncio.run(run())


def test_parts_are_few(tmp_path: Path) -> None:
    pool = WaitingPool()
    asyncio.run(memo(tmp_path, SlowSquares(0.01), pool).make(range(100, 100 + 2 * MOST_NOTED)))
    pool.close()
    assert 1 <= len(list(Folder(str(tmp_path / "ledger")).names())) <= 4


def test_a_disk_that_fills_up_after_the_notes_ends_the_run_and_loses_no_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise StorageError("the disk is full")

    monkeypatch.setattr(waiting, "write_part", full)
    monkeypatch.setattr(waiting, "LONGEST_NOTED", 0.02)
    pool = WaitingPool()
    one = memo(tmp_path, SlowSquares(), pool)

    async def run() -> None:
        await one.make([1, 2])
        await asyncio.sleep(0.2)
        await one.make([3])

    with pytest.raises(StorageError, match="the disk is full"):
        asyncio.run(run())
    with pytest.raises(StorageError, match="the disk is full"):
        pool.close()
    (journal,) = (tmp_path / "ledger").glob(".journal-*")
    assert journal.read_bytes().count(b"\n") == 2


def test_a_folder_that_cannot_be_written_ends_the_run_with_its_name(tmp_path: Path) -> None:
    one = memo(tmp_path, SlowSquares(), WaitingPool())
    (tmp_path / "ledger").write_text("in the way")
    with pytest.raises(StorageError, match="ledger"):
        asyncio.run(one.make([1, 2, 3]))


def test_connections_are_let_go(tmp_path: Path) -> None:
    stage, pool = SlowSquares(), WaitingPool()

    async def run() -> None:
        await memo(tmp_path, stage, pool).make([1])
        await pool.disconnect()

    asyncio.run(run())
    assert stage.closed == 1
