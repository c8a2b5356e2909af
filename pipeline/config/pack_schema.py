"""The JSON Schema of a pack's files: the manifest, and any file that it includes.

A key may stand in any of a pack's files, and a pack that extends another gives a part of it, so no key of a mapping is
required and any may be null; what stands in a list is always whole.
"""

from pydantic import JsonValue, TypeAdapter

from pipeline.config.merging import KEEP, REMOVE, REST
from pipeline.config.schema_parts import (
    NULL,
    Schema,
    as_schema,
    definitions,
    importable,
    reference,
    referred,
    whole,
)
from pipeline.speak.backends import SPEAKERS
from schemas.frozen import Weight
from schemas.pack import Pack

_CHANGES = "Changes"
_WEIGHT = TypeAdapter(Weight).json_schema()
_INCLUDE: JsonValue = {
    "type": "array",
    "items": {"type": "string"},
    "description": "files of this folder whose keys belong to the pack; lists of several files are joined",
}
_EXTENDS: JsonValue = {
    "type": "string",
    "description": "the pack that this one changes: the name of one that ships, or a folder relative to this one",
}
_REST: JsonValue = {
    "enum": [KEEP, 0],
    "description": "in a pack that extends another: options that are left out keep their weights (parent), or get 0",
}


def pack_schema() -> Schema:
    """What an editor completes a pack's files from. Backends that cannot be imported here take any settings."""
    found = definitions(Pack)
    _put_in_engines(found)
    _put_in_conditions(found)
    changes = _Changes(found)
    root = changes.mapping(found["Pack"])
    keys = as_schema(root["properties"])
    root["properties"] = {"extends": _EXTENDS, "include": _INCLUDE, **keys}
    root["title"] = "A prompt pack of Warmline"
    return whole(root, found | changes.made)


def _put_in_engines(found: dict[str, Schema]) -> None:
    """A voice's settings for each engine."""
    engines: Schema = {}
    for name in SPEAKERS.entries:
        module = importable(SPEAKERS, name)
        if module is None:
            engines[name] = {"type": "object"}
        else:
            found |= definitions(module.VoiceSettings, f"{name}.")
            engines[name] = reference(f"{name}.VoiceSettings")
    keys = as_schema(found["Voice"]["properties"])
    keys["engines"] = as_schema(keys["engines"]) | {"properties": engines, "additionalProperties": False}


def _put_in_conditions(found: dict[str, Schema]) -> None:
    """A condition's options may stand without brackets, which its model sees to on reading."""
    if "When" in found:
        keys = as_schema(found["When"]["properties"])
        for name, node in keys.items():
            keys[name] = {"anyOf": [{"type": ["string", "number"]}, node]}


class _Changes:
    """Definitions of what may stand in a file where only a part is given: `made`, by name."""

    def __init__(self, found: dict[str, Schema]) -> None:
        self._found = found
        self.made: dict[str, Schema] = {}

    def mapping(self, node: Schema) -> Schema:
        """Keys of a model: none is required."""
        keys = {key: self._or_null(as_schema(child)) for key, child in as_schema(node["properties"]).items()}
        return {key: child for key, child in node.items() if key != "required"} | {"properties": dict(keys)}

    def _part(self, node: Schema) -> Schema:
        name = referred(node)
        if name is not None:
            return node | self._named(name) if "properties" in self._found[name] else node
        if "anyOf" in node:
            return node | {"anyOf": [self._part(as_schema(child)) for child in _list(node["anyOf"])]}
        if node.get("type") == "array":
            return self._items(node)
        return self._options(node) if "additionalProperties" in node else node

    def _named(self, name: str) -> Schema:
        if name + _CHANGES not in self.made:
            self.made[name + _CHANGES] = {}
            self.made[name + _CHANGES] = self.mapping(self._found[name])
        return reference(name + _CHANGES)

    def _items(self, node: Schema) -> Schema:
        """A list; one of things with ids may say which to take out."""
        name = referred(as_schema(node["items"])) if isinstance(node.get("items"), dict) else None
        made = {key: child for key, child in node.items() if key != "minItems"}
        if (
            name is None
            or "properties" not in self._found[name]
            or "id" not in as_schema(self._found[name]["properties"])
        ):
            return made
        gone: JsonValue = {
            "type": "object",
            "properties": {"id": {"type": "string"}, REMOVE: {"const": True, "description": "takes it out"}},
            "required": ["id", REMOVE],
            "additionalProperties": False,
        }
        return made | {"items": {"anyOf": [node["items"], gone]}}

    def _options(self, node: Schema) -> Schema:
        """A mapping with any keys, or with those of an enum."""
        keys = as_schema(node.get("properties", {}))
        values = [*keys.values(), node["additionalProperties"]]
        made = {key: child for key, child in node.items() if key != "minProperties"}
        opened: Schema = {key: self._or_null(as_schema(child)) for key, child in keys.items()}
        if _WEIGHT in values:
            opened[REST] = _REST
        if opened:
            made["properties"] = opened
        if isinstance(others := node["additionalProperties"], dict):
            made["additionalProperties"] = self._or_null(others)
        return made

    def _or_null(self, node: Schema) -> Schema:
        part = self._part(node)
        said: Schema = {"description": part["description"]} if "description" in part else {}
        if isinstance(kind := part.get("type"), str):
            return part | {"type": [kind, "null"]}
        if "anyOf" in part:
            return part if NULL in _list(part["anyOf"]) else part | {"anyOf": [*_list(part["anyOf"]), NULL]}
        return {**said, "anyOf": [part, NULL]}


def _list(node: JsonValue) -> list[JsonValue]:
    if not isinstance(node, list):
        raise AssertionError(f"{node!r} is no list")
    return node
