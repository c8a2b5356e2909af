"""A server as a test holds it: started, given orders, asked what it was asked, ended."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.request import Request, urlopen

from pydantic import TypeAdapter

from tests.servers.orders import Order
from tests.servers.service import ORDERS, Asked

CHAT_MODEL = "embedded/phrases"
SPEECH_MODEL = "embedded/espeak"
TRANSCRIPTION_MODEL = "embedded/pocketsphinx"

_MODELS = {"chat": CHAT_MODEL, "speech": SPEECH_MODEL, "transcription": TRANSCRIPTION_MODEL}
_ASKED = TypeAdapter(list[Asked])


@dataclass(frozen=True)
class Running:
    """A server at work on loopback."""

    port: int

    @property
    def base_url(self) -> str:
        """What a run file's `base_url` says."""
        return f"http://127.0.0.1:{self.port}/v1"

    def order(self, *orders: Order) -> None:
        """Misbehave so from now on; nothing: behave."""
        body = ORDERS.dump_json(list(orders))
        urlopen(Request(f"http://127.0.0.1:{self.port}/orders", data=body)).read()

    def asked(self) -> list[Asked]:
        """Every request so far, in the order they came."""
        return _ASKED.validate_json(urlopen(f"http://127.0.0.1:{self.port}/asked").read())


@contextmanager
def running(kind: Literal["chat", "speech", "transcription"], key: str | None = None) -> Iterator[Running]:
    """Start a server, wait until it answers, end it with the block."""
    command = [sys.executable, "-m", f"tests.servers.{kind}", "--model", _MODELS[kind]]
    process = subprocess.Popen(
        [*command, *(("--key", key) if key else ())], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        yield Running(json.loads(process.stdout.readline())["port"])
    finally:
        process.kill()
        process.communicate()
