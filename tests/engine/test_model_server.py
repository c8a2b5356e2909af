import asyncio
import gc
import socket
import warnings
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx2
import pytest
from aiohttp import web
from openai import AsyncOpenAI
from pydantic import TypeAdapter, ValidationError

from pipeline.engine import model_server
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.model_server import BadAnswerError, ItemRefusedError, ModelServer, ServerSettings
from tests.engine.misbehaving_server import (
    Behaviour,
    Serving,
    announces,
    by_turns,
    drops_the_connection,
    fails,
    fails_until_a_date,
    hangs,
    hangs_up,
    never_ends,
    says,
    serving,
    shows_a_web_page,
    speaks_no_http,
)

KEY = "sk-very-secret-0123456789"
T = TypeVar("T")
fine = says({"it": "is fine"})

_JSON = TypeAdapter(dict[str, object])


def read(content: bytes) -> dict[str, object]:
    """What a backend makes of an answer: an object, or BadAnswerError."""
    try:
        return _JSON.validate_json(content)
    except ValidationError as error:
        raise BadAnswerError(content[:40].decode()) from error


async def call(client: AsyncOpenAI) -> dict[str, object]:
    """What a backend asks."""
    return read((await client.post("/things", cast_to=httpx2.Response, body={"a": 1})).content)


def settings(url: str, requests: int = 8, timeout: float = 5.0, patience: float = 5.0) -> ServerSettings:
    return ServerSettings(base_url=url, model="m", requests=requests, timeout=timeout, patience=patience)


def against(
    *script: Behaviour,
    do: Callable[[ModelServer, Serving], Awaitable[T]],
    requests: int = 8,
    timeout: float = 5.0,
    patience: float = 5.0,
) -> T:
    """Do something with a client of a server that follows the script."""

    async def run() -> T:
        async with serving(*script) as server:
            client = ModelServer(settings(server.url, requests, timeout, patience))
            try:
                return await do(client, server)
            finally:
                await client.close()

    return asyncio.run(run())


async def once(client: ModelServer, _: Serving) -> dict[str, object]:
    return await client.ask(call)


async def told(client: ModelServer, _: Serving) -> str:
    """The text of the error that the user sees."""
    with pytest.raises(WarmlineError) as raised:
        await client.ask(call)
    return str(raised.value)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(model_server, "_FIRST_DELAY", 0.02)  # so that no test waits long


def test_a_call_is_answered_with_the_key_and_without_the_clients_own_retries() -> None:
    async def ask(client: ModelServer, server: Serving) -> None:
        assert await client.ask(call) == {"it": "is fine"}
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.asked[0].path == "/v1/things"
        assert (client.sent, client.repeated, client.answered) == (1, 0, 1)

    against(fine, do=ask)


@pytest.mark.parametrize(
    "fault",
    [
        fails(500),
        fails(502),
        fails(409),
        fails(429),
        fails(429, Retry_After="0.05"),
        fails(503, Retry_After="soon"),
        fails(408),
        shows_a_web_page,
        drops_the_connection,
        hangs_up,
        speaks_no_http,
        announces(10**9),
        never_ends,
    ],
)
def test_what_passes_by_itself_is_waited_out(fault: Behaviour) -> None:
    async def ask(client: ModelServer, server: Serving) -> None:
        assert await client.ask(call) == {"it": "is fine"}
        assert len(server.asked) == client.sent == 2
        assert client.repeated == 1

    against(fault, fine, do=ask)


def test_what_passes_by_itself_is_waited_out_by_the_leaner_way_too() -> None:
    faults = [fails(500), fails(429, Retry_After="0.02"), shows_a_web_page, drops_the_connection, speaks_no_http]

    async def ask(client: ModelServer, server: Serving) -> None:
        assert await client.post("/things", b'{"a": 1}', read) == {"it": "is fine"}
        assert len(server.asked) == client.sent == len(faults) + 1
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.asked[0].body == server.asked[-1].body == {"a": 1}

    against(*faults, fine, do=ask)


def test_an_answer_that_does_not_come_is_asked_for_again() -> None:
    assert against(fine, hangs, fine, do=twice, timeout=0.3) == {"it": "is fine"}


async def twice(client: ModelServer, _: Serving) -> dict[str, object]:
    await client.ask(call)
    return await client.ask(call)


def test_a_server_that_hangs_from_the_beginning_is_named_with_what_to_do() -> None:
    words = against(hangs, do=told, timeout=0.1, patience=0.2)
    assert "no model server answers at http://127.0.0.1" in words
    assert "start it" in words
    assert "no answer in time" in words


