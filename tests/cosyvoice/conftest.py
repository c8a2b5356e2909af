"""The real CosyVoice, where `WARMLINE_COSYVOICE` names a checkout of it: its tests are left out elsewhere.

Run in an environment of CosyVoice's own, where Prefect is not to be had:

    WARMLINE_COSYVOICE=…/CosyVoice python -m pytest --confcutdir=tests/cosyvoice -m cosyvoice tests/cosyvoice
"""

import os
from pathlib import Path

import pytest

collect_ignore_glob = ["random_*.py"]

os.environ.setdefault("OMP_NUM_THREADS", "1")  # these networks are too small to share out


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The clone of FunAudioLLM/CosyVoice that the environment names."""
    named = os.environ.get("WARMLINE_COSYVOICE")
    if not named:
        pytest.skip("WARMLINE_COSYVOICE names no checkout of CosyVoice (docs/speak-cosyvoice.md)")
    return Path(named)
