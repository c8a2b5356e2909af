"""What several tests need: the shipped pack, read once."""

from pathlib import Path

import pytest

from pipeline.config.pack import load_pack
from schemas.pack import Pack

SHIPPED = Path(__file__).parent.parent / "prompts"


@pytest.fixture(scope="session")
def empathy() -> Pack:
    return load_pack(SHIPPED / "empathy").pack
