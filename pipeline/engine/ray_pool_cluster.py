"""Joining a Ray cluster, or starting a Ray of this machine alone."""

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from tempfile import TemporaryDirectory

import pipeline
import schemas
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.ray_pool_actor import SHARED_FOLDER
from pipeline.engine.ray_pool_capacity import ALONE
from schemas.frozen import Seconds
from schemas.run import RayCluster

_REACHED_WITHIN: Seconds = 10.0
_ANSWERS_WITHIN: Seconds = 45.0
_OBJECT_STORE = 128 << 20  # jobs and names of parts are all that travels; Ray would take a third of the memory

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
_ON_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # what Ray does by itself on those: it takes 127.0.0.1

_CLIENT = "ray://"
_MEND = "start a cluster (ray start --head), or mend the address"

_REHEARSAL = """
import sys, ray
try:
    ray.init(address=sys.argv[1], logging_level="ERROR", log_to_driver=False)
except Exception as error:
    sys.exit("\\n" + " ".join(str(error).split())[:300])
"""


@contextmanager
def connected(cluster: RayCluster) -> Iterator[None]:
    """Be a driver of the cluster; Warmline's own modules go to its nodes.

    Raises UsageError if Ray is not installed, WarmlineError if no cluster answers at the address.
    """
    _require(cluster.address)
    with ExitStack() as closing:
        closing.enter_context(_environment(_QUIET))
        if cluster.address is None:
            closing.enter_context(_environment({**_ON_LOOPBACK, **_keys()}))
            scratch = closing.enter_context(_scratch())
        else:
            scratch = None
            _reach(cluster.address)
            if not cluster.address.startswith(_CLIENT):
                _rehearse(cluster.address)  # Ray's client gives up by itself
        with _sigterm_as_it_was():
            _join(cluster, scratch)
        import ray

        closing.callback(ray.shutdown)
        yield


def _require(address: str | None) -> None:
    if find_spec("ray") is None:
        raise UsageError("the run file asks for Ray, which is not installed: pip install 'warmline[ray]'")
    if address is not None and address.startswith(_CLIENT) and find_spec("grpc") is None:
        raise UsageError(f"ray.address {address} needs Ray's client: pip install 'ray[client]'")


def _join(cluster: RayCluster, scratch: str | None) -> None:
    import ray

    shown = {SHARED_FOLDER: "1"} if cluster.shared_folder else {}
    own = [package.__path__[0] for package in (pipeline, schemas)]
    runtime = {"py_modules": own, "excludes": ["**/__pycache__/**"], "env_vars": shown}
    try:
        if cluster.address is None:
            ray.init(
                "local",
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE,
                labels={ALONE: "true"},
                runtime_env=runtime,
                logging_level=logging.ERROR,
                log_to_driver=False,
                _temp_dir=scratch,
            )
        else:
            ray.init(cluster.address, runtime_env=runtime, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        where = f"ray.address {cluster.address}" if cluster.address else "Ray cannot be started on this machine"
        raise WarmlineError(f"{where}: {' '.join(str(error).split())[:300]}") from error
    # What nodes report of each other would go to stdout, thirty lines at a time; a loss is told by the pool.
    ray._private.worker.print_to_stdstream = _unheard


def _unheard(data: object, ignore_prefix: bool) -> None:
    """Stands in for Ray's printer of log lines."""


def _reach(address: str) -> None:
    """Whether anything listens there, if the address names a port."""
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACHED_WITHIN).close()
    except OSError as error:
        raise WarmlineError(f"nothing answers at ray.address {address}: {error.strerror or error}: {_MEND}") from error


def _rehearse(address: str) -> None:
    """Join in another process first: where something else than Ray answers, Ray tries for minutes and then dies."""
    command = [sys.executable, "-c", _REHEARSAL, address]
    try:
        tried = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_ANSWERS_WITHIN)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise WarmlineError(f"no Ray answers at ray.address {address}: {_MEND}") from error
    if tried.returncode:
        said = (tried.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise WarmlineError(f"ray.address {address}: {said}")


def _keys() -> Mapping[str, str]:
    """A Ray of this machine alone obeys this process only, and leaves no key file in the home folder."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _scratch() -> TemporaryDirectory[str]:
    """Where a Ray of one's own keeps sockets and logs. Not TMPDIR: the path of a socket has 107 characters at most."""
    place = os.environ.get("RAY_TMPDIR", "/tmp")  # noqa: S108
    return TemporaryDirectory(prefix="warmline-ray-", dir=place, ignore_cleanup_errors=True)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for a while; what the user has set stays."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextmanager
def _sigterm_as_it_was() -> Iterator[None]:
    """Joining Ray replaces the handler of SIGTERM by one that ends the process; a driver has its own."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
