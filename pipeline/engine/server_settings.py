"""Where a model server is, and how hard it may be pressed; checked without any client library."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, field_validator

from pipeline.engine.errors import UsageError
from schemas.frozen import Frozen, Seconds


def leaving(ours: frozenset[str], why: str = "") -> AfterValidator:
    """For a setting that holds further fields of a request: it may not hold those that are ours to fill."""

    def check(extra: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        if taken := sorted(ours & extra.keys()):
            raise ValueError(f"{', '.join(taken)} cannot be set here{why}")
        return extra

    return AfterValidator(check)


class ServerSettings(Frozen):
    """Where a model server is and how hard it may be pressed.

    `key_variable` names the environment variable that holds the key; the key itself stands nowhere. `requests` are in
    flight at most; `timeout` is for one answer, `patience` for one item's faults until it is given up.
    """

    base_url: str = "http://127.0.0.1:8000/v1"
    model: str = Field(min_length=1)
    key_variable: str = Field(default="OPENAI_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    requests: int = Field(default=64, ge=1, le=4096)
    timeout: Seconds = Field(default=120.0, gt=0)
    patience: Seconds = Field(default=300.0, ge=0)

    @field_validator("base_url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an address such as http://127.0.0.1:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must be scheme, host, port and path only: a key belongs in the environment")
        return url.rstrip("/")

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    def key(self) -> str:
        """The key, from the environment, or "". Raises UsageError that names the variable if one is needed."""
        key = os.environ.get(self.key_variable, "").strip()
        if not key and not self.is_loopback:
            raise UsageError(
                f"{self.base_url} wants a key: put it in the environment variable {self.key_variable} "
                "(any word, if the server asks for none), or name another with key_variable"
            )
        if not (key.isascii() and key.isprintable()):
            raise UsageError(f"the key in {self.key_variable} holds signs that no key has: was it pasted whole?")
        return key
