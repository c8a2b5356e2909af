"""Object stores (s3://, gs://, az://) through fsspec: how they are reached, and what their refusals mean to a user."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

import fsspec
from fsspec import AbstractFileSystem

from pipeline.engine.errors import StorageError, UsageError, WarmlineError

_LIBRARIES = {
    "s3": ("s3fs", "pip install 'warmline[s3]'"),
    "s3a": ("s3fs", "pip install 'warmline[s3]'"),
    "gs": ("gcsfs", "pip install gcsfs"),
    "gcs": ("gcsfs", "pip install gcsfs"),
    "az": ("adlfs", "pip install adlfs"),
    "abfs": ("adlfs", "pip install adlfs"),
}
"""Stores whose uploads are whole or absent. sftp:// and the like are not: a run there could not survive a kill."""

MOST_REQUESTS = 32
"""Requests in flight from one process."""

_TIMEOUTS = {"connect_timeout": 5, "read_timeout": 10}
_ATTEMPTS = 3
_ROUNDS = 2
"""A store that answers nothing is given up after 10 s × 3 × 2, one that refuses connections after 3 s."""

_REFUSALS = {
    "access denied": ("403", "AccessDenied", "AccountProblem", "AllAccessDisabled", "PermissionError"),
    "no credentials": ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "DefaultCredentialsError"),
    "the credentials are not accepted": (
        "AuthorizationHeaderMalformed",
        "CredentialRetrievalError",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "RefreshError",
        "SSOTokenLoadError",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    ),
    "no such bucket": ("NoSuchBucket",),
    "no such file": ("404", "FileNotFoundError", "NoSuchKey"),
    "the store does not answer": (
        "ClientConnectorError",
        "ClientPayloadError",
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "EndpointConnectionError",
        "FSTimeoutError",
        "HTTPClientError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "SSLError",
        "ServerDisconnectedError",
        "TimeoutError",
    ),
    "the store is overloaded or broken": ("500", "503", "InternalError", "ServiceUnavailable", "SlowDown"),
}

_MENDS = {
    "access denied": "the credentials in use must be allowed to list, read, write and delete there",
    "no credentials": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role",
    "the credentials are not accepted": "renew or correct them, and see that they belong to this store",
    "no such bucket": "make it, or correct its name or AWS_ENDPOINT_URL",
    "the store does not answer": "see to the network and to AWS_ENDPOINT_URL",
    "the store is overloaded or broken": "wait a while, or set AWS_MAX_ATTEMPTS higher",
}

_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_LONGEST = 200


_NO_STORES = ("file", "local", "memory")


def is_store(url: str) -> bool:
    """Whether it is a URL of something other than this machine."""
    scheme, found, _ = url.partition("://")
    return bool(found) and scheme not in _NO_STORES


def connect(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system of a store's URL, and the path in it. Nothing is asked of the store yet.

    Raises UsageError for a scheme that cannot hold a run, a missing library, a missing bucket, or credentials in the
    URL: it is shown and recorded.
    """
    scheme, _, place = url.partition("://")
    bucket = place.partition("/")[0]
    if scheme not in _LIBRARIES:
        raise UsageError(
            f"{scheme}:// cannot hold a run: give a folder, or a URL that begins with s3://, gs:// or az://"
        )
    if re.search(":.*@", bucket):
        raise UsageError(
            f"credentials do not belong in a {scheme}:// URL, which is shown and recorded: give the URL without them, "
            "and the credentials in the environment"
        )
    if not bucket:
        raise UsageError(f"{url} names no bucket: give {scheme}://BUCKET/RUN")
    return _file_system(scheme, bucket, os.getpid()), str(fsspec.core.strip_protocol(url))


@lru_cache
def _file_system(scheme: str, bucket: str, process: int) -> AbstractFileSystem:  # noqa: ARG001 -- a fork needs its own
    """One client a process, whichever thread asks: fsspec's own cache would make one a thread, 0.3 s each.

    Listings are not cached: other processes write into the same folders.
    """
    library, install = _LIBRARIES[scheme]
    options: dict[str, object] = {"use_listings_cache": False, "skip_instance_cache": True}
    if library == "s3fs":
        # Without ranges in parallel a file is read in one request, without asking for its size first.
        options |= {"max_concurrency": 1, "config_kwargs": _s3_settings()}
    try:
        filesystem, _ = fsspec.core.url_to_fs(f"{scheme}://{bucket}", **options)
    except ImportError as error:
        raise UsageError(f"{scheme}:// needs {library}: {install}") from error
    if library == "s3fs":
        filesystem.retries = _ROUNDS
    return filesystem


def _s3_settings() -> dict[str, object]:
    """Settings of the client: quick to give up, many connections. What the user has set elsewhere goes first."""
    settings: dict[str, object] = {**_TIMEOUTS, "max_pool_connections": MOST_REQUESTS}
    if not {"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"} & os.environ.keys():
        settings["retries"] = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    configured = fsspec.config.conf
    if "s3" in configured and "config_kwargs" in configured["s3"]:
        settings |= configured["s3"]["config_kwargs"]
    return settings


@contextmanager
def told(url: str, doing: str) -> Iterator[None]:
    """Whatever the store's library raises inside becomes a StorageError in one line: what, where, why, and the mend."""
    try:
        yield
    except WarmlineError:
        raise
    except Exception as error:  # each store's library raises its own
        raise refused(url, doing, error) from error


def refused(url: str, doing: str, error: Exception) -> StorageError:
    """The error to raise. No credentials are shown, whatever the library's own text holds."""
    word = _word(error)
    said = _said(error, os.environ)
    for refusal, words in _REFUSALS.items():
        if word in words:
            mend = f": {_MENDS[refusal]}, then run the same command again" if refusal in _MENDS else ""
            return StorageError(f"{url}: cannot be {doing}: {refusal} ({said}){mend}; what was finished is kept")
    return StorageError(f"{url}: cannot be {doing}: {word}: {said}; what was finished is kept")


def _word(error: BaseException) -> str:
    """What is wrong in one word: the code that S3 answered, or else the error's class."""
    for one in (error, error.__cause__):
        match getattr(one, "response", None):
            case {"Error": {"Code": str(code)}}:
                return code
    return type(error).__name__


def is_missing(error: Exception) -> bool:
    """Whether it only says that there is no such file, in a bucket that is there."""
    return isinstance(error, FileNotFoundError) and _word(error) != "NoSuchBucket"


def _said(error: Exception, environment: Mapping[str, str]) -> str:
    """The library's own text, in one line, without secrets."""
    text = " ".join(str(error).split()).rstrip(".")
    for name in _SECRETS:
        if environment.get(name):
            text = text.replace(environment[name], "…")
    text = re.sub(r"//[^/@\s]+@", "//…@", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
