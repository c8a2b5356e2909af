"""Lines that come within a few milliseconds of each other, in one request."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pipeline.engine.failure import Failure
from pipeline.engine.model_server import ItemRefusedError
from pipeline.speak.openai_speech_audio import Sound
from pipeline.speak.openai_speech_request import Body
from schemas.frozen import Seconds

_LINGER: Seconds = 0.005

Send = Callable[[Sequence[Body]], Awaitable[Sequence[Sound | Failure]]]
"""Sends a batch and answers for each of its items, in order."""

_Waiting = tuple[Body, asyncio.Future[Sound | Failure]]


class Batches:
    """Gathers items until there are `size`, or none has come for some milliseconds since the first."""

    def __init__(self, send: Send, size: int) -> None:
        self._send, self._size = send, size
        self._waiting: list[_Waiting] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def one(self, item: Body) -> Sound | Failure:
        """The answer to one item. Raises what the request that it was part of raised."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sound | Failure] = loop.create_future()
        self._waiting.append((item, answer))
        if len(self._waiting) >= self._size:
            self._leave()
        elif self._alarm is None:
            self._alarm = loop.call_later(_LINGER, self._leave)
        return await answer

    async def close(self) -> None:
        """Break off what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _leave(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        leaving, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._ask(leaving))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _ask(self, batch: Sequence[_Waiting]) -> None:
        """Send the batch. One that is refused as a whole goes again item by item: only the bad ones fail then."""
        wanted = [(item, answer) for item, answer in batch if not answer.done()]
        try:
            answers = await self._send([item for item, _ in wanted])
        except ItemRefusedError as error:
            if len(wanted) > 1:
                await asyncio.gather(*(self._ask([one]) for one in wanted))
            else:
                _tell(wanted, error)
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            _tell(wanted, error)
            if not isinstance(error, Exception):
                raise
        else:
            for (_, answer), came in zip(wanted, answers, strict=True):
                if not answer.done():
                    answer.set_result(came)


def _tell(waiting: Sequence[_Waiting], error: BaseException) -> None:
    for _, answer in waiting:
        if not answer.done():
            answer.set_exception(error) if isinstance(error, Exception) else answer.cancel()
