"""From a pydantic error to faults in a user's words."""

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.config.source import Document, Fault, Path_
from pipeline.engine.backends import nearest

_WORDS = {
    "missing": "is missing",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "model_type": "must be keys and values",
    "dict_type": "must be keys and values",
    "mapping_type": "must be keys and values",
}


def faults(error: ValidationError, model: type[BaseModel], document: Document) -> Iterator[Fault]:
    """Each of pydantic's complaints, at its line, with the nearest right name for an unknown key."""
    for path, message in complaints(error, model):
        yield Fault(document.mark(path), message)


def complaints(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Path_, str]]:
    """Each of pydantic's complaints with its path, in a user's words."""
    found = error.errors(include_url=False)
    for detail in found:
        if detail["type"] == "too_short" and any(_is_inside(other, detail) for other in found):
            continue  # pydantic counts what is wrong in a list as missing from it
        path = tuple(step for step in detail["loc"] if step != "[key]")
        said = _complaint(detail, model, path)
        yield path, f"{_name(path)} {said}" if path else said


def _is_inside(one: ErrorDetails, other: ErrorDetails) -> bool:
    depth = len(other["loc"])
    return len(one["loc"]) > depth and one["loc"][:depth] == other["loc"]


def _name(path: Path_) -> str:
    """`voices[3].pitch` for ("voices", 3, "pitch").

    >>> _name(("voices", 3, "pitch"))
    'voices[3].pitch'
    """
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(steps).removeprefix(".") or "this file"


def _complaint(detail: ErrorDetails, model: type[BaseModel], path: Path_) -> str:
    kind, given = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return f"is not a key here: {nearest(str(path[-1]), _keys(model, path[:-1]))}"
    if kind in _WORDS:
        shown = "" if kind == "missing" or isinstance(given, dict | list) else f", not {given!r}"
        return _WORDS[kind] + shown
    context = detail.get("ctx", {})
    if kind in {"enum", "literal_error"}:
        expected = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ",").split(",")]
        return f"cannot be {given!r}: {nearest(str(given), expected)}"
    if kind == "too_short":
        return "must not be empty"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{message[:1].lower()}{message[1:]}" + ("" if isinstance(given, dict | list) else f", not {given!r}")


def _keys(model: type[BaseModel], path: Path_) -> list[str]:
    """The keys that may stand at `path` in a file of this model."""
    here: type | None = model
    for step in path:
        if not (isinstance(here, type) and issubclass(here, BaseModel)):
            return []
        field = here.model_fields.get(str(step)) if isinstance(step, str) else None
        here = _inner(field.annotation) if field is not None else here
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _inner(annotation: object) -> type | None:
    """The model inside a list, mapping or optional of models."""
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType} or origin is tuple:
        candidates = [part for part in get_args(annotation) if part not in {type(None), Ellipsis}]
    elif isinstance(origin, type) and issubclass(origin, Mapping | Sequence):
        candidates = list(get_args(annotation)[-1:])
    else:
        return None
    return _inner(candidates[0]) if candidates else None
