"""Weights of a speech tokenizer: what the run file says of them, and how rows name them.

Units are only worth something beside others of the very same weights. So a folder is named by its content, and a model
of the Hub by a revision that does not move.
"""

from typing import TypeVar

from pydantic import BaseModel, ValidationError, field_validator

from pipeline.engine.model_folder import HUB, digest, model_name
from pipeline.engine.model_settings import WeightsSettings
from schemas.run import UnitsBackend

INSTALL = "pip install 'warmline[units]', best in an environment of its own"

UNUSED = ("*.bin", "*.pt", "*.pth", "*.ckpt")
"""What a model of the Hub may hold beside safetensors: pickles, which run code when they are read."""

Settings = TypeVar("Settings", bound=BaseModel)


class TokenizerSettings(WeightsSettings):
    """The model, and where it runs: a folder, or hf://ORG/NAME@REVISION."""

    @field_validator("model")
    @classmethod
    def _pinned(cls, model: str) -> str:
        return pinned(model)


def pinned(model: str) -> str:
    """The model. Raises ValueError for one of the Hub without a revision."""
    if model.startswith(HUB) and not model.partition("@")[2]:
        raise ValueError(f"name the revision too, such as {HUB}ORG/NAME@COMMIT: units must not change with the Hub")
    return model


def revision(model: str) -> str:
    """How rows name the weights: of a folder its name and a digest, of a model of the Hub its name and revision.

    >>> revision("hf://org/name@0123abc")
    'org/name@0123abc'
    """
    return model.removeprefix(HUB) if model.startswith(HUB) else f"{model_name(model)} {digest(model)}"


def settings_of(config: UnitsBackend, model: type[Settings]) -> Settings:
    """The backend's own settings. Raises ValueError that says in one line all that is wrong with them."""
    try:
        return model.model_validate(config.settings)
    except ValidationError as error:
        faults = (
            f"settings{''.join(f'.{part}' for part in one['loc'])}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        )
        raise ValueError(f"{config.backend}: {'; '.join(faults)}") from error
