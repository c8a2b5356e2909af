"""The Hub's own client, here and in every process started from here, made to ask a small Hub."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import huggingface_hub.constants
import pytest

from pipeline.corpus import hub as reading
from tests.hub.server import Hub, running_hub


@contextmanager
def hub_for_tests(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A running Hub that everything asks, with an empty cache in `folder`, no token, and no patience."""
    with running_hub() as hub:
        set_endpoint(hub.url, monkeypatch)
        cache = str(folder / "hub-cache")
        monkeypatch.setenv("HF_HOME", str(folder / "hub-home"))
        monkeypatch.setenv("HF_HUB_CACHE", cache)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        monkeypatch.setenv("HF_TOKEN", "")
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", cache)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(folder / "no-token"))
        monkeypatch.setattr(reading, "PAUSES", [0.05, 0.05])
        yield hub
        reading._api.cache_clear()


def set_endpoint(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the Hub at this address."""
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
    monkeypatch.setattr(
        huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    reading._api.cache_clear()
