"""The connections to one model server: the `openai` client on aiohttp, and a leaner way for plain JSON."""

from collections.abc import AsyncIterator

import httpx2
from openai import APIStatusError, AsyncOpenAI, DefaultAioHttpClient

from pipeline.engine.server_faults import BadAnswerError
from pipeline.engine.server_settings import ServerSettings

_KEEP_ALIVE = 4.0
"""Shorter than the 5 s of uvicorn, which vLLM runs on: no request goes out on a connection about to be closed."""

_LONGEST_ANSWER = 128 * 2**20
"""Bytes. Minutes of speech are a tenth of it."""


class Connection:
    """`client` is for any call of OpenAI's protocol; it neither tries again nor times out by itself."""

    def __init__(self, settings: ServerSettings, key: str) -> None:
        self._base = settings.base_url
        self._http = DefaultAioHttpClient(
            limits=httpx2.Limits(
                max_connections=settings.requests,
                max_keepalive_connections=settings.requests,
                keepalive_expiry=_KEEP_ALIVE,
            ),
            timeout=None,
            trust_env=not settings.is_loopback,  # a proxy does not reach this machine's loopback
            event_hooks={"response": [_bound]},
        )
        self.client = AsyncOpenAI(
            api_key=key or "none", base_url=settings.base_url, max_retries=0, timeout=None, http_client=self._http
        )
        self._headers = _headers(self.client)

    async def post(self, path: str, body: bytes) -> bytes:
        """JSON to a path below the base URL; the answer's body. Raises APIStatusError as the client does."""
        response = await self._http.post(httpx2.URL(self._base + path), content=body, headers=self._headers)
        if response.is_success:
            return response.content
        raise _status_error(response)


def _headers(client: AsyncOpenAI) -> dict[str, str]:
    """What the client would send, less what it tells about itself and this machine."""
    told = {**client.default_headers, **client.auth_headers}
    said = {name: value for name, value in told.items() if isinstance(value, str)}
    return {name: value for name, value in said.items() if not name.lower().startswith("x-stainless")}


def _status_error(response: httpx2.Response) -> APIStatusError:
    """As the client raises it."""
    try:
        body = response.json()
    except ValueError:
        body = response.text
    told = body["error"] if isinstance(body, dict) and "error" in body else body
    return APIStatusError(f"HTTP {response.status_code}", response=response, body=told)


async def _bound(response: httpx2.Response) -> None:
    """Break off an answer that would fill the memory."""
    length = response.headers.get("content-length", "")
    if not length.isdecimal():
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)  # noqa: S101 -- the client is an asynchronous one
        response.stream = _Bounded(stream)
    elif int(length) > _LONGEST_ANSWER:
        await response.aclose()
        raise BadAnswerError(f"{int(length) / 1e6:.0f} MB")


class _Bounded(httpx2.AsyncByteStream):
    """A body whose length was not announced."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for chunk in self._stream:
            length += len(chunk)
            if length > _LONGEST_ANSWER:
                raise BadAnswerError(f"more than {_LONGEST_ANSWER / 1e6:.0f} MB")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
