"""What went wrong with a request to a model server, and who can mend it."""

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum

import aiohttp
import httpx2
from openai import APIConnectionError, APIError, APIResponseValidationError, APIStatusError

from schemas.frozen import Seconds

_LONGEST_WORDS = 200

_OVERLOADED = (429, 503, 504, 529)
_REFUSED_KEY = (401, 403)
_REFUSED_ITEM = (400, 413, 422)
_LATE = 408
_OF_THE_MOMENT = 409
_SERVER_FAULT = 500
_QUOTA = "insufficient_quota"


class BadAnswerError(Exception):
    """An answer that is none: HTML where JSON is due, a body cut off. The request is sent again."""


class Sort(Enum):
    """Whose fault it is, and so what follows."""

    TOO_MUCH = "the server has too much to do: fewer requests, later"
    LATE = "no answer in time"
    UNREACHABLE = "no connection, or one that broke"
    BROKEN = "the server's own fault"
    ITEM = "this request is refused: another may not be"
    KEY = "the key is refused"
    RUN = "every request would be refused"


@dataclass(frozen=True)
class Fault:
    """One request's fault: `words` are for the user, in one line, and never hold the key."""

    sort: Sort
    words: str
    retry_after: Seconds = 0.0


def fault_of(error: Exception, key: str) -> Fault | None:
    """What an exception of a call means, or None if it is no server's doing.

    The transport tells every break of a connection as a timeout, since it knows no other way to time out than ours.
    """
    match error:
        case APIStatusError():
            return _of_status(error, key)
        case TimeoutError():
            return Fault(Sort.LATE, "no answer in time")
        case APIConnectionError() | httpx2.RequestError() | aiohttp.ClientError():
            cause = error.__cause__ if isinstance(error, APIConnectionError) else error
            return Fault(Sort.UNREACHABLE, _one_line(str(cause or error), key) or "the connection broke")
        case BadAnswerError() | APIResponseValidationError() | json.JSONDecodeError():
            return Fault(Sort.BROKEN, _one_line(f"not the answer that is due: {error}", key))
    return None


def _of_status(error: APIStatusError, key: str) -> Fault:
    status = error.status_code
    words = f"HTTP {status}: {_words(error, key)}" if _words(error, key) else f"HTTP {status}"
    if status in _OVERLOADED:
        if error.code == _QUOTA:
            return Fault(Sort.RUN, words)
        return Fault(Sort.TOO_MUCH, words, _retry_after(error))
    if status == _LATE:
        return Fault(Sort.LATE, words, _retry_after(error))
    if status == _OF_THE_MOMENT or status >= _SERVER_FAULT:
        return Fault(Sort.BROKEN, words, _retry_after(error))
    if status in _REFUSED_KEY:
        return Fault(Sort.KEY, f"HTTP {status}")  # the server's own words may quote the key
    return Fault(Sort.ITEM if status in _REFUSED_ITEM else Sort.RUN, words)


def _words(error: APIError, key: str) -> str:
    """What the server said: the message of its JSON, or the beginning of what else it sent."""
    body = error.body
    if isinstance(body, dict):
        for part in ("message", "detail", "error"):
            if body.get(part):
                return _one_line(str(body[part]), key)
    return _one_line("" if body is None else str(body), key)


def _one_line(text: str, key: str) -> str:
    """One line without the key, cut to a readable length.

    >>> _one_line("no   model for sk-secret", "sk-secret")
    'no model for ***'
    """
    line = " ".join((text.replace(key, "***") if key else text).split())
    return line if len(line) <= _LONGEST_WORDS else f"{line[:_LONGEST_WORDS]}…"


def _retry_after(error: APIStatusError) -> Seconds:
    """`Retry-After` in seconds, given as seconds or as a date (RFC 9110, 10.2.3); 0 if it is absent or unreadable."""
    text = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
