"""The JSON Schemas that editors complete from: what is right validates, what is misspelt does not."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from flows.schema_command import mark_pack, schema_command, schema_text, write_schemas
from flows.schema_of import SchemaOf
from pipeline.config.includes import read_folder
from pipeline.config.pack import load_pack
from pipeline.config.pack_schema import pack_schema
from pipeline.config.run import copy_pack, shipped, shipped_packs
from pipeline.config.run_schema import run_schema
from pipeline.config.schema_parts import Schema, as_schema
from pipeline.config.source import Node, read_document
from pipeline.engine.backends import Entry, Registry
from pipeline.engine.errors import UsageError
from tests.config.small_pack import write_child, write_small

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module")
def pack() -> Schema:
    return pack_schema()


@pytest.fixture(scope="module")
def run() -> Schema:
    return run_schema()


def complaints(schema: Schema, data: object) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(data)]


def written(file: Path) -> Node:
    return read_document(file, file.name).data


def at(schema: Schema, *path: str) -> JsonValue:
    """What stands at a path of keys, through references and `anyOf`."""
    node: JsonValue = schema
    for key in path:
        for name in ("properties", key) if key != "*" else ("additionalProperties",):
            node = as_schema(_found(schema, node))[name]
    return _found(schema, node)


def _found(schema: Schema, node: JsonValue) -> JsonValue:
    inner = as_schema(node)
    while "$ref" in inner or "anyOf" in inner:
        options = inner.get("anyOf")
        name = str(inner.get("$ref")).removeprefix("#/$defs/")
        inner = as_schema(options[0] if isinstance(options, list) else as_schema(schema["$defs"])[name])
    return inner


def test_both_are_schemas(pack: Schema, run: Schema) -> None:
    for schema in (pack, run):
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", shipped_packs())
def test_every_file_of_the_shipped_packs_is_right(pack: Schema, name: str) -> None:
    document, files = read_folder(shipped(name))
    assert not document.faults
    assert {file: complaints(pack, written(shipped(name) / file)) for file in files} == {file: [] for file in files}


@pytest.mark.parametrize("file", sorted(shipped("").glob("*.yaml")), ids=lambda file: file.name)
def test_the_shipped_run_files_are_right(run: Schema, file: Path) -> None:
    assert complaints(run, written(file)) == []


@pytest.mark.parametrize(
    "right",
    [
        "user_emotions: {sad: 5, rest: parent}",
        "turns: {2: 1, rest: 0}",
        "user_emotions: {sad: null, rest: parent}",
        "deliveries: {sad: {prosody: {rate: 0.9}, languages: {zh: {instruction: x}}, tags: [sigh]}}",
        "deliveries: {sad: {prosody: {rate: null}}}",
        "voices: [{id: lily, remove: true}]",
        "user: {age: {young: 1, rest: 0}}",
        "phrasebook: null",
        "writing: {longest_turn: 300}",
    ],
)
def test_what_a_pack_may_say_that_extends_another_is_right(pack: Schema, tmp_path: Path, right: str) -> None:
    child = write_child(tmp_path, right, "empathy")
    assert complaints(pack, written(child / "pack.yaml")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "user_emotion: {sad: 1}",
        "user_emotions: {sad: often}",
        "user_emotions: {sad: -1}",
        "user_emotions: {sad: 1, rest: all}",
        "kinds: {dialog: 1}",
        "user: {gender: {femal: 1}}",
        "deliveries: {sad: {prosodie: {}}}",
        "deliveries: {sad: {prosody: {rate: 9}}}",
        "deliveries: {sad: {tags: ['[sigh]']}}",
        "voices: [{id: lily}]",
        "voices: [{id: lily, remove: true, weight: 2}]",
        "voices: [{id: a, gender: male, age: adult, licence: x, consent: x, engines: {espaek: {}}}]",
        "voices: [{id: a, gender: male, age: adult, licence: x, consent: x, engines: {espeak: {varient: f5}}}]",
        "voices: [{id: a, gender: male, age: adult, licence: x, consent: x, clips: {neutral: {audio: a.wav}}}]",
        "voices: [{id: a, gender: male, age: adult, licence: x, consent: x, clips: {neutral: {digest: x}}}]",
        "situations: [{id: a, about: x, emotions: {sad: 1}, opning: []}]",
        "include: voices.yaml",
        "extends: [empathy]",
    ],
)
def test_what_a_pack_may_not_say_is_wrong(pack: Schema, tmp_path: Path, wrong: str) -> None:
    (tmp_path / "pack.yaml").write_text(wrong)
    assert complaints(pack, written(tmp_path / "pack.yaml"))


RUN = "pack: empathy\nsize: 3\n"


@pytest.mark.parametrize(
    "right",
    [
        "gate: {calibration: calibration.yaml, wer: 0.1}",
        "interleave: {preset: opens2s, text_span: 2}",
        "speak: {backend: openai_speech, settings: {model: m, tags: [sigh]}, workers: 2}",
        "score: {asr: {backend: pocketsphinx}, ser: {backend: prosody, labels: {sad: [low]}}, mos: {backend: dnsmos}}",
        "units: [{backend: s3, rate: 25, size: 6561}]",
        "units: [{backend: glm4voice, settings: {model: m, device: cpu}}, {backend: kmeans}]",
        "interleave: {text_span: 4, first: [[1, 8]], tail: join, markers: {end: x}, tokenizer: tokenizer.json}",
    ],
)
def test_what_a_run_file_may_say_is_right(run: Schema, tmp_path: Path, right: str) -> None:
    (tmp_path / "run.yaml").write_text(RUN + right)
    assert complaints(run, written(tmp_path / "run.yaml")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "sise: 60",
        "speak: {backend: espaek}",
        "speak: {backend: espeak, settings: {secs: 3}}",
        "speak: {backend: cosyvoice, settings: {checkout: c, model: m, version: 4}}",
        "write: {backend: openai}",
        "write: {backend: espeak}",
        "score: {asr: {backend: prosody}, ser: {backend: prosody}}",
        "score: {asr: {backend: pocketsphinx}, ser: {backend: prosody}, likeness: {backend: dnsmos}}",
        "interleave: {preset: openss}",
        "gate: {wre: 0.1}",
        "units: [{backend: kmeens}]",
        "units: [{backend: glm4voice}]",
        "units: [{backend: mimi, settings: {modell: m}}]",
        "interleave: {tail: wag}",
    ],
)
def test_what_a_run_file_may_not_say_is_wrong(run: Schema, tmp_path: Path, wrong: str) -> None:
    (tmp_path / "run.yaml").write_text(RUN + wrong)
    assert complaints(run, written(tmp_path / "run.yaml"))


def test_keys_have_words_of_their_own_and_what_is_filled_in_is_not_offered(pack: Schema) -> None:
    rate = as_schema(at(pack, "deliveries", "*", "prosody", "rate"))
    assert rate["description"] == "multiplies the words per time"
    clip = as_schema(as_schema(pack["$defs"])["Clip"])
    assert set(as_schema(clip["properties"])) == {"audio", "transcript", "language"}


def test_enums_are_offered_as_keys(pack: Schema) -> None:
    assert {"child", "young", "adult", "elderly"} <= set(as_schema(as_schema(at(pack, "user", "age"))["properties"]))


def test_settings_of_a_backend_that_cannot_be_imported_are_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {"espeak": Entry("nowhere", ("no_such_library",), ""), "broken": Entry("no_such_library", (), "")}
    registry = Registry("speak", absent)
    monkeypatch.setattr("pipeline.config.pack_schema.SPEAKERS", registry)
    monkeypatch.setattr("pipeline.config.run_schema._REGISTRIES", (("RunConfig", "speak", registry),))
    voice = {"id": "a", "gender": "male", "age": "adult", "licence": "x", "consent": "x"}
    assert complaints(pack_schema(), {"voices": [voice | {"engines": {"espeak": {"x": 1}}}]}) == []
    config = {"pack": "p", "size": 1}
    assert complaints(run_schema(), config | {"speak": {"backend": "broken", "settings": {"x": 1}}}) == []
    assert complaints(run_schema(), config | {"speak": {"backend": "brokn"}})


def test_the_schemas_are_written_beside_and_named_by_every_file_of_a_pack(tmp_path: Path) -> None:
    write_small(tmp_path / "small")
    child = write_child(tmp_path / "child", "", "../small")
    copy_pack(child, tmp_path / "mine/pack")
    made = load_pack(tmp_path / "mine/pack").pack

    said = write_schemas(tmp_path / "mine")
    mark_pack(tmp_path / "mine/pack")

    assert said.endswith("# yaml-language-server: $schema=pack.schema.json")
    for file in (tmp_path / "mine/pack").rglob("*.yaml"):
        first, _, _ = file.read_text().partition("\n")
        named = (file.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
        assert named == (tmp_path / "mine" / SchemaOf.PACK.file_name).resolve()
        assert named.read_text() == schema_text(SchemaOf.PACK) + "\n"
    assert load_pack(tmp_path / "mine/pack").pack == made


def test_one_is_printed_or_written_and_both_are_only_written(tmp_path: Path) -> None:
    assert json.loads(schema_command(SchemaOf.RUN, None)) == run_schema()
    with pytest.raises(UsageError, match="say which: warmline schema pack"):
        schema_command(None, None)
    schema_command(SchemaOf.RUN, tmp_path / "one")
    assert [file.name for file in (tmp_path / "one").iterdir()] == ["run.schema.json"]
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file/deeper cannot be written: "):
        schema_command(None, tmp_path / "file/deeper")
