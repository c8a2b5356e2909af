"""Tiny weights, a server with them, and what is to be written: each made once for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine.failure import Failure
from pipeline.write.writer import Commission
from schemas.dialogue import Written
from schemas.pack import Pack
from tests.vllm.asking import ask
from tests.vllm.server import ENVIRONMENT, serve
from tests.vllm.small_engine import briefed
from tests.vllm.tiny_weights import make_weights


@pytest.fixture(scope="session")
def commissions(empathy: Pack) -> list[Commission]:
    return briefed(empathy)


@pytest.fixture(scope="session")
def weights(empathy: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_weights(empathy, tmp_path_factory.mktemp("weights") / "tiny")


@pytest.fixture(scope="session")
def server(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(weights, tmp_path_factory.mktemp("server") / "log") as url:
        yield url


@pytest.fixture(scope="session")
def served(empathy: Pack, server: str, commissions: list[Commission]) -> list[Written | Failure]:
    return ask(empathy, server, commissions)


@pytest.fixture(scope="session", autouse=True)
def _little_memory_and_no_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield
