"""The Hub's protocol for reading datasets, on loopback, in a thread of its own.

Faults can be put in its way: an HTTP status, or a connection that drops in the middle of the answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from aiohttp import web

from tests.hub.datasets import MAIN, Dataset, entries, etag

DROPPED = 0
"""A fault: the connection breaks after half of the answer."""


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass(frozen=True)
class Fault:
    """The next request whose path holds `where`, and whose method is this one, fails so."""

    where: str
    status: int
    method: str = "GET"


@dataclass
class Hub:
    """The server's state; tests change it and look at it while it runs."""

    datasets: dict[str, Dataset] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def dataset(self, name: str, *, gated: bool = False, private: bool = False) -> Dataset:
        """A new dataset, OWNER/NAME."""
        self.datasets[name] = Dataset(gated=gated, private=private)
        return self.datasets[name]

    def application(self) -> web.Application:
        """What is served."""
        application = web.Application(middlewares=[self._note])
        repo = "/api/datasets/{owner}/{name}"
        application.add_routes(
            [
                web.get(repo, self._info),
                web.get(f"{repo}/revision/{{revision}}", self._info),
                web.get(f"{repo}/tree/{{revision}}", self._tree),
                web.get(f"{repo}/tree/{{revision}}/{{path:.*}}", self._tree),
                web.get("/datasets/{owner}/{name}/resolve/{revision}/{path:.*}", self._file),
            ]
        )
        return application

    @web.middleware
    async def _note(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        token = request.headers.get("Authorization")
        self.asked.append(Asked(request.method, request.path, request.headers.get("Range"), token))
        for fault in self.faults:
            if fault.where in request.path and fault.method == request.method:
                self.faults.remove(fault)
                if fault.status == DROPPED:
                    return await _half(request, await handler(request))
                return web.Response(status=fault.status, text="out of order")
        return await handler(request)

    async def _info(self, request: web.Request) -> web.Response:
        dataset, commit = self._found(request)
        files = [{"rfilename": path} for path in dataset.commits[commit]]
        name = "{owner}/{name}".format(**request.match_info)
        return web.json_response({"id": name, "sha": commit, "siblings": files, "gated": dataset.gated})

    async def _tree(self, request: web.Request) -> web.Response:
        dataset, commit = self._found(request)
        found = entries(dataset.commits[commit], request.match_info.get("path", ""))
        return web.json_response(found) if found else _missing("EntryNotFound")

    async def _file(self, request: web.Request) -> web.Response:
        dataset, commit = self._found(request)
        if dataset.gated and not self._is_known(request):
            return _missing("GatedRepo", 401)
        files, path = dataset.commits[commit], request.match_info["path"]
        if path not in files:
            return _missing("EntryNotFound")
        content = files[path]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{etag(content)}"', "Accept-Ranges": "bytes"}
        part = request.http_range
        if part.start is None:
            return web.Response(body=content, headers=headers)
        start, stop, _ = part.indices(len(content))
        if start >= stop:
            return web.Response(status=416, headers=headers)
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        return web.Response(status=206, body=content[start:stop], headers=headers)

    def _found(self, request: web.Request) -> tuple[Dataset, str]:
        """The dataset and the commit that are asked for. Raises what the Hub answers if there is none."""
        dataset = self.datasets.get("{owner}/{name}".format(**request.match_info))
        if dataset is None or (dataset.private and not self._is_known(request)):
            raise web.HTTPUnauthorized(headers={"X-Error-Code": "RepoNotFound"})
        commit = dataset.at(request.match_info.get("revision", MAIN))
        if commit is None:
            raise web.HTTPNotFound(headers={"X-Error-Code": "RevisionNotFound"})
        return dataset, commit

    def _is_known(self, request: web.Request) -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens


def _missing(code: str, status: int = 404) -> web.Response:
    return web.Response(status=status, headers={"X-Error-Code": code})


async def _half(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    content = bytes(whole.body) if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b""
    headers = {key: value for key, value in whole.headers.items() if key != "Content-Type"}
    broken = web.StreamResponse(status=whole.status, headers=headers)
    broken.content_length = len(content)
    await broken.prepare(request)
    await broken.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.close()
    return broken


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A Hub with nothing in it, until the block ends."""
    hub, ready, loop = Hub(), Event(), asyncio.new_event_loop()

    async def serve() -> None:
        runner = web.AppRunner(hub.application(), shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        hub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        try:
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    task = loop.create_task(serve())
    thread = Thread(target=lambda: loop.run_until_complete(asyncio.gather(task, return_exceptions=True)), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield hub
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        loop.close()
