"""A vLLM server for as long as a test run lasts."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

MODEL = "tiny"
ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
}
_PATIENCE = 900.0
_END_PATIENCE = 30.0
_LOOK = 0.5


@contextmanager
def serve(weights: Path, log: Path) -> Iterator[str]:
    """The base URL of `vllm serve`, on a port that the system chose. What it says goes to `log`."""
    command = [
        *(sys.executable, str(Path(sys.executable).with_name("vllm")), "serve", str(weights)),
        *("--host", "127.0.0.1", "--port", "0", "--served-model-name", MODEL),
        *("--dtype", "float32", "--enforce-eager", "--max-model-len", "8192"),
        "--no-enable-chunked-prefill",  # vLLM 0.32.0 dies on a CPU of a seeded request that it reads in pieces
        "--enable-prompt-tokens-details",
        *("--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}'),
    ]
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, env=os.environ | ENVIRONMENT, stdout=said, stderr=said, start_new_session=True
        )
    try:
        yield f"{_address(process, log)}/v1"
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever it left
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where the server listens, once it answers."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        for connection in psutil.Process(process.pid).net_connections("tcp4"):
            address = f"http://127.0.0.1:{connection.laddr.port}"
            if connection.status == psutil.CONN_LISTEN and _is_healthy(address):
                return address
        time.sleep(_LOOK)
    raise AssertionError(f"vllm serve did not come up: {log.read_text()[-2000:]}")


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=_LOOK) as answer:  # noqa: S310 -- loopback
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
