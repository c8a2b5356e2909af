"""A real HTTP server on loopback that answers each request as the test's script says."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Asked:
    """A request as it came in, and when."""

    body: dict[str, object]
    headers: dict[str, str]
    path: str
    at: float = field(default_factory=time.monotonic)


@dataclass
class Serving:
    """A server at work: the n-th request meets the n-th behaviour of the script, all later ones the last."""

    script: Sequence[Behaviour]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    at_once: int = 0
    most_at_once: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = Asked(json.loads(body) if body else {}, _lower(request), request.path)
        behaviour = self.script[min(len(self.asked), len(self.script) - 1)]
        self.asked.append(asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await behaviour(request)
        finally:
            self.at_once -= 1


def _lower(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


@asynccontextmanager
async def serving(*script: Behaviour) -> AsyncIterator[Serving]:
    """Start the server in this event loop, and end it with the block."""
    server = Serving(script)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        _, port = runner.addresses[0][:2]
        server.url = f"http://127.0.0.1:{port}/v1"
        yield server
    finally:
        await runner.cleanup()


def says(content: object, after: float = 0.0) -> Behaviour:
    """200, and this as JSON."""

    async def behave(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(after)
        return web.json_response(content)

    return behave


def completes(text: str | None, finish_reason: str | None = "stop", after: float = 0.0, **message: object) -> Behaviour:
    """A chat completion with this text."""
    return says(
        {
            "choices": [{"message": {"role": "assistant", "content": text, **message}, "finish_reason": finish_reason}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}},
        },
        after,
    )


def fails(status: int, words: str = "something is wrong", code: str | None = None, **headers: str) -> Behaviour:
    """An error as OpenAI's servers tell it."""

    async def behave(_: web.Request) -> web.StreamResponse:
        error = {"message": words, "type": "error", "code": code}
        headers_sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response({"error": error}, status=status, headers=headers_sent)

    return behave


def fails_until_a_date(status: int, seconds: float) -> Behaviour:
    """An error whose Retry-After is a date, which has whole seconds."""

    async def behave(request: web.Request) -> web.StreamResponse:
        return await fails(status, Retry_After=formatdate(time.time() + seconds, usegmt=True))(request)

    return behave


async def hangs(_: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets the event")


async def shows_a_web_page(_: web.Request) -> web.StreamResponse:
    """200, and HTML: some proxy's page."""
    return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")


async def drops_the_connection(request: web.Request) -> web.StreamResponse:
    """Breaks off in the middle of the body."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"choices": [')
    assert request.transport is not None
    request.transport.abort()
    return response


async def hangs_up(request: web.Request) -> web.StreamResponse:
    """Closes the connection without a word."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def speaks_no_http(request: web.Request) -> web.StreamResponse:
    """Some other service behind the port."""
    assert isinstance(request.transport, asyncio.WriteTransport)
    request.transport.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    request.transport.close()
    return web.Response()


def announces(length: int) -> Behaviour:
    """A body said to be so long."""

    async def behave(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(length)})
        await response.prepare(request)
        await response.write(b"{")
        await asyncio.sleep(5)
        return response

    return behave


async def never_ends(request: web.Request) -> web.StreamResponse:
    """A body that goes on and on, without an announced length."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" " * 2**20)


def by_turns(*behaviours: Behaviour) -> Sequence[Behaviour]:
    """A script long enough for any test."""
    return behaviours * 200
