"""`warmline doctor`: which backends can run here."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

from flows.workplaces import cores
from pipeline.judge.backends import JUDGES
from pipeline.score.backends import (
    EMOTION_RECOGNISERS,
    QUALITY_JUDGES,
    SPEECH_RECOGNISERS,
    VOICE_COMPARERS,
    WORD_ALIGNERS,
)
from pipeline.speak.backends import SPEAKERS
from pipeline.units.backends import ENCODERS
from pipeline.write.backends import WRITERS

_REGISTRIES = (
    WRITERS,
    JUDGES,
    SPEAKERS,
    SPEECH_RECOGNISERS,
    EMOTION_RECOGNISERS,
    QUALITY_JUDGES,
    VOICE_COMPARERS,
    WORD_ALIGNERS,
    ENCODERS,
)


def doctor_lines() -> Iterator[str]:
    """A line for the machine, one a core package, one a backend with what it lacks."""
    yield f"Python {platform.python_version()} on {platform.system()}, {cores()} cores, warmline {version('warmline')}"
    for package in ("prefect", "fastapi", "pyarrow", "pydantic", "numpy", "soundfile"):
        yield f"  {package} {version(package)}"
    for registry in _REGISTRIES:
        for name, entry in registry.entries.items():
            lacking = ", ".join(entry.missing_at_work)
            yield f"{registry.stage} {name}: " + (f"lacks {lacking}: {entry.install}" if lacking else "ready")
