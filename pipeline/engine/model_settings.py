"""What a run file says of a model with weights of its own, and what that model is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue

from pipeline.engine.errors import UsageError
from pipeline.engine.model_folder import digest
from pipeline.engine.model_library import Device
from schemas.frozen import Frozen


class WeightsSettings(Frozen):
    """`model` is a folder as `save_pretrained` writes it, or hf://ORG/NAME. `threads` are one worker's on the CPU."""

    model: str = Field(min_length=1)
    device: Device = "auto"
    threads: int = Field(default=1, ge=1)


class ModelSettings(WeightsSettings):
    """A model that may compute in shorter numbers."""

    precision: Literal["float32", "float16", "bfloat16"] = "float32"


def identity(settings: ModelSettings) -> str:
    """The weights, and in what numbers they are computed."""
    return f"{digest(settings.model)} {settings.precision}"


def config(model: str) -> Mapping[str, JsonValue] | None:
    """The folder's config.json, None if the folder is not on this machine or holds none."""
    path = Path(model).expanduser() / "config.json"
    if not path.is_file():
        return None
    try:
        read: Mapping[str, JsonValue] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}") from error
    return read
