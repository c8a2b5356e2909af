"""What the Hub's refusals mean to a user, in one line with the mend. No token is ever shown."""

from collections.abc import Iterator

from pipeline.engine.errors import StorageError, UsageError, WarmlineError

_DROPPED = ("ConnectTimeout", "PoolTimeout", "ReadError", "ReadTimeout", "RemoteProtocolError", "WriteError")
_UNREACHABLE = (*_DROPPED, "ConnectError", "ConnectionError", "LocalEntryNotFoundError")
_CUT_OFF = "Consistency check failed"
_OVERLOADED = (408, 429, 500, 502, 503, 504)
_REFUSED = (401, 403)
_LOG_IN = "run `hf auth login`, or set HF_TOKEN"
_LONGEST = 160


def may_pass(error: Exception) -> bool:
    """Whether the same request may be answered a little later."""
    return _status(error) in _OVERLOADED or any(
        type(one).__name__ in _DROPPED or str(one).startswith(_CUT_OFF) for one in _chain(error)
    )


def refusal(error: Exception, url: str) -> WarmlineError:
    """The error to raise for what the library raised."""
    if isinstance(error, WarmlineError):
        return error
    names, status = [type(one).__name__ for one in _chain(error)], _status(error)
    page = url.removeprefix("hf://datasets/").partition("@")[0]
    page = "/".join(page.split("/")[:2])
    if "GatedRepoError" in names:
        return UsageError(f"{url} is gated: ask for access on the page of {page}, then {_LOG_IN}")
    if "RevisionNotFoundError" in names:
        return UsageError(f"{url}: {page} has no such revision: name a branch, a tag or a commit of it")
    if "RepositoryNotFoundError" in names:
        return UsageError(
            f"{url}: there is no such dataset on the Hub, or it is private: correct the name "
            f"(or the folder's, if you mean one); if it is private, {_LOG_IN}"
        )
    if "HFValidationError" in names:
        return UsageError(f"{url} names no dataset: write hf://datasets/OWNER/NAME, with @REVISION if you like")
    if status in _REFUSED:
        return UsageError(f"{url}: the Hub does not accept the token (HTTP {status}): {_LOG_IN}")
    return StorageError(f"{url} cannot be read: {_why(error, names, status)}; what was fetched is kept")


def _why(error: Exception, names: list[str], status: int | None) -> str:
    if "OfflineModeIsEnabled" in names:
        return "HF_HUB_OFFLINE is set: take it away, or name a folder with the dataset's files"
    if status in _OVERLOADED:
        return f"the Hub is overloaded or broken (HTTP {status}): wait a while, then run the same command again"
    if any(name in _UNREACHABLE for name in names):
        return (
            f"the Hub does not answer ({_said(error)}): see to the network and to HF_ENDPOINT, or fetch the dataset "
            "elsewhere with `hf download` and name the folder"
        )
    return _said(error)


def _said(error: Exception) -> str:
    """The innermost cause in one line; the library's own advice follows it in further sentences."""
    causes = [" ".join(str(one).split()) for one in _chain(error)]
    said = next((cause for cause in reversed(causes) if cause), type(error).__name__)
    return said.split(". ")[0].rstrip(".")[:_LONGEST]


def _status(error: Exception) -> int | None:
    """The HTTP status that the Hub answered, if it is why."""
    from huggingface_hub.errors import HfHubHTTPError

    return next((one.response.status_code for one in _chain(error) if isinstance(one, HfHubHTTPError)), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
