"""A corpus read from the Hub: the same dialogues as from a folder, at one commit, and every refusal in a line."""

import sys
from pathlib import Path

import pytest

from flows.export import export_lines
from pipeline.corpus.hub import dataset_name
from pipeline.corpus.reading import kinds_of, shards
from pipeline.engine.errors import StorageError, UsageError, WarmlineError
from pipeline.export.format import ExportSettings
from pipeline.load.dialogues import Dialogues
from tests.export.corpora import talks, write_corpus
from tests.hub.client import set_endpoint
from tests.hub.datasets import files_of
from tests.hub.server import DROPPED, Fault, Hub

NAME = "ann/calls"
URL = f"hf://datasets/{NAME}"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", talks(20), rows_a_shard=8)


def ids(place: str) -> list[str]:
    return [dialogue.id for shard in shards(place) for dialogue in shard.dialogues()]


@pytest.mark.parametrize("place", [URL, NAME, f"{URL}@main", f"hf://{NAME}"])
def test_the_hub_gives_the_dialogues_that_the_folder_gives(hub: Hub, corpus: Path, place: str) -> None:
    hub.dataset(NAME).commit(files_of(corpus))
    here, there = shards(str(corpus)), shards(place)
    assert [(one.name, one.rows, one.mark, one.kinds) for one in there] == [
        (one.name, one.rows, one.mark, one.kinds) for one in here
    ]
    assert [list(one.dialogues()) for one in there] == [list(one.dialogues()) for one in here]
    assert kinds_of(there[0])["glm4voice"].size == 16384


def test_what_is_in_a_shard_is_known_before_it_is_fetched_and_it_is_fetched_once(hub: Hub, corpus: Path) -> None:
    hub.dataset(NAME).commit(files_of(corpus))
    found = shards(URL)
    assert all(one.range for one in hub.asked if "/resolve/" in one.path)
    hub.asked.clear()
    assert len(list(found[0].dialogues())) == 8
    list(found[0].dialogues())
    fetched = [one.path for one in hub.asked if one.method == "GET"]
    assert len(fetched) == 1
    assert fetched[0].endswith("/data/train-00000.parquet")


def test_a_commit_that_comes_meanwhile_changes_nothing(hub: Hub, corpus: Path, tmp_path: Path) -> None:
    dataset = hub.dataset(NAME)
    dataset.commit(files_of(corpus))
    found = shards(URL)
    dataset.commit(files_of(write_corpus(tmp_path / "other", talks(4))))
    assert sum(len(list(shard.dialogues())) for shard in found) == 20
    assert len(ids(URL)) == 4


def test_a_revision_is_the_one_that_is_named(hub: Hub, corpus: Path, tmp_path: Path) -> None:
    dataset = hub.dataset(NAME)
    dataset.commit(files_of(corpus), ref="v1")
    commit = dataset.commit(files_of(write_corpus(tmp_path / "other", talks(4))))
    assert len(ids(f"{URL}@v1")) == 20
    assert len(ids(f"{NAME}@{commit}")) == 4
    with pytest.raises(UsageError, match=rf"{URL}@v9: {NAME} has no such revision: name a branch"):
        shards(f"{URL}@v9")


@pytest.mark.parametrize("inner", ["corpus/data", ""])
def test_the_shards_may_lie_as_in_a_run_or_all_alone(hub: Hub, corpus: Path, inner: str) -> None:
    files = {f"{inner}/{path.name}".lstrip("/"): path.read_bytes() for path in (corpus / "data").iterdir()}
    hub.dataset(NAME).commit(files)
    assert ids(URL) == ids(str(corpus))


@pytest.mark.parametrize("status", [429, 503, DROPPED])
@pytest.mark.parametrize(
    ("where", "method"),
    [("/api/datasets/ann/calls", "GET"), ("/tree/", "GET"), ("/resolve/", "GET"), ("/resolve/", "HEAD")],
)
def test_a_hub_that_falters_is_asked_again(hub: Hub, corpus: Path, where: str, method: str, status: int) -> None:
    hub.dataset(NAME).commit(files_of(corpus))
    hub.faults.append(Fault(where, status, method))
    assert ids(URL) == ids(str(corpus))
    assert not hub.faults, "the fault was met"


