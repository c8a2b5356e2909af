"""The base of every noun: immutable, nothing unknown let in, nothing coerced silently."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(description="seconds", allow_inf_nan=False)]
Hertz = Annotated[int, Field(description="samples per second", gt=0)]
Share = Annotated[float, Field(description="a part of 1", ge=0.0, le=1.0, allow_inf_nan=False)]
Weight = Annotated[float, Field(description="relative, not normalised", ge=0.0, le=1e9, allow_inf_nan=False)]


class Frozen(BaseModel):
    """A value: compare it, hash its JSON, pass it on, never change it."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