@pytest.mark.parametrize("fault", [shows_a_web_page, drops_the_connection, fails(500, "the engine is dead")])
def test_a_server_that_never_gives_a_good_answer_is_named_with_the_fault(fault: Behaviour) -> None:
    words = against(fault, do=told, patience=0.2)
    assert "mend base_url" in words
    assert any(sign in words for sign in ("<html>", "the engine is dead", "payload"))


def test_where_no_server_listens_the_error_says_to_start_it() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"

    async def ask() -> None:
        client = ModelServer(settings(url, patience=0.2))
        with pytest.raises(WarmlineError, match=f"no model server answers at {url}: start it") as raised:
            await client.ask(call)
        assert "refused" in str(raised.value) or "Cannot connect" in str(raised.value)
        await client.close()

    asyncio.run(ask())


def test_retry_after_in_seconds_is_honoured_by_all_requests() -> None:
    async def ask(client: ModelServer, server: Serving) -> None:
        first = asyncio.create_task(client.ask(call))
        while not server.asked:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await asyncio.gather(first, *(client.ask(call) for _ in range(5)))
        assert min(asked.at for asked in server.asked[1:]) - server.asked[0].at >= 0.5

    against(fails(429, Retry_After="0.5"), fine, do=ask)


def test_retry_after_as_a_date_is_honoured() -> None:
    async def ask(client: ModelServer, server: Serving) -> None:
        await client.ask(call)
        assert server.asked[1].at - server.asked[0].at >= 0.9

    against(fails_until_a_date(503, 2.0), fine, do=ask)


def test_a_server_that_wants_to_be_left_alone_longer_than_our_patience_stops_the_run() -> None:
    assert "HTTP 429" in against(fails(429, "slow down", Retry_After="3600"), do=told)


def test_in_a_storm_of_429_few_requests_are_sent_and_all_are_answered_in_the_end() -> None:
    """Every second request is turned away; without a limit that adapts and holds, hundreds would be."""

    async def ask(client: ModelServer, server: Serving) -> None:
        answers = await asyncio.gather(*(client.ask(call) for _ in range(30)))
        assert answers == [{"it": "is fine"}] * 30
        assert server.most_at_once <= 8
        assert client.limit.now < 8
        assert client.sent == len(server.asked) == 30 + client.repeated

    against(*by_turns(fine, fails(429, Retry_After="0.02")), do=ask)


def test_never_more_requests_are_in_flight_than_asked_for() -> None:
    async def ask(client: ModelServer, server: Serving) -> None:
        await asyncio.gather(*(client.ask(call) for _ in range(40)))
        assert server.most_at_once == 3

    against(says({}, after=0.02), do=ask, requests=3)


def test_one_request_that_hangs_while_others_are_answered_costs_no_places() -> None:
    async def ask(client: ModelServer, _: Serving) -> None:
        hanging = asyncio.create_task(client.ask(call))
        while not hanging.done():
            await asyncio.gather(*(client.ask(call) for _ in range(10)))
        assert client.limit.now == 8

    against(hangs, fine, do=ask, timeout=0.3)


def test_requests_that_all_hang_halve_the_places() -> None:
    async def ask(client: ModelServer, _: Serving) -> None:
        await client.ask(call)
        await asyncio.gather(*(client.ask(call) for _ in range(8)))
        assert client.limit.now < 8

    against(fine, *[hangs] * 8, fine, do=ask, timeout=0.2)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_an_error_that_names_its_variable_and_never_the_key(status: int) -> None:
    words = against(fails(status, f"Incorrect API key provided: {KEY}"), do=told)
    assert "OPENAI_API_KEY" in words
    assert KEY not in words
    assert KEY[:12] not in words


@pytest.mark.parametrize("status", [404, 429, 400, 500])
def test_a_server_that_quotes_the_key_does_not_get_it_into_our_words(status: int) -> None:
    async def ask(client: ModelServer, _: Serving) -> str:
        with pytest.raises((WarmlineError, ItemRefusedError)) as raised:
            await client.ask(call)
        return str(raised.value)

    words = against(fails(status, f"you sent {KEY}\n  and that is all I know"), do=ask, patience=0.1)
    assert "you sent *** and that is all I know" in words


def test_a_wrong_model_is_an_error_in_the_servers_words_on_one_short_line() -> None:
    words = against(fails(404, "The model `m` does not exist.\n" + "x" * 1000), do=told)
    assert "The model `m` does not exist. xxx" in words
    assert "mend base_url or model" in words
    assert "\n" not in words
    assert len(words) < 400


