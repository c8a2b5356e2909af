"""How many requests may be in flight at one server: as many as it bears."""

import asyncio
from collections import deque
from types import TracebackType

from schemas.frozen import Seconds

_FEWEST = 1
_STEPS = 16
"""Windows of answers from the fewest places to the most."""

_SPACING = 0.003
_RAMP = 0.1
"""Seconds between the first requests, and from the first to the last place filled.

Requests that leave together are answered together, and a wave of answers keeps places idle while it is worked through.
"""


class Limit:
    """Places for requests, first come first served; their number follows the server.

    Starts at `most`. A full window of answers adds a sixteenth of that; a server that has too much to do halves the
    places, once for all requests that were in flight together. The scheme is TCP's (additive increase, multiplicative
    decrease, RFC 5681), with a step that suits hundreds of places as well as few. At the start, and after the server
    had too much, requests leave one after the other.

        async with limit.place() as departure:
            ...
            limit.went_well()                            # or limit.too_much(departure, retry_after)
    """

    def __init__(self, most: int, ramp: Seconds = _RAMP) -> None:
        self.most = most
        self.now = most
        self._spacing = min(_SPACING, ramp / most)
        self._spaced = most
        self.in_flight = 0
        self._departed = 0
        self._halved_at = 0
        self._well = 0
        self._held_until = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._again: deque[asyncio.Future[None]] = deque()
        self._queue: deque[asyncio.Future[None]] = deque()

    def place(self, *, again: bool = False) -> "_Place":
        """A place for one request, as an async context whose value is the request's departure number.

        `again` is for a request that was sent before: it goes ahead of those that were not, so that nobody starves.
        """
        return _Place(self, again=again)

    def went_well(self) -> None:
        """A request was answered."""
        self._well += 1
        if self._well >= self.now:
            self._well = 0
            if self.now < self.most:
                self.now = min(self.most, self.now + max(1, self.most // _STEPS))
                self._fill()

    def too_much(self, departure: int, retry_after: Seconds = 0.0) -> None:
        """The server has too much to do, and wants to be left alone for `retry_after`."""
        if departure > self._halved_at:
            self._halved_at = self._departed
            self._well = 0
            self.now = self._spaced = max(_FEWEST, self.now // 2)
        self.hold(retry_after)

    def hold(self, seconds: Seconds) -> None:
        """No request leaves for this long; a longer hold that is under way stays."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if seconds > 0 and until > self._held_until:
            self._held_until = until
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = loop.call_at(until, self._end_hold)

    def _end_hold(self) -> None:
        self._alarm = None
        self._fill()

    async def _enter(self, *, again: bool) -> int:
        if self._alarm is None and self.in_flight < self.now and not self._again and not self._queue:
            self._let_in()
        else:
            await self._wait(self._again if again else self._queue)
        self._departed += 1
        return self._departed

    async def _wait(self, queue: deque[asyncio.Future[None]]) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._fill()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place was given in the same moment: pass it on
                self._leave()
            raise

    def _leave(self) -> None:
        self.in_flight -= 1
        self._fill()

    def _fill(self) -> None:
        """Give free places to those who wait."""
        while self._alarm is None and self.in_flight < self.now and (self._again or self._queue):
            turn = (self._again or self._queue).popleft()
            if not turn.done():
                self._let_in()
                turn.set_result(None)

    def _let_in(self) -> None:
        self.in_flight += 1
        if self._spaced:
            self._spaced -= 1
            self.hold(self._spacing)


class _Place:
    """See Limit.place."""

    def __init__(self, limit: Limit, *, again: bool) -> None:
        self._limit = limit
        self._is_again = again

    async def __aenter__(self) -> int:
        return await self._limit._enter(again=self._is_again)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limit._leave()
