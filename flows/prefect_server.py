"""A Prefect server for as long as one run lasts, when PREFECT_API_URL names no other.

Prefect can start one by itself, but that one outlives a driver that is killed, writes to its terminal, and starts only
when the flow does. This one ends when its driver does (its standard input closes), is silent, and starts while the
driver loads. It listens on loopback; its database is in memory, since with a file SQLite stalls for seconds after every
hundred tasks.
"""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.engine.errors import WarmlineError

_URL = "PREFECT_API_URL"
_PATIENCE = 120.0
_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # our own lines say what happens; a traceback would bury them
}
_TEMPORARY = {
    "PREFECT_API_DATABASE_CONNECTION_URL": (
        "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true&check_same_thread=false"
    ),
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_API_DATABASE_MIGRATE_ON_START": "false",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
}
_SERVICES = ("SCHEDULER", "LATE_RUNS", "TRIGGERS", "PAUSE_EXPIRATIONS", "CANCELLATION_CLEANUP", "FOREMAN")
"""What only a standing server needs."""


@dataclass
class TemporaryServer:
    """The server's process and address."""

    process: subprocess.Popen[bytes]
    url: str

    def wait_until_ready(self) -> None:
        """Wait for its first healthy answer. Raises WarmlineError if it dies or takes two minutes."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=5):  # noqa: S310 -- loopback
                    return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.1)
        raise WarmlineError("the Prefect server did not start: set PREFECT_API_URL to one that runs, or try again")


@contextmanager
def prefect_server() -> Iterator[TemporaryServer | None]:
    """Have a Prefect server: the user's (None), or one of our own. Enter before Prefect is imported."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if os.environ.get(_URL):
        yield None
        return
    services = {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _SERVICES}
    environment = os.environ | _TEMPORARY | services
    process = subprocess.Popen(  # noqa: S603 -- this module
        [sys.executable, "-m", __name__],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the driver, which has last things to tell the server
    )
    try:
        port = int(process.stdout.readline()) if process.stdout else 0
        os.environ[_URL] = f"http://127.0.0.1:{port}/api"
        os.environ.setdefault("PREFECT_LOGGING_TO_API_ENABLED", "false")
        yield TemporaryServer(process, os.environ[_URL])
    finally:
        os.environ.pop(_URL, None)
        process.kill()  # nothing in it is to be kept
        process.communicate()


def _serve() -> None:
    """The server process: answer its port, serve, and end with its driver."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_end_with_driver, daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    asyncio.run(_serve_on(listener))


async def _serve_on(listener: socket.socket) -> None:
    """Make the tables as the models have them, then serve: a hundred migrations of an empty database take 5 s."""
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.server.database import provide_database_interface

    database = provide_database_interface()
    metadata = database.Base.metadata
    for table in metadata.tables.values():
        table.indexes.intersection_update({index.name: index for index in table.indexes}.values())  # one stands twice
    async with (await database.engine()).begin() as connection:
        await connection.run_sync(metadata.create_all)
    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="critical", lifespan="on"))
    await server.serve(sockets=[listener])


def _end_with_driver() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    _serve()
