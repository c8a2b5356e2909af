"""A Hub to read from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.client import hub_for_tests
from tests.hub.server import Hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_for_tests(tmp_path, monkeypatch) as running:
        yield running
