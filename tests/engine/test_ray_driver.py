"""Drivers that join a Ray cluster or start their own, and what is left of them when they end."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

import psutil
import pytest

from pipeline.engine.errors import WarmlineError
from pipeline.engine.ledger import Ledger
from pipeline.engine.ray_pool import connected
from pipeline.engine.storage import Folder
from schemas.run import RayCluster
from tests.engine.three_nodes import actors, three_nodes

pytestmark = pytest.mark.ray


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder whose path is short enough for Ray's sockets; what a killed driver leaves goes with it."""
    with tempfile.TemporaryDirectory(prefix="w-", dir="/tmp", ignore_cleanup_errors=True) as place:
        yield Path(place)


def test_an_address_where_nothing_listens_is_told_in_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    words = f"^nothing answers at ray.address {address}: Connection refused: start a cluster"
    with pytest.raises(WarmlineError, match=words), connected(RayCluster(address=address)):
        pass


def test_a_server_that_is_no_ray_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.engine.ray_pool_cluster._ANSWERS_WITHIN", 6.0)
    server = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    words = f"^no Ray answers at ray.address {address}: start a cluster"
    try:
        with pytest.raises(WarmlineError, match=words), connected(RayCluster(address=address)):
            pass
    finally:
        server.shutdown()
        server.server_close()


def test_joining_leaves_the_drivers_signals_and_its_output_alone(capfd: pytest.CaptureFixture[str]) -> None:
    with three_nodes() as cluster:
        before = signal.getsignal(signal.SIGTERM)
        capfd.readouterr()
        with connected(RayCluster(address=cluster.address)):
            assert signal.getsignal(signal.SIGTERM) is before
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
            time.sleep(3)  # for what Ray has to say of it
        assert capfd.readouterr() == ("", "")


def start(folder: Path, address: str | None = None) -> "subprocess.Popen[bytes]":
    """A driver in the middle of its work."""
    words = [sys.executable, "-m", "tests.engine.ray_driver", str(folder), *([address] if address else [])]
    driver = subprocess.Popen(words, start_new_session=True, stderr=subprocess.PIPE)
    log = folder / "log"
    while not log.exists() or len(log.read_text().split()) < 6:
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.05)
    return driver


def both(driver: "subprocess.Popen[bytes]", at_work: Callable[[], list[psutil.Process]]) -> list[psutil.Process]:
    """The driver's two actors, once both are there."""
    while len(found := at_work()) < 2:
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.02)
    return found


def kept(folder: Path) -> int:
    return len(Ledger(Folder(str(folder / "ledger")), "squares").open())


def test_no_actor_outlives_a_driver_that_is_killed_on_a_cluster(tmp_path: Path) -> None:
    with three_nodes() as cluster:
        driver = start(tmp_path, cluster.address)
        left = both(driver, lambda: actors(".run"))
        driver.kill()
        driver.communicate()
        _, alive = psutil.wait_procs(left, timeout=60)
        assert not alive


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
def test_no_actor_outlives_a_driver_with_a_ray_of_its_own(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(scratch))
    driver = start(scratch)

    def at_work() -> list[psutil.Process]:
        family = psutil.Process(driver.pid).children(recursive=True)
        return [one for one in family if one.is_running() and one.name().startswith("ray::BackendActor")]

    left = both(driver, at_work)
    driver.send_signal(signal.Signals[how])
    driver.communicate()
    _, alive = psutil.wait_procs(left, timeout=60)
    assert not alive
    if how == "SIGINT":
        assert kept(scratch) == len((scratch / "log").read_text().split()) < 600
        assert not list(scratch.glob("warmline-ray-*"))


def test_a_ray_of_ones_own_listens_on_loopback_only_and_leaves_nothing(scratch: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import psutil\n"
        "from pipeline.engine.ray_pool import connected\n"
        "from schemas.run import RayCluster\n"
        "with connected(RayCluster()):\n"
        "    family = psutil.Process().children(recursive=True)\n"
        "    for port in (port for one in family for port in one.net_connections('inet')):\n"
        "        if port.status == 'LISTEN': print(port.laddr.ip)\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= {"HOME": str(home), "RAY_TMPDIR": str(scratch)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert {address.removeprefix("::ffff:") for address in ran.stdout.split()} == {"127.0.0.1"}
    assert not list(scratch.iterdir())
    assert not list(home.iterdir())
