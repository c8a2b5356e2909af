"""A bucket on loopback: moto's S3, with a door before it that counts requests and can be shut."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING

import fsspec
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

KEY, SECRET = "test-key-id", "test-secret-access-key"
_DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_numbers = count()


@dataclass
class BucketServer:
    """moto behind the door. `requests` has method, path and query of each; `is_refused` tells which get a 403."""

    requests: list[str] = field(default_factory=list)
    is_refused: Callable[[str], bool] = lambda _: False
    endpoint: str = ""
    _moto: DomainDispatcherApplication = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        query = environ["QUERY_STRING"]
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}" + (f"?{query}" if query else "")
        self.requests.append(request)
        if not self.is_refused(request):
            return list(self._moto(environ, start))
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(_DENIED)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [_DENIED]

    @property
    def environment(self) -> dict[str, str]:
        """Where the server is and how to be let in, as a user would set it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @cached_property
    def store(self) -> fsspec.AbstractFileSystem:
        """An s3fs that shares nothing with the code under test."""
        options = {"key": KEY, "secret": SECRET, "endpoint_url": self.endpoint}
        return fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True, **options)

    def puts(self, part: str) -> int:
        """How many objects were put whose path holds `part`."""
        return sum(request.startswith("PUT") and part in request for request in list(self.requests))

    def new_bucket(self, monkeypatch: pytest.MonkeyPatch) -> "Bucket":
        """An empty bucket that no other test has, and this process let into it."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        self.is_refused = lambda _: False
        bucket = Bucket(self, f"bucket-{next(_numbers)}")
        self.store.mkdir(bucket.name)
        self.requests.clear()
        return bucket


@dataclass(frozen=True)
class Bucket:
    """One bucket, seen from beside Warmline: through a plain s3fs of its own."""

    server: BucketServer
    name: str

    @property
    def url(self) -> str:
        """As it is given on the command line."""
        return f"s3://{self.name}"

    @property
    def store(self) -> fsspec.AbstractFileSystem:
        """See BucketServer."""
        return self.server.store

    def objects(self) -> dict[str, bytes]:
        """All that is in it."""
        store = self.store
        return {path.removeprefix(f"{self.name}/"): store.cat_file(path) for path in store.find(self.name)}

    def unfinished_uploads(self) -> int:
        """Multipart uploads that were neither completed nor called off."""
        return len(self.store.list_multipart_uploads(self.name))


@contextmanager
def bucket_server() -> Iterator[BucketServer]:
    """The server, on a port of the system's choice."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = BucketServer()
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    app.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        thread.join()
