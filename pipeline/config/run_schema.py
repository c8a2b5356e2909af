"""The JSON Schema of a run file: its keys, and for each backend that is named the settings that it takes."""

from pydantic import JsonValue

from pipeline.config.calibration import KEY as CALIBRATION
from pipeline.config.schema_parts import Schema, as_schema, definitions, importable, reference, referred, whole
from pipeline.engine.backends import Registry
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
from schemas.recipe import PRESETS
from schemas.run import RunConfig

_REGISTRIES = (
    ("RunConfig", "write", WRITERS),
    ("RunConfig", "judge", JUDGES),
    ("RunConfig", "speak", SPEAKERS),
    ("ScoreBackends", "asr", SPEECH_RECOGNISERS),
    ("ScoreBackends", "ser", EMOTION_RECOGNISERS),
    ("ScoreBackends", "second_ser", EMOTION_RECOGNISERS),
    ("ScoreBackends", "mos", QUALITY_JUDGES),
    ("ScoreBackends", "likeness", VOICE_COMPARERS),
    ("ScoreBackends", "words", WORD_ALIGNERS),
)


def run_schema() -> Schema:
    """What an editor completes a run file from. Backends that cannot be imported here take any settings."""
    found = definitions(RunConfig)
    for owner, key, registry in _REGISTRIES:
        keys = as_schema(found[owner]["properties"])
        keys[key] = _with_backends(as_schema(keys[key]), registry, found)
    as_schema(found["UnitsBackend"]["properties"])["backend"] = {"enum": list(ENCODERS.entries)}
    found["UnitsBackend"]["allOf"] = [*_settings(ENCODERS, found)]
    as_schema(found["Limits"]["properties"])[CALIBRATION] = {
        "type": "string",
        "description": "file of thresholds that `warmline calibrate` wrote; what stands here goes before them",
    }
    as_schema(found["Recipe"]["properties"])["preset"] = {
        "enum": list(PRESETS),
        "description": "a recipe by name; keys beside it change it",
    }
    return whole({"title": "A run file of Warmline", **found["RunConfig"]}, found)


def _with_backends(node: Schema, registry: Registry, found: dict[str, Schema]) -> Schema:
    """The node with the backends of that registry in place of any."""
    if isinstance(options := node.get("anyOf"), list):
        return node | {"anyOf": [_with_backends(as_schema(option), registry, found) for option in options]}
    general = referred(node)
    if general is None:
        return node
    name = f"{registry.stage}.{general}"
    if name not in found:
        model = found[general]
        keys = as_schema(model["properties"]) | {"backend": {"enum": list(registry.entries)}}
        found[name] = model | {"properties": keys, "allOf": [*_settings(registry, found)]}
    return node | reference(name)


def _settings(registry: Registry, found: dict[str, Schema]) -> list[JsonValue]:
    """If that backend is named, then these are its settings."""
    made: list[JsonValue] = []
    for backend in registry.entries:
        module = importable(registry, backend)
        if module is None:
            continue
        prefix = f"{registry.stage}.{backend}."
        found |= definitions(module.Settings, prefix)
        name = f"{prefix}{module.Settings.__name__}"
        then: Schema = {"properties": {"settings": reference(name)}}
        if found[name].get("required"):
            then["required"] = ["settings"]
        named: JsonValue = {"properties": {"backend": {"const": backend}}, "required": ["backend"]}
        made.append({"if": named, "then": then})
    return made
