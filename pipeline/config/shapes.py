"""What a model says of the shape of a file: which mappings are tables of weights, which lists have items with ids."""

import types
from collections.abc import Mapping
from typing import Union, get_args, get_origin

from pydantic import BaseModel

from schemas.frozen import Weight

Shape = object
"""An annotation of a model's field, or the model itself; None where nothing is known."""


def is_table(shape: Shape) -> bool:
    """Whether it maps options to weights.

    >>> is_table(Mapping[str, Weight]), is_table(Mapping[str, float])
    (True, False)
    """
    inner = _plain(shape)
    return _maps(inner) and get_args(inner)[1] == Weight


def has_ids(shape: Shape) -> bool:
    """Whether it is a list of things that are told apart by an `id`."""
    inner = _plain(shape)
    item = get_args(inner)[0] if get_origin(inner) is tuple else None
    return isinstance(item, type) and issubclass(item, BaseModel) and "id" in item.model_fields


def may_be_null(shape: Shape) -> bool:
    """Whether null is one of its values.

    >>> may_be_null(int | None), may_be_null(int)
    (True, False)
    """
    return get_origin(shape) in {Union, types.UnionType} and type(None) in get_args(shape)


def below(shape: Shape, key: str) -> Shape:
    """What stands under `key`."""
    inner = _plain(shape)
    if isinstance(inner, type) and not get_args(inner) and issubclass(inner, BaseModel):
        return inner.model_fields[key].annotation if key in inner.model_fields else None
    return get_args(inner)[1] if _maps(inner) else None


def _maps(shape: Shape) -> bool:
    origin = get_origin(shape)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _plain(shape: Shape) -> Shape:
    """The shape without `| None`."""
    if get_origin(shape) in {Union, types.UnionType}:
        return next(part for part in get_args(shape) if part is not type(None))
    return shape
