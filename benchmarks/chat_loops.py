"""Bare loops beside which the writer is measured: `python -m benchmarks.chat_loops httpx|aiohttp|raw URL`.

Each sends the requests that the writer sends, 64 at once and in order, and does nothing with the answers. It prints the
CPU seconds that it took, start-up left out.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultAsyncHttpxClient

from benchmarks.chat_server import PLACES, ROWS, SEED
from pipeline.config.pack import load_pack
from pipeline.engine.chat import Ask, Reply
from pipeline.engine.chat_completion import request_body
from pipeline.plan.briefs import Planner
from pipeline.write.composing import Composer
from pipeline.write.writer import Commissions
from schemas.run import Shares

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam
    from openai.types.shared_params import ResponseFormatJSONSchema
    from pydantic import JsonValue

PACK = Path(__file__).parent.parent / "prompts" / "empathy"


def asks() -> list[Ask]:
    """The first request of each brief of the shipped pack's plan."""
    pack = load_pack(PACK).pack
    composer, asked = Composer.of(pack, tries=1), list[Ask]()
    commissions = Commissions(pack)

    async def note(ask: Ask) -> Reply:
        asked.append(ask)
        return Reply("")

    async def compose() -> None:
        for brief in Planner(pack, SEED, Shares()).briefs(0, ROWS):
            await composer.compose(commissions.of(brief), note)

    asyncio.run(compose())
    return asked


def schema(ask: Ask) -> "ResponseFormatJSONSchema":
    """As the client's types want it."""
    return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": dict(ask.schema)}}


async def through_openai(url: str, asked: Sequence[Ask], *, on_aiohttp: bool) -> None:
    """The client as its documentation shows it."""
    http = DefaultAioHttpClient() if on_aiohttp else DefaultAsyncHttpxClient()
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=http) as client:

        async def one(ask: Ask) -> None:
            messages: list[ChatCompletionMessageParam] = [
                {"role": "system", "content": ask.messages[0].content},
                {"role": "user", "content": ask.messages[1].content},
            ]
            await client.chat.completions.create(
                model="m",
                messages=messages,
                response_format=schema(ask),
                seed=ask.seed,
                temperature=ask.temperature,
                top_p=ask.top_p,
                max_tokens=ask.max_tokens,
            )

        await in_order(asked, one)


async def through_raw_aiohttp(url: str, asked: Sequence[Ask]) -> None:
    """No client library at all."""
    extra: dict[str, JsonValue] = {}
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:

        async def one(ask: Ask) -> None:
            body = request_body(ask, "m", extra)
            async with session.post(f"{url}/chat/completions", data=body, headers=headers) as response:
                json.loads(await response.read())

        await in_order(asked, one)


async def in_order(asked: Sequence[Ask], one: Callable[[Ask], Awaitable[None]]) -> None:
    """As many at once as the server has places."""
    rows = iter(asked)

    async def work() -> None:
        for ask in rows:
            await one(ask)

    await asyncio.gather(*(work() for _ in range(PLACES)))


def main(arguments: Sequence[str]) -> None:
    """Run one loop."""
    kind, url = arguments
    asked = asks()
    started = time.process_time()
    if kind == "raw":
        asyncio.run(through_raw_aiohttp(url, asked))
    else:
        asyncio.run(through_openai(url, asked, on_aiohttp=kind == "aiohttp"))
    print(time.process_time() - started)


if __name__ == "__main__":
    main(sys.argv[1:])
