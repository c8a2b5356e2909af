import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.limit import Limit


class Crowd:
    """Requests that take a place when they get one, and leave when told."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.inside: dict[int, int] = {}
        self.order: list[int] = []
        self._told: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def come(self, number: int, *, again: bool = False) -> None:
        self._told[number] = asyncio.Event()
        self.tasks[number] = asyncio.create_task(self._stay(number, again=again))
        await settle()

    async def _stay(self, number: int, *, again: bool) -> None:
        async with self.limit.place(again=again) as departure:
            assert self.limit.in_flight <= self.limit.most
            self.inside[number] = departure
            self.order.append(number)
            try:
                await self._told[number].wait()
            finally:
                del self.inside[number]

    async def go(self, number: int) -> None:
        self._told[number].set()
        await settle()

    async def end(self) -> None:
        for event in self._told.values():
            event.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def crowded(most: int, scenario: Callable[[Limit, Crowd], Awaitable[None]]) -> Limit:
    limit = Limit(most, ramp=0.0)

    async def run() -> None:
        crowd = Crowd(limit)
        try:
            await scenario(limit, crowd)
        finally:
            await crowd.end()

    asyncio.run(run())
    assert limit.in_flight == 0
    return limit


def test_who_comes_first_is_served_first() -> None:
    async def scenario(_: Limit, crowd: Crowd) -> None:
        for number in range(5):
            await crowd.come(number)
        assert list(crowd.inside) == [0, 1]
        for number in range(3):
            await crowd.go(number)
        assert crowd.order == [0, 1, 2, 3, 4]

    crowded(2, scenario)


def test_a_request_sent_before_goes_ahead_of_those_that_were_not() -> None:
    async def scenario(_: Limit, crowd: Crowd) -> None:
        for number in range(3):
            await crowd.come(number)
        await crowd.come(9, again=True)
        await crowd.go(0)
        assert list(crowd.inside) == [9]

    crowded(1, scenario)


def test_requests_in_flight_together_halve_the_places_once() -> None:
    async def scenario(limit: Limit, crowd: Crowd) -> None:
        for number in range(16):
            await crowd.come(number)
        for departure in list(crowd.inside.values()):
            limit.too_much(departure)
        assert limit.now == 8
        for number in range(16):
            await crowd.go(number)
        await crowd.come(99)
        limit.too_much(crowd.inside[99])
        assert limit.now == 4

    crowded(16, scenario)


def test_fewer_places_hold_for_those_who_come_later() -> None:
    async def scenario(limit: Limit, crowd: Crowd) -> None:
        for number in range(8):
            await crowd.come(number)
        limit.too_much(crowd.inside[0])
        assert limit.now == 2
        for number in range(2):
            await crowd.go(number)
        assert set(crowd.inside) == {2, 3}  # four were inside when two were too many
        await crowd.go(2)
        assert set(crowd.inside) == {3, 4}

    crowded(4, scenario)


def test_a_full_window_of_answers_adds_a_place_and_never_above_the_most() -> None:
    async def scenario(limit: Limit, crowd: Crowd) -> None:
        await crowd.come(0)
        limit.too_much(crowd.inside[0])
        assert limit.now == 2
        limit.went_well()
        assert limit.now == 2
        limit.went_well()
        assert limit.now == 3
        for _ in range(100):
            limit.went_well()
        assert limit.now == 4

    crowded(4, scenario)


def test_the_way_back_up_is_as_many_windows_for_many_places_as_for_few() -> None:
    async def scenario(limit: Limit, crowd: Crowd) -> None:
        await crowd.come(0)
        limit.too_much(crowd.inside[0])
        assert limit.now == 256
        windows = 0
        while limit.now < 512:
            windows += 1
            for _ in range(limit.now):
                limit.went_well()
        assert windows == 8

    crowded(512, scenario)


def test_a_place_added_lets_the_next_in() -> None:
    async def scenario(limit: Limit, crowd: Crowd) -> None:
        await crowd.come(0)
        limit.too_much(crowd.inside[0])
        await crowd.come(1)
        assert set(crowd.inside) == {0}
        limit.went_well()
        await settle()
        assert set(crowd.inside) == {0, 1}

    crowded(2, scenario)


def test_a_place_is_always_left() -> None:
    async def scenario(limit: Limit, crowd: Crowd) -> None:
        for number in range(10):
            await crowd.come(number)
            limit.too_much(crowd.inside[number])
            await crowd.go(number)
        assert limit.now == 1

    crowded(4, scenario)


def test_nobody_leaves_before_the_hold_is_over_and_the_longest_hold_counts() -> None:
    async def scenario(limit: Limit, crowd: Crowd) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        limit.hold(0.2)
        limit.hold(0.05)
        await crowd.come(0)
        assert not crowd.inside
        while not crowd.inside:
            await asyncio.sleep(0.01)
        assert loop.time() - started >= 0.2

    crowded(4, scenario)


def test_the_first_requests_leave_one_after_the_other_and_later_ones_at_once() -> None:
    async def scenario() -> None:
        limit = Limit(4, ramp=0.012)
        loop = asyncio.get_running_loop()
        departures: list[float] = []

        async def request() -> None:
            async with limit.place():
                departures.append(loop.time())

        await asyncio.gather(*(request() for _ in range(4)))
        assert all(later - earlier >= 0.003 for earlier, later in pairwise(departures))
        await asyncio.sleep(0.004)
        crowd = Crowd(limit)
        for number in range(4):
            await crowd.come(number)
        assert len(crowd.inside) == 4
        await crowd.end()

    asyncio.run(scenario())


def test_who_gives_up_waiting_takes_no_place_with_him() -> None:
    async def scenario(_: Limit, crowd: Crowd) -> None:
        for number in range(3):
            await crowd.come(number)
        crowd.tasks[1].cancel()
        await settle()
        await crowd.go(0)
        assert set(crowd.inside) == {2}

    crowded(1, scenario)


def test_who_is_cancelled_while_being_let_in_passes_the_place_on() -> None:
    async def scenario(_: Limit, crowd: Crowd) -> None:
        for number in range(3):
            await crowd.come(number)
        crowd._told[0].set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # 0 has left and 1 has been given the place, but has not run yet
        crowd.tasks[1].cancel()
        await settle()
        assert set(crowd.inside) == {2}

    crowded(1, scenario)


MOVES = st.lists(st.tuples(st.sampled_from(["come", "again", "go", "cancel", "well", "much"]), st.integers(0, 30)))


@given(st.integers(1, 8), MOVES)
def test_whatever_happens_nobody_waits_while_a_place_is_free(most: int, moves: list[tuple[str, int]]) -> None:
    async def scenario(limit: Limit, crowd: Crowd) -> None:
        for move, number in moves:
            match move:
                case "come" | "again" if number not in crowd.tasks:
                    await crowd.come(number, again=move == "again")
                case "go" if number in crowd.inside:
                    await crowd.go(number)
                case "cancel" if number in crowd.tasks:
                    crowd.tasks[number].cancel()
                    await settle()
                case "well":
                    limit.went_well()
                    await settle()
                case "much" if number in crowd.inside:
                    limit.too_much(crowd.inside[number])
            waiting = sum(not task.done() for task in crowd.tasks.values()) - len(crowd.inside)
            assert limit.in_flight == len(crowd.inside)
            assert 1 <= limit.now <= most
            assert waiting == 0 or limit.in_flight >= limit.now

    crowded(most, scenario)
