"""Keys: what a result depends on, as 32 hexadecimal digits."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from pydantic import BaseModel, JsonValue

Ingredient = BaseModel | JsonValue | Mapping[str, "Ingredient"] | Sequence["Ingredient"]
"""What a fingerprint can be taken of: models, and anything JSON can say of them."""


def _plain(part: Ingredient) -> JsonValue:
    if isinstance(part, BaseModel):
        dumped: JsonValue = part.model_dump(mode="json")
        return dumped
    if isinstance(part, Mapping):
        return {str(key): _plain(value) for key, value in part.items()}
    if isinstance(part, Sequence) and not isinstance(part, str):
        return [_plain(value) for value in part]
    return part


def fingerprint(*parts: Ingredient) -> str:
    """The blake2b-128 of the parts' canonical JSON. The order of a mapping's keys does not matter, that of parts does.

    >>> fingerprint("speak", {"a": 1, "b": 2}) == fingerprint("speak", {"b": 2, "a": 1})
    True
    >>> fingerprint("ab", "c") == fingerprint("a", "bc")
    False
    """
    text = json.dumps([_plain(part) for part in parts], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def seed_from(*parts: Ingredient) -> int:
    """A seed in 0..2**63−1 that depends on the parts alone."""
    return int(fingerprint(*parts)[:16], 16) >> 1