def test_a_download_that_breaks_off_is_gone_on_with(hub: Hub, corpus: Path) -> None:
    hub.dataset(NAME).commit(files_of(corpus))
    found = shards(URL)
    hub.faults.append(Fault("train-00001", DROPPED))
    assert [one.id for shard in found for one in shard.dialogues()] == ids(str(corpus))


def test_a_hub_that_stays_overloaded_is_given_up_with_the_reason(hub: Hub) -> None:
    hub.dataset(NAME)
    hub.faults.extend([Fault("/api/", 429)] * 3)
    with pytest.raises(StorageError, match=r"the Hub is overloaded or broken \(HTTP 429\): wait a while"):
        shards(URL)


@pytest.mark.parametrize("private", [False, True])
def test_a_dataset_that_is_not_there_or_private_says_so_in_a_line(hub: Hub, private: bool) -> None:
    if private:
        hub.dataset(NAME, private=True)
    with pytest.raises(UsageError, match=r"there is no such dataset on the Hub, or it is private.*HF_TOKEN") as told:
        shards(NAME)
    assert "\n" not in str(told.value)


def test_a_gated_dataset_asks_for_a_login_and_shows_no_token(
    hub: Hub, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.dataset(NAME, gated=True).commit(files_of(corpus))
    hub.tokens.add("hf_right")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_secret")
    with pytest.raises(UsageError, match=rf"is gated: ask for access on the page of {NAME}, then run `hf auth") as told:
        shards(URL)
    assert "secret" not in str(told.value)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert ids(URL) == ids(str(corpus))


@pytest.mark.usefixtures("hub")
def test_no_connection_says_what_can_be_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    set_endpoint("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(StorageError, match=r"the Hub does not answer \(.*\): see to the network.*`hf download`"):
        shards(URL)


def test_a_dataset_without_shards_is_no_corpus(hub: Hub) -> None:
    hub.dataset(NAME).commit({"README.md": b"soon"})
    with pytest.raises(UsageError, match=r"ann/calls holds no corpus: there is no train-00000\.parquet"):
        shards(URL)


def test_a_shard_that_is_cut_off_is_named(hub: Hub, corpus: Path) -> None:
    files = files_of(corpus)
    files["data/train-00001.parquet"] = files["data/train-00001.parquet"][:100]
    hub.dataset(NAME).commit(files)
    with pytest.raises(StorageError, match=rf"{URL}/data/train-00001\.parquet cannot be read, it may be cut off"):
        shards(URL)


@pytest.mark.parametrize("place", ["hf://datasets/ann", "hf://", "hf://datasets/ann/calls/data", "hf://a/b@c d"])
def test_a_name_that_is_none_is_told_how_one_is_written(place: str) -> None:
    with pytest.raises(UsageError, match="write hf://datasets/OWNER/NAME"):
        dataset_name(place)


def test_a_mistyped_path_does_not_go_to_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    with pytest.raises(UsageError, match="runs/dmo holds no corpus"):
        shards("runs/dmo")


def test_the_loader_reads_from_the_hub(hub: Hub, corpus: Path) -> None:
    hub.dataset(NAME).commit(files_of(corpus))
    there, here = ([dialogue.id for dialogue in Dialogues.of(place)] for place in (URL, str(corpus)))
    assert there == here


def test_an_export_from_the_hub_is_the_one_from_the_folder(hub: Hub, corpus: Path, tmp_path: Path) -> None:
    """Its parts are made by processes of their own, which find the Hub and its cache as this one does."""
    hub.dataset(NAME).commit(files_of(corpus))
    for place, out in ((URL, "there"), (str(corpus), "here")):
        list(export_lines(place, "opens2s", tmp_path / out, ExportSettings(), 2, lambda _: None))
    there, here = ((tmp_path / out / "train.jsonl").read_bytes() for out in ("there", "here"))
    assert there == here


@pytest.mark.usefixtures("hub")
def test_without_the_library_the_mend_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(WarmlineError, match=r"needs huggingface_hub: pip install 'warmline\[hub\]'"):
        shards(URL)
