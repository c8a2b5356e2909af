"""How much of a schema a server is asked for."""

import json

import pytest
from pydantic import JsonValue

from pipeline.engine.chat import json_object
from pipeline.engine.schema_dialect import Dialect, blames_the_schema, unfenced, untold_keys
from pipeline.write.replies import Shape

DIALOGUE = Shape(exchanges=3, longest=400, reasoning=True).schema


def told(dialect: Dialect) -> str:
    return json.dumps(dialect.form(DIALOGUE))


def enumerated(count: int, letters: int = 4) -> dict[str, JsonValue]:
    return Shape(None, 400, emotions=tuple(f"{n:0{letters}}" for n in range(count))).schema


def test_a_strict_server_is_asked_for_the_same_shape_without_bounds() -> None:
    full, strict = told(Dialect.FULL), told(Dialect.STRICT)
    assert [word in full for word in ("minLength", "maxLength", "minItems", "maxItems")] == [True] * 4
    assert not [word for word in ("minLength", "maxLength", "minItems", "maxItems") if word in strict]
    for kept in ('"strict": true', '"additionalProperties": false', '"required": ["reasoning", "exchanges"]'):
        assert kept in strict


def test_other_servers_are_asked_for_json_or_for_nothing() -> None:
    assert Dialect.OBJECT.form(DIALOGUE) == {"type": "json_object"}
    assert Dialect.NONE.form(DIALOGUE) is None


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (enumerated(1001), "1,001 values in its enumerations, 1,000 at the most"),
        (enumerated(900, letters=20), "18,011 characters of keys and values, 15,000 at the most"),
        (json_object({f"{n}": {"type": "string"} for n in range(5001)}), "5,001 keys, 5,000 at the most"),
    ],
)
def test_a_schema_that_is_too_much_for_strict_servers_is_so_for_no_others(
    schema: dict[str, JsonValue], fault: str
) -> None:
    assert fault in list(Dialect.STRICT.too_much(schema))
    assert [list(other.too_much(schema)) for other in Dialect if other is not Dialect.STRICT] == [[]] * 3


def test_levels_of_nesting_are_counted() -> None:
    deep = json_object({"text": {"type": "string"}})
    for _ in range(5):
        deep = json_object({"more": deep})
    assert list(Dialect.STRICT.too_much(deep)) == ["6 levels, 5 at the most"]


def test_what_is_asked_of_a_model_here_is_within_the_limits() -> None:
    assert not list(Dialect.STRICT.too_much(DIALOGUE))
    assert not list(Dialect.STRICT.too_much(enumerated(1000)))


def test_prompts_have_to_name_json_and_every_key_if_nobody_else_does() -> None:
    assert untold_keys(DIALOGUE, "Write a dialogue.") == ["JSON", '"reasoning"', '"exchanges"', '"user"', '"assistant"']
    assert untold_keys(DIALOGUE, 'JSON: "reasoning", "exchanges" with "user" and "assistant"') == []


@pytest.mark.parametrize(
    "words",
    [
        "Invalid schema for response_format 'reply': In context=('properties', 'text'), 'minLength' is not permitted.",
        "The provided JSON schema contains features not supported by xgrammar.",
        "This response_format type is unavailable now",
        "failed to parse grammar",
    ],
)
def test_a_refusal_of_the_schema_is_told_from_others(words: str) -> None:
    assert blames_the_schema(words)
    assert not blames_the_schema("This model's maximum context length is 2048 tokens. However, you requested 2101.")


def test_only_a_block_that_is_all_of_the_reply_is_taken_out_of_its_fence() -> None:
    assert unfenced('```\n{"a": 1}\n```\n') == '{"a": 1}'
    for other in ('{"a": 1}', 'Here: ```json\n{"a": 1}\n```', "``` ```"):
        assert unfenced(other) == other


def test_each_dialect_names_one_that_asks_for_less() -> None:
    assert [dialect.next for dialect in Dialect] == ["strict", "object", "none", "none"]
