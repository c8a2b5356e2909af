"""How much of a JSON schema a chat server knows, and so what it is asked to hold a model to.

Servers differ. vLLM, SGLang and llama.cpp take all that is asked here. Strict modes of hosted models take a part: no
bounds of texts or lists, and schemas of a limited size. Others know JSON but no schema, or not even that. Whatever a
server is told, every reply is checked here in full.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from pydantic import JsonValue

_BOUNDS = frozenset({"minLength", "maxLength", "minItems", "maxItems"})
_MOST = {"values in its enumerations": 1000, "keys": 5000, "characters of keys and values": 15_000, "levels": 5}
"""OpenAI's limits on a strict schema; of characters and levels, since raised, the lower figure, as others have it."""

_OF_SCHEMAS = re.compile(
    r"schema|response_format|json_object|grammar|guided|structured.?output|(?:min|max)_?(?:length|items)", re.IGNORECASE
)
_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)


class Dialect(StrEnum):
    """What a server is sent as `response_format`.

    `full`: the schema. `strict`: that, without bounds of texts and lists. `object`: that JSON is due. `none`: nothing.
    """

    FULL = "full"
    STRICT = "strict"
    OBJECT = "object"
    NONE = "none"

    @property
    def tells_the_shape(self) -> bool:
        """Whether the server learns the shape; else the model has it from the prompts alone."""
        return self in {Dialect.FULL, Dialect.STRICT}

    def form(self, schema: Mapping[str, JsonValue]) -> dict[str, JsonValue] | None:
        """The request's `response_format` for a schema, or None for none."""
        match self:
            case Dialect.FULL | Dialect.STRICT:
                asked = dict(schema) if self is Dialect.FULL else _unbounded(schema)
                return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": asked}}
            case Dialect.OBJECT:
                return {"type": "json_object"}
            case Dialect.NONE:
                return None

    def too_much(self, schema: Mapping[str, JsonValue]) -> Iterator[str]:
        """What of a schema is more than such servers take, each in a few words."""
        if self is Dialect.STRICT:
            sizes = dict(zip(_MOST, _sizes(schema), strict=True))
            yield from (
                f"{size:,} {what}, {_MOST[what]:,} at the most" for what, size in sizes.items() if size > _MOST[what]
            )

    @property
    def next(self) -> str:
        """A dialect that asks less of the server."""
        order = list(Dialect)
        return str(order[min(order.index(self) + 1, len(order) - 1)])


def blames_the_schema(words: str) -> bool:
    """Whether a server's refusal is about the schema, and not about the request's size or content.

    >>> blames_the_schema("HTTP 400: Invalid schema for response_format 'reply': 'minLength' is not permitted.")
    True
    >>> blames_the_schema("HTTP 400: This model's maximum context length is 4096 tokens.")
    False
    """
    return _OF_SCHEMAS.search(words) is not None


def untold_keys(schema: Mapping[str, JsonValue], prompts: str) -> list[str]:
    """What the prompts do not name of what has to be in a reply: its keys in double quotes, and that it is JSON.

    >>> untold_keys({"properties": {"text": {"type": "string"}, "mood": {}}}, 'Give JSON: "text" is what you say.')
    ['"mood"']
    """
    wanted = [f'"{key}"' for key in _keys(dict(schema))]
    return [*([] if "json" in prompts.lower() else ["JSON"]), *(key for key in wanted if key not in prompts)]


def nobody_tells(missing: Sequence[str], dialect: Dialect) -> str:
    """The complaint about prompts that leave out what the server is not told either."""
    return (
        f"with schema_dialect: {dialect} the model knows the shape of its reply from the prompts alone, "
        f"which do not name {', '.join(missing)}: say what to give, such as JSON with the key {missing[-1]}"
    )


def unfenced(text: str) -> str:
    r"""What stands in a code block, where a model that was told of no schema puts its JSON.

    >>> unfenced('```json\n{"text": "Yes."}\n```')
    '{"text": "Yes."}'
    """
    fenced = _FENCED.fullmatch(text)
    return fenced[1] if fenced else text


def _unbounded(schema: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: _inside(value) for key, value in schema.items() if key not in _BOUNDS}


def _inside(value: JsonValue) -> JsonValue:
    return _unbounded(value) if isinstance(value, dict) else value


def _sizes(schema: Mapping[str, JsonValue]) -> tuple[int, int, int, int]:
    """Of a schema: enumerated values, keys, their characters, and levels of nesting."""
    keys, values = _keys(dict(schema)), list[str]()
    for part in _parts(dict(schema)):
        listed = part.get("enum")
        values += map(str, listed) if isinstance(listed, list) else []
    return len(values), len(keys), sum(map(len, values + keys)), _levels(dict(schema))


def _keys(schema: JsonValue) -> list[str]:
    """Those of all objects in it."""
    found = [part["properties"] for part in _parts(schema) if "properties" in part]
    return [key for one in found if isinstance(one, dict) for key in one]


def _parts(node: JsonValue) -> Iterator[Mapping[str, JsonValue]]:
    """The schema and every schema in it."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _parts(value)


def _levels(node: JsonValue) -> int:
    """How deep objects and lists lie in each other."""
    if not isinstance(node, dict):
        return 0
    return ("type" in node and node["type"] in {"object", "array"}) + max(map(_levels, node.values()), default=0)