def test_a_spent_quota_is_not_waited_for() -> None:
    assert "pay first" in against(fails(429, "pay first", code="insufficient_quota"), do=told)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_request_costs_its_item_only(status: int) -> None:
    async def ask(client: ModelServer, server: Serving) -> None:
        with pytest.raises(ItemRefusedError, match=f"^HTTP {status}: too long$"):
            await client.ask(call)
        assert len(server.asked) == 1
        assert await client.ask(call) == {"it": "is fine"}

    against(fails(status, "too long"), fine, do=ask)


def test_when_the_first_sixteen_are_all_refused_the_run_stops() -> None:
    async def ask(client: ModelServer, _: Serving) -> None:
        for _number in range(15):
            with pytest.raises(ItemRefusedError):
                await client.ask(call)
        with pytest.raises(WarmlineError, match="refused the first 16 requests, the last with HTTP 400: no schemas"):
            await client.ask(call)

    against(fails(400, "no schemas"), do=ask)


def test_after_a_good_answer_any_number_may_be_refused() -> None:
    async def ask(client: ModelServer, _: Serving) -> None:
        await client.ask(call)
        for _number in range(20):
            with pytest.raises(ItemRefusedError):
                await client.ask(call)

    against(fine, fails(400), do=ask)


def test_a_request_that_breaks_the_server_while_others_are_answered_is_given_up_alone() -> None:
    async def poison(client: AsyncOpenAI) -> dict[str, object]:
        return await client.post("/poison", cast_to=dict[str, object], body={})

    async def ask(client: ModelServer, server: Serving) -> None:
        poisoned = asyncio.create_task(client.ask(poison))
        while not poisoned.done():
            await client.ask(call)
        with pytest.raises(ItemRefusedError, match="while others were answered"):
            await poisoned
        assert 2 <= sum(asked.path == "/v1/poison" for asked in server.asked) <= 7

    against(breaks_on_poison, do=ask, patience=0.8)


async def breaks_on_poison(request: web.Request) -> web.StreamResponse:
    return await (fails(500) if request.path.endswith("poison") else says({}, after=0.01))(request)


def test_a_server_that_stops_answering_is_an_error_once_patience_ends() -> None:
    async def ask(client: ModelServer, _: Serving) -> str:
        await client.ask(call)
        with pytest.raises(WarmlineError) as raised:
            await client.ask(call)
        return str(raised.value)

    assert "would answer nobody for" in against(fine, fails(500, "gone"), do=ask, patience=0.2)


def test_what_the_call_itself_raises_is_not_taken_for_the_servers() -> None:
    async def broken(_: AsyncOpenAI) -> None:
        raise KeyError("our own")

    async def ask(client: ModelServer, _: Serving) -> None:
        with pytest.raises(KeyError):
            await client.ask(broken)
        assert client.limit.in_flight == 0

    against(fine, do=ask)


def test_a_cancelled_request_gives_its_place_back() -> None:
    async def ask(client: ModelServer, server: Serving) -> None:
        hanging = asyncio.create_task(client.ask(call))
        while not server.asked:
            await asyncio.sleep(0.01)
        hanging.cancel()
        assert await client.ask(call) == {"it": "is fine"}

    against(hangs, fine, do=ask, requests=1)


def test_connections_are_let_go_of_without_a_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        against(fine, do=once)
        gc.collect()
    assert not [warning for warning in caught if issubclass(warning.category, ResourceWarning)]


def test_a_proxy_of_the_environment_does_not_stand_before_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert against(fine, do=once) == {"it": "is fine"}


def test_without_a_key_loopback_is_sent_none_and_elsewhere_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    async def ask(client: ModelServer, server: Serving) -> None:
        await client.ask(call)
        assert server.asked[0].headers["authorization"] == "Bearer none"

    against(fine, do=ask)
    with pytest.raises(UsageError, match="MY_KEY"):
        ModelServer(ServerSettings(base_url="https://models.example/v1", model="m", key_variable="MY_KEY"))


@pytest.mark.parametrize("key", ["sk-1\nsecret", "sk-1 “secret”"])
def test_a_key_that_cannot_be_one_is_told_without_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(UsageError, match="OPENAI_API_KEY holds signs that no key has") as raised:
        ModelServer(ServerSettings(model="m"))
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.8.8.8/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://10.0.0.1:8000/v1", False),
        ("https://localhost.example.com/v1", False),
    ],
)
def test_which_addresses_are_of_this_machine(url: str, loopback: bool) -> None:
    assert ServerSettings(base_url=url, model="m").is_loopback is loopback


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://127.0.0.1/", "http:///v1", "http://me:secret@host/v1", "http://host/v1?key=secret"]
)
def test_an_address_that_is_none_or_holds_a_key_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ServerSettings(base_url=url, model="m")
    assert "secret" not in raised.value.errors(include_url=False)[0]["msg"]
