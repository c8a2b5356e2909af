"""A chat server that costs next to nothing: `python -m benchmarks.chat_server --answers 1s`.

It has 64 places: so many requests are served at once, further ones queue. How long the n-th request takes, and which
fault it meets, depends on n alone. It prints its port, and tells at /stats what it saw; the times are its own.
"""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from heapq import heapreplace
from math import exp, log

from aiohttp import web

PLACES = 64
ROWS = 1000
SEED = 7
MOST_EXCHANGES = 4

_MEDIAN, _P99, _Z99 = 0.2, 2.0, 2.3263
_BURST_EVERY, _BURST = 2.0, 0.4
_RETRY_AFTER = 1


def latencies(answers: str, count: int) -> list[float]:
    """Seconds that each request takes to be served."""
    if answers == "1s":
        return [1.0] * count
    if answers != "tail":
        return [0.2] * count
    draws = random.Random(SEED)  # noqa: S311
    return [_MEDIAN * exp(draws.gauss(0.0, 1.0) * log(_P99 / _MEDIAN) / _Z99) for _ in range(count)]


def ideal(answers: str, rows: int = ROWS) -> float:
    """Seconds from first to last of a client that costs nothing and takes the rows in order."""
    free = [0.0] * PLACES
    for latency in latencies(answers, rows):
        heapreplace(free, free[0] + latency)
    return max(free) if answers == "tail" else rows * latencies(answers, 1)[0] / PLACES


_TALK = (
    (
        "Well, that was the third time this week, and I keep asking myself if I should have said something sooner.",
        "Three times in one week would wear anybody down. What did you find yourself wanting to tell them?",
    ),
    (
        "Only that the drawer under the sink is mine, and the towels were folded before somebody went through it.",
        "So it is less about towels than about a place that was yours. Has nobody noticed how it looks afterwards?",
    ),
    (
        "My sister laughed when she saw it, which made it worse, because for her it is a story and I live here.",
        "She gets to go home with the funny part. You are left with the drawer, and the folding, and the quiet.",
    ),
    (
        "Maybe on Sunday, when the house is empty, I will write it down and leave the note where the soap is.",
        "A note by the soap sounds like you: plain, and hard to overlook. I hope it is read in a good hour.",
    ),
)


def dialogue(exchanges: int) -> str:
    """A reply of the usual length."""
    return json.dumps({"exchanges": [{"user": user, "assistant": reply} for user, reply in _TALK[:exchanges]]})


def _answer(text: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {
        "prompt_tokens": 1100,
        "completion_tokens": len(text) // 4,
        "total_tokens": 1100 + len(text) // 4,
        "prompt_tokens_details": {"cached_tokens": 1024},
    }
    whole = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return json.dumps(whole).encode()


ANSWERS = [_answer(dialogue(exchanges)) for exchanges in range(MOST_EXCHANGES + 1)]
CUT = _answer(dialogue(2)[:100])


@dataclass
class Stats:
    """What the server saw.

    `again` has, for each answer to a request that had been answered before, the time of the answer before.
    """

    requests: int = 0
    answered: int = 0
    again: list[float] = field(default_factory=list)
    briefs: int = 0
    first: float = 0.0
    last: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)


class Server:
    """See the module."""

    def __init__(self, answers: str) -> None:
        self.stats = Stats()
        self._latencies = latencies(answers, 4 * ROWS)
        self._places = asyncio.Semaphore(PLACES)
        self._answered: dict[bytes, float] = {}
        self._faulty = answers == "faults"
        self._luck = random.Random(SEED)  # noqa: S311

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        body = await request.read()
        number = self.stats.requests
        self.stats.requests += 1
        self.stats.first = self.stats.first or time.monotonic()
        if self._faulty and (fault := await self._fault()) is not None:
            return fault
        async with self._places:
            await asyncio.sleep(self._latencies[number % len(self._latencies)])
        if request.transport is None or request.transport.is_closing():
            return web.Response()
        self._count(body)
        exchanges = int(body[body.index(b'"minItems":') + 11 :].lstrip()[:1])
        return web.Response(body=ANSWERS[exchanges], content_type="application/json")

    def _count(self, body: bytes) -> None:
        digest = blake2b(body, digest_size=16).digest()
        now = time.monotonic()
        if digest in self._answered:
            self.stats.again.append(self._answered[digest])
        self._answered[digest] = self.stats.last = now
        self.stats.answered += 1
        self.stats.briefs = len(self._answered)

    async def _fault(self) -> web.StreamResponse | None:
        luck = self._luck.random()
        if (time.monotonic() - self.stats.first) % _BURST_EVERY > _BURST_EVERY - _BURST:
            return self._told("429", web.json_response({}, status=429, headers={"Retry-After": str(_RETRY_AFTER)}))
        if luck < 0.05:
            return self._told("500", web.json_response({"error": {"message": "broken"}}, status=500))
        if luck < 0.06:
            return self._told("bad JSON", web.Response(text="<html>", content_type="text/html"))
        if luck < 0.07:
            return self._told("cut JSON", web.Response(body=CUT, content_type="application/json"))
        if luck < 0.08:
            self._told("hang", web.Response())
            await asyncio.Event().wait()
        return None

    def _told(self, fault: str, response: web.Response) -> web.Response:
        self.stats.faults[fault] = self.stats.faults.get(fault, 0) + 1
        return response

    async def tell(self, _: web.Request) -> web.StreamResponse:
        """GET /stats."""
        return web.json_response(asdict(self.stats))


async def serve(answers: str) -> None:
    """Until the process is ended."""
    server = Server(answers)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.complete)
    app.router.add_get("/stats", server.tell)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", default="200ms", choices=["1s", "200ms", "tail", "faults"])
    asyncio.run(serve(parser.parse_args(arguments).answers))


if __name__ == "__main__":
    main()
