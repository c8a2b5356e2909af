"""A dataset of the Hugging Face Hub as a folder that is read, at one commit, whatever is pushed meanwhile.

A shard is fetched whole when it is first read, into the Hub's own cache, which `datasets` and `hf` share; so reading
twice, or by many workers of a machine, fetches once. Of a shard's end alone, which says what is in it, a few kilobytes
are asked for.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from pipeline.corpus.hub_refusals import may_pass, refusal
from pipeline.engine.errors import UsageError
from pipeline.engine.transfer import RangedFile
from schemas.frozen import Seconds

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Answer = TypeVar("Answer")

HUB = "hf://"
PAUSES: list[Seconds] = [1.0, 2.0, 4.0, 8.0]
"""Between one try of a request and the next; after the last it is given up."""

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[^@\s]+)?")
_END = 64 * 1024
_DATASETS = "datasets"


def dataset_name(place: str) -> str | None:
    """OWNER/NAME or OWNER/NAME@REVISION if that is what the place means; None if it is a folder or a bucket.

    Without `hf://` it is one only where there is no folder OWNER. Raises UsageError for hf:// and no name.

    >>> dataset_name("hf://datasets/ann/calls@v2"), dataset_name("ann/calls"), dataset_name("s3://bucket/run")
    ('ann/calls@v2', 'ann/calls', None)
    """
    if place.startswith(HUB):
        name = place.removeprefix(HUB).removeprefix(f"{_DATASETS}/").rstrip("/")
        if not _NAME.fullmatch(name):
            raise UsageError(f"{place} names no dataset: write hf://datasets/OWNER/NAME, with @REVISION if you like")
        return name
    owner = Path(place).parts[0] if place else ""
    return place if _NAME.fullmatch(place) and not Path(owner).exists() else None


def on_the_hub(name: str) -> "HubFolder":
    """The dataset as it is now, or at the revision that is named.

    Raises UsageError if there is none, if it is not given to this user, or without huggingface_hub; StorageError if
    the Hub cannot be reached.
    """
    repo, _, revision = name.partition("@")
    url = f"{HUB}{_DATASETS}/{name}"
    found = asked(lambda: _api().dataset_info(repo, revision=revision or None), url)
    return HubFolder(repo, str(found.sha), url)


@dataclass(frozen=True)
class HubFolder:
    """A folder of a dataset at one commit. Picklable: workers get it by value."""

    repo: str
    commit: str
    url: str
    inner: str = ""

    def below(self, name: str) -> "HubFolder":
        """The folder `name` inside this one."""
        return replace(self, inner=self._path(name), url=f"{self.url}/{name}")

    def names(self) -> Iterator[str]:
        """Names of the files in it, sorted; none if there is no such folder."""
        from huggingface_hub.errors import EntryNotFoundError

        def listed() -> list[str]:
            entries = _api().list_repo_tree(
                self.repo, self.inner or None, revision=self.commit, repo_type="dataset", recursive=False
            )
            try:
                return [entry.path for entry in entries]
            except EntryNotFoundError:
                return []

        yield from sorted(PurePosixPath(path).name for path in asked(listed, self.url))

    def open(self, name: str) -> BinaryIO:
        """The file, fetched if it is not in the cache yet."""

        def fetched() -> str:
            return str(_api().hf_hub_download(self.repo, self._path(name), revision=self.commit, repo_type="dataset"))

        return Path(asked(fetched, f"{self.url}/{name}")).open("rb")

    def glance(self, name: str) -> BinaryIO:
        """The file for a look at its end: each read is a request, nothing is kept."""
        from huggingface_hub import hf_hub_url

        link = hf_hub_url(
            self.repo, self._path(name), revision=self.commit, repo_type="dataset", endpoint=_api().endpoint
        )
        return cast("BinaryIO", _Glance(link, f"{self.url}/{name}"))

    def _path(self, name: str) -> str:
        return f"{self.inner}/{name}".removeprefix("/")


def asked(call: Callable[[], Answer], url: str) -> Answer:
    """What the Hub answers, asked again while it is overloaded or the connection drops. Raises WarmlineError."""
    for pause in (*PAUSES, None):
        try:
            return call()
        except Exception as error:  # the library lets its transport's own pass
            if pause is None or not may_pass(error):
                raise refusal(error, url) from error
        time.sleep(pause)
    raise AssertionError("the last try answers or raises")


@cache
def _api() -> "HfApi":
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]
    except ImportError as error:
        raise UsageError("a dataset of the Hub needs huggingface_hub: pip install 'warmline[hub]'") from error
    if not sys.stderr.isatty():
        disable_progress_bars()
    return HfApi()


class _Glance(RangedFile):
    """A file of the Hub by ranges. Its end comes with the first request, which also tells how long it is."""

    def __init__(self, link: str, url: str) -> None:
        self._link, self._url = link, url
        self._end, self._size = self._asked(f"-{_END}")

    def _asked(self, places: str) -> tuple[bytes, int]:
        """Bytes of the file, and how many it has. A server that knows no ranges sends all."""
        from huggingface_hub.utils import (  # type: ignore[attr-defined]
            build_hf_headers,
            get_session,
            hf_raise_for_status,
        )

        def answer() -> tuple[bytes, int]:
            response = get_session().get(self._link, headers={**build_hf_headers(), "range": f"bytes={places}"})
            if response.status_code == 416:  # a range of an empty file
                return b"", 0
            hf_raise_for_status(response)
            if response.status_code == 206:
                return response.content, int(response.headers["content-range"].rpartition("/")[2])
            return response.content, len(response.content)

        return asked(answer, self._url)

    def _part(self, start: int, end: int) -> bytes:
        begins = self._size - len(self._end)
        if start >= begins:
            return self._end[start - begins : end - begins]
        return self._asked(f"{start}-{end - 1}")[0][: end - start]
