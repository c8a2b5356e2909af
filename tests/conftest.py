"""What several tests need: the shipped pack, a Prefect server, the command line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.prefect_server import prefect_server
from pipeline.config.pack import load_pack
from schemas.pack import Pack

SHIPPED = Path(__file__).parent.parent / "prompts"


@pytest.fixture(scope="session")
def empathy() -> Pack:
    return load_pack(SHIPPED / "empathy").pack


@pytest.fixture(scope="session")
def prefect_url() -> Iterator[str]:
    """One Prefect server for all tests that run the command line, so that each need not start its own."""
    with prefect_server() as server:
        if server is None:
            yield os.environ["PREFECT_API_URL"]
        else:
            server.wait_until_ready()
            yield server.url


@dataclass(frozen=True)
class CommandLine:
    """Runs `warmline` as a user would, in a folder of its own."""

    folder: Path
    environment: dict[str, str]

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "flows.command_line", *words]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str, patience: float = 300.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )

    def copy_of(self, run: Path) -> Path:
        """A finished run to do things to: `out` in this folder."""
        return Path(shutil.copytree(run, self.folder / "out"))


@pytest.fixture(scope="session")
def environment(prefect_url: str) -> dict[str, str]:
    return os.environ | {"PREFECT_API_URL": prefect_url, "PYTHONPATH": str(SHIPPED.parent)}


@pytest.fixture
def warmline(tmp_path: Path, environment: dict[str, str]) -> CommandLine:
    return CommandLine(tmp_path, environment)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """A run of four dialogues, made once. Do not write to it: take `warmline.copy_of` it."""
    warmline = CommandLine(tmp_path_factory.mktemp("finished"), environment)
    made = warmline("generate", str(SHIPPED / "run.yaml"), "--out", "demo", "--set", "size=4")
    assert made.returncode == 0, made.stderr
    return warmline.folder / "demo"
