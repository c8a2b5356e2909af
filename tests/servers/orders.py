"""How a server is told to misbehave, and what it answers then."""

import asyncio
import time
from collections.abc import Sequence
from typing import Literal

from aiohttp import web

from schemas.frozen import Frozen

Fault = Literal[
    "status",  # this HTTP status, with Retry-After if given
    "hang",  # no answer, ever
    "html",  # 200, and a web page
    "empty",  # 200, and nothing
    "error_in_json",  # 200, and the error as JSON, as early vLLM-Omni does
    "half",  # the connection breaks off in the middle of the body
    "half_as_much",  # half the sound, in a header that promises all of it
    "wrong_rate",  # 16 kHz where the engine's is 22.05
    "wrong_container",  # FLAC where WAV was asked for, and the other way round
    "no_samples",  # a header with no sound behind it
    "streamed",  # a WAV whose sizes are those of a stream: 0xFFFFFFFF
    "streamed_zero",  # the same with sizes of 0
    "stereo",  # two channels of the same
    "other_stereo",  # two channels, one of them silent
    "cut_off",  # all is well but for the header, or the finish reason, that says that it is not
    "same",  # one and the same clip for every text
    "no_text",  # a transcription without the text
]


class Order(Frozen):
    """One fault, and the requests it befalls.

    Of those whose text holds `containing`, the first `first` are spared, then every `every`-th is hit, `times` times at
    the most. With `lasting` it hits whatever comes within so many seconds of the first hit instead: a storm. A
    `status` comes with these `words`.
    """

    fault: Fault
    first: int = 0
    every: int = 1
    times: int | None = None
    lasting: float | None = None
    containing: str = ""
    status: int = 500
    words: str = ""
    retry_after: float | None = None


class Orders:
    """The orders in force, and how often each has been met."""

    def __init__(self) -> None:
        self._orders: Sequence[Order] = ()
        self._met: list[int] = []
        self._hit: list[int] = []
        self._since: list[float] = []

    def give(self, orders: Sequence[Order]) -> None:
        """Put these in the place of all that came before."""
        self._orders = orders
        self._met, self._hit, self._since = [0] * len(orders), [0] * len(orders), [0.0] * len(orders)

    def for_request(self, text: str) -> Order | None:
        """What befalls this request, if anything."""
        for number, order in enumerate(self._orders):
            if order.containing in text and self._strikes(number, order):
                return order
        return None

    def _strikes(self, number: int, order: Order) -> bool:
        met, self._met[number] = self._met[number], self._met[number] + 1
        if self._hit[number] and order.lasting is not None:
            return time.monotonic() < self._since[number] + order.lasting
        if met < order.first or (met - order.first) % order.every:
            return False
        if order.times is not None and self._hit[number] >= order.times:
            return False
        self._hit[number] += 1
        self._since[number] = time.monotonic()
        return True


def error(status: int, message: str) -> web.Response:
    """An error as vLLM words it."""
    kind = {401: "Unauthorized", 404: "NotFoundError", 429: "RateLimitError"}.get(status, "BadRequestError")
    body = {"error": {"message": message, "type": kind, "param": None, "code": status}}
    return web.json_response(body, status=status)


async def instead(request: web.Request, order: Order) -> web.StreamResponse | None:
    """What is answered instead of the work; None if the work is done, and its result spoilt."""
    match order.fault:
        case "status":
            answer = error(order.status, order.words or f"status {order.status} by order")
            if order.retry_after is not None:
                answer.headers["Retry-After"] = f"{order.retry_after:g}"
            return answer
        case "hang":
            await asyncio.Event().wait()
        case "html":
            return web.Response(text="<html><body><h1>502 Bad Gateway</h1></body></html>", content_type="text/html")
        case "empty":
            return web.Response(body=b"", content_type="audio/wav")
        case "error_in_json":
            return web.json_response({"error": {"message": "TTS model did not produce audio output.", "code": 400}})
        case "half":
            answer_begun = web.StreamResponse(headers={"Content-Type": "audio/wav", "Content-Length": "100000"})
            await answer_begun.prepare(request)
            await answer_begun.write(b"RIFF" + bytes(996))
            if request.transport is not None:
                request.transport.close()
            return answer_begun
    return None
