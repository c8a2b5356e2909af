"""What the servers share: the model and key they insist on, the orders, a record of what they were asked."""

import argparse
import asyncio
import json
import sys
from abc import ABC, abstractmethod

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, TypeAdapter

from tests.servers.orders import Order, Orders, error, instead

ORDERS = TypeAdapter(list[Order])
LARGEST = 64 * 1024**2


class Asked(BaseModel):
    """A request as it came in: what was asked for, in the client's own field names, and what befell it.

    `answered` is whether there was an answer before the client left.
    """

    path: str
    fields: dict[str, object]
    fault: str | None
    answered: bool = False


ASKED = web.RequestKey("asked", Asked)


@web.middleware
async def _note_the_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    answer = await handler(request)
    if ASKED in request:
        request[ASKED].answered = True
    return answer


class Service(ABC):
    """A server of one model. Its port is the system's choice; it prints it as JSON on its first line."""

    def __init__(self, model: str, key: str | None) -> None:
        self.model, self.key = model, key
        self.orders = Orders()
        self.asked: list[Asked] = []

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """The routes of this kind of server."""

    async def refused(
        self, request: web.Request, fields: dict[str, object], model: object, text: str
    ) -> tuple[web.StreamResponse | None, Order | None]:
        """Write the request down; answer what stands against it, and the order that its result is to be spoilt by."""
        order = self.orders.for_request(text)
        request[ASKED] = Asked(path=request.path, fields=fields, fault=order.fault if order else None)
        self.asked.append(request[ASKED])
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return error(401, "Unauthorized"), None
        if model is not None and model != self.model:
            return error(404, f"The model `{model}` does not exist."), None
        return (await instead(request, order) if order else None), order

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": self.model, "object": "model"}]})

    async def _take_orders(self, request: web.Request) -> web.Response:
        self.orders.give(ORDERS.validate_json(await request.read()))
        return web.Response()

    async def _tell(self, _: web.Request) -> web.Response:
        return web.json_response([one.model_dump() for one in self.asked])

    async def serve(self) -> None:
        """Serve until the process is ended."""
        app = web.Application(client_max_size=LARGEST, middlewares=[_note_the_answer])
        app.add_routes(
            [
                web.get("/v1/models", self._models),
                web.post("/orders", self._take_orders),
                web.get("/asked", self._tell),
                *self.routes(),
            ]
        )
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def options(description: str) -> argparse.Namespace:
    """The command line that they have: the model's name, and the key if there is to be one."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", required=True)
    parser.add_argument("--key")
    return parser.parse_args()
