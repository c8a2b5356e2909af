"""JSON Schemas of models, as an editor wants them: no titles, no long defaults, keys of enums spelled out."""

from collections.abc import Iterator, Mapping
from types import ModuleType

from pydantic import BaseModel, JsonValue

from pipeline.engine.backends import Registry
from pipeline.engine.errors import UsageError

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NULL: JsonValue = {"type": "null"}

Schema = dict[str, JsonValue]

_DEFINITIONS = "#/$defs/"


def as_schema(node: JsonValue) -> Schema:
    """A node that is known to be a mapping."""
    if not isinstance(node, dict):
        raise AssertionError(f"{node!r} is no schema")
    return node


def definitions(model: type[BaseModel], prefix: str = "") -> dict[str, Schema]:
    """The schemas of a model and of all that is in it, by name; references among them are by these names too."""
    made = as_schema(model.model_json_schema(ref_template=f"{_DEFINITIONS}{prefix}{{model}}"))
    inner = as_schema(made.pop("$defs", {}))
    found = {name: as_schema(node) for name, node in inner.items()}
    enums = {f"{_DEFINITIONS}{prefix}{name}": node["enum"] for name, node in found.items() if "enum" in node}
    found[model.__name__] = made
    return {f"{prefix}{name}": as_schema(_tidy(node, enums)) for name, node in found.items()}


def reference(name: str) -> Schema:
    """Stands for the definition of that name."""
    return {"$ref": f"{_DEFINITIONS}{name}"}


def referred(node: Schema) -> str | None:
    """The name of the definition that it stands for."""
    target = node.get("$ref")
    return target.removeprefix(_DEFINITIONS) if isinstance(target, str) else None


def whole(root: Schema, found: Mapping[str, Schema]) -> Schema:
    """A schema by itself: the root with the definitions that it needs."""
    needed: dict[str, Schema] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = found[name]
            waiting += _references(found[name])
    inner: JsonValue = {name: needed[name] for name in sorted(needed)}
    return {"$schema": DIALECT, **root, "$defs": inner}


def importable(registry: Registry, name: str) -> ModuleType | None:
    """A backend's module; None if it lacks something here, so that its settings stay open."""
    try:
        return registry.load(name)
    except (UsageError, ImportError):
        return None


def _tidy(node: JsonValue, enums: Mapping[str, JsonValue]) -> JsonValue:
    if isinstance(node, list):
        return [_tidy(child, enums) for child in node]
    if not isinstance(node, dict):
        return node
    made = {key: _tidy(child, enums) for key, child in node.items() if not _is_noise(key, child)}
    if isinstance(said := made.get("description"), str):
        made["description"] = " ".join(said.partition("\n\n>>>")[0].split())
    keys = enums.get(str(as_schema(made["propertyNames"]).get("$ref"))) if "propertyNames" in made else None
    if isinstance(keys, list):
        del made["propertyNames"]
        made |= {"properties": {str(key): made["additionalProperties"] for key in keys}, "additionalProperties": False}
    return made


def _is_noise(key: str, child: JsonValue) -> bool:
    """A title says the key again; a default that is no single value is what editors would fill in."""
    return (key == "title" and isinstance(child, str)) or (key == "default" and (child is None or _is_long(child)))


def _is_long(child: JsonValue) -> bool:
    return isinstance(child, dict | list)


def _references(node: JsonValue) -> Iterator[str]:
    if isinstance(node, list):
        for child in node:
            yield from _references(child)
    elif isinstance(node, dict):
        if (name := referred(node)) is not None:
            yield name
        for child in node.values():
            yield from _references(child)
