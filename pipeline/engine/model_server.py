"""A server with a model behind it, spoken to in OpenAI's protocol.

Only backends that talk HTTP import this module: it needs `openai[aiohttp]`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from openai import AsyncOpenAI

from pipeline.engine.errors import WarmlineError
from pipeline.engine.limit import Limit
from pipeline.engine.refusal import ItemRefusedError
from pipeline.engine.server_connection import Connection
from pipeline.engine.server_faults import BadAnswerError, Fault, Sort, fault_of
from pipeline.engine.server_settings import ServerSettings
from schemas.frozen import Seconds

__all__ = ["BadAnswerError", "ItemRefusedError", "ModelServer", "ServerSettings"]

Answer = TypeVar("Answer")

_FIRST_PATIENCE = 10.0
"""Seconds for a server that has never answered: it is not there, or it is not one."""

_FIRST_DELAY = 0.25
_LONGEST_DELAY = 20.0
_SAME_FAULT = 6
"""A request that breaks the server so often, while others are answered, is at fault itself."""

_ALL_REFUSED = 16


class ModelServer:
    """Asks one server, many requests at once; what passes by itself is waited out.

    `sent` counts requests, `repeated` those of them that were sent before. Use it within one event loop, and close it.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.limit = Limit(settings.requests)
        self.sent = 0
        self.repeated = 0
        self.answered = 0
        self._refused = 0
        self._first_sent = 0.0
        self._last_answer = 0.0
        self._key = settings.key()
        self._connection = Connection(settings, self._key)

    async def ask(self, call: Callable[[AsyncOpenAI], Awaitable[Answer]]) -> Answer:
        """The call's answer; the call may raise BadAnswerError to be made again.

        Raises ItemRefusedError if this request alone is refused, WarmlineError for what the user has to mend.
        """
        loop = asyncio.get_running_loop()
        tries, own, since, seen = 0, 0, 0.0, self.answered
        while True:
            async with self.limit.place(again=tries > 0) as departure:
                self.sent, self.repeated = self.sent + 1, self.repeated + (tries > 0)
                before, sent_at = self.answered, loop.time()
                self._first_sent = self._first_sent or sent_at
                try:
                    async with asyncio.timeout(self.settings.timeout):
                        answer = await call(self._connection.client)
                except Exception as error:
                    fault = fault_of(error, self._key)
                    if fault is None:
                        raise
                    self._slow_down(fault, departure, self.answered - before)
                    cause = error
                else:
                    self.answered, self._last_answer = self.answered + 1, loop.time()
                    self.limit.went_well()
                    return answer
            tries, since = tries + 1, since or sent_at
            own, seen = own + (fault.sort in {Sort.BROKEN, Sort.LATE} and self.answered > seen), before
            self._give_up(fault, own, since, loop.time() + fault.retry_after, cause)
            await asyncio.sleep(_delay(tries, fault.retry_after))

    async def post(self, path: str, body: bytes, read: Callable[[bytes], Answer]) -> Answer:
        """JSON to a path, and what `read` makes of the answer's body; otherwise as `ask`.

        It takes the client's connections and headers but not its models of request and answer, which cost more than
        all the rest: 0.3 ms of CPU a request instead of 0.7.
        """

        async def call(_: AsyncOpenAI) -> Answer:
            return read(await self._connection.post(path, body))

        return await self.ask(call)

    def _slow_down(self, fault: Fault, departure: int, overtaken_by: int) -> None:
        """Send less to a server that is overrun.

        A request without an answer in time says so only if few were answered meanwhile: else it hangs alone.
        """
        if fault.sort is Sort.TOO_MUCH or (fault.sort is Sort.LATE and overtaken_by < 2 * self.limit.now):
            self.limit.too_much(departure, min(fault.retry_after, self.settings.patience))
        elif fault.sort is Sort.UNREACHABLE and not overtaken_by:
            self.limit.hold(_FIRST_DELAY)

    def _give_up(self, fault: Fault, own: int, since: float, until: float, cause: Exception) -> None:
        """Raise if the request is not to be sent again at the time `until`: whose fault it is decides what."""
        where, settings = self.settings.base_url, self.settings
        match fault.sort:
            case Sort.KEY:
                raise WarmlineError(
                    f"{where} refuses the key ({fault.words}): mend the environment variable {settings.key_variable}"
                ) from cause
            case Sort.RUN:
                raise WarmlineError(
                    f"{where}, model {settings.model}: {fault.words}: mend base_url or model"
                ) from cause
            case Sort.ITEM:
                self._refused += 1
                if self._refused >= _ALL_REFUSED and not self.answered:
                    raise WarmlineError(
                        f"{where} refused the first {self._refused} requests, the last with {fault.words}"
                    ) from cause
                raise ItemRefusedError(fault.words) from cause
            case _:
                self._lose_patience(fault, own, since, until, cause)

    def _lose_patience(self, fault: Fault, own: int, since: float, until: float, cause: Exception) -> None:
        """Raise for an item that others overtake again and again, or for a server that answers nobody.

        A server that answers others but has too much to do for this one is waited for.
        """
        where, patience = self.settings.base_url, self.settings.patience
        if own >= _SAME_FAULT or (own and until - since > patience):
            raise ItemRefusedError(f"{own} times {fault.words}, while others were answered") from cause
        if self.answered or fault.sort is Sort.TOO_MUCH:
            silent = until - max(self._last_answer, since)
            if silent > patience:
                raise WarmlineError(f"{where} would answer nobody for {silent:.0f} s: {fault.words}") from cause
        elif until - self._first_sent > min(_FIRST_PATIENCE, patience):
            raise WarmlineError(
                f"no model server answers at {where}: start it, or mend base_url ({fault.words})"
            ) from cause

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connection.client.close()


def _delay(tries: int, retry_after: Seconds) -> Seconds:
    """What the server asks for, else doubling; with jitter: what failed together should not come back so."""
    wanted = retry_after or min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(tries - 1, 16))
    return wanted * random.uniform(1.0, 1.2)  # noqa: S311
