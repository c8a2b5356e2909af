"""Model folders: what they lack is named, what they hold is fingerprinted, and nothing is fetched unasked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.engine.errors import UsageError
from pipeline.engine.model_folder import Needed, digest, model_folder, model_name

NEEDED: Needed = (("config.json",), ("model.safetensors", "model.safetensors.index.json"), ("*.model",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(np.random.default_rng(0).bytes(3 * 2**20))
    (folder / "bpe.model").write_bytes(b"pieces")
    return folder


def test_a_whole_folder_is_found(folder: Path) -> None:
    assert model_folder(str(folder), NEEDED) == folder


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("config.json", "lacks config.json"),
        ("model.safetensors", "lacks model.safetensors or model.safetensors.index.json"),
        ("bpe.model", "lacks *.model"),
    ],
)
def test_what_a_folder_lacks_is_named(folder: Path, gone: str, said: str) -> None:
    (folder / gone).unlink()
    with pytest.raises(UsageError) as caught:
        model_folder(str(folder), NEEDED)
    assert str(caught.value) == f"the model folder {folder} {said}"


def test_weights_in_several_files_must_all_be_there(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UsageError, match=r"lacks model-2.safetensors, one of the 2 files of its weights"):
        model_folder(str(folder), NEEDED)


def test_a_pointer_is_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(UsageError, match=r"model.safetensors of the model folder .* is a Git LFS pointer"):
        model_folder(str(folder), NEEDED)


@pytest.mark.parametrize("model", ["models/gone", "org/name", "large-v3", "/no/such/folder"])
def test_a_name_is_never_fetched(model: str) -> None:
    with pytest.raises(UsageError) as caught:
        model_folder(model, NEEDED)
    assert str(caught.value) == (
        f"there is no model folder {model}; a model of the Hugging Face Hub is named hf://ORG/NAME"
    )


def test_the_fingerprint_follows_every_file(folder: Path) -> None:
    seen = {digest(str(folder))}
    weights = folder / "model.safetensors"

    weights.write_bytes(np.random.default_rng(1).bytes(3 * 2**20))
    seen.add(digest(str(folder)))
    (folder / "config.json").write_text('{"hidden_size": 2}')
    seen.add(digest(str(folder)))
    weights.rename(folder / "other.safetensors")
    seen.add(digest(str(folder)))

    assert len(seen) == 4


def test_the_fingerprint_is_the_contents_alone(folder: Path, tmp_path: Path) -> None:
    before = digest(str(folder))
    moved = folder.rename(tmp_path / "elsewhere")
    (moved / ".gitattributes").write_text("*.bin filter=lfs")
    os.utime(moved / "config.json", (0, 0))
    assert digest(str(moved)) == before


def test_what_is_not_on_this_machine_counts_by_its_name() -> None:
    assert digest("/models/on/workers") == "/models/on/workers"
    assert digest("hf://org/name@main") == "hf://org/name@main"


def test_results_name_a_model_without_its_place() -> None:
    assert model_name("/data/models/whisper-large") == model_name("models/whisper-large/") == "whisper-large"
    assert model_name("hf://org/whisper-large@abc") == "whisper-large"


FIND = """
import sys
from pipeline.engine.errors import WarmlineError
from pipeline.engine.model_folder import model_folder
for model in sys.argv[1:]:
    try:
        print(model_folder(model, [("config.json",)]))
    except WarmlineError as error:
        print(f"{type(error).__name__}: {error}")
"""


def found_offline(home: Path, *models: str) -> list[str]:
    """In a process of its own: the Hub's client reads its environment once."""
    done = subprocess.run(
        [sys.executable, "-c", FIND, *models],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"},
        check=True,
    )
    return done.stdout.splitlines()


def test_models_of_the_hub_are_found_in_its_cache_or_missed_in_one_clear_line(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--org--name"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)

    cached, pinned, absent, wrong = found_offline(
        tmp_path, "hf://org/name", f"hf://org/name@{'a' * 40}", "hf://org/other", "hf://org/name/more"
    )

    assert cached == pinned == str(snapshot)
    assert absent.startswith("WarmlineError: the Hub did not give hf://org/other: ")
    assert absent.endswith("give a folder with its files, or run `hf download` where there is a connection")
    assert wrong == (
        "UsageError: hf://org/name/more is no model of the Hub: write hf://ORG/NAME or hf://ORG/NAME@REVISION"
    )
