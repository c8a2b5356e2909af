"""`warmline doctor`: which backends can run here."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

from flows.session import cores
from pipeline.score.backends import EMOTION_RECOGNISERS, SPEECH_RECOGNISERS
from pipeline.speak.backends import SPEAKERS
from pipeline.units.backends import ENCODERS
from pipeline.write.backends import WRITERS


def doctor_lines() -> Iterator[str]:
    """A line for the machine, one a core package, one a backend with what it lacks."""
    yield f"Python {platform.python_version()} on {platform.system()}, {cores()} cores, warmline {version('warmline')}"
    for package in ("prefect", "fastapi", "pyarrow", "pydantic", "numpy", "soundfile"):
        yield f"  {package} {version(package)}"
    for registry in (WRITERS, SPEAKERS, SPEECH_RECOGNISERS, EMOTION_RECOGNISERS, ENCODERS):
        for name, entry in registry.entries.items():
            state = f"lacks {', '.join(entry.missing)}: {entry.install}" if entry.missing else "ready"
            yield f"{registry.stage} {name}: {state}"
