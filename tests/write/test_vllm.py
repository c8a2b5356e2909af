"""What holds of the writer `vllm` where vLLM is not installed; tests/vllm runs the real one."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import JsonValue, ValidationError

from pipeline.engine.errors import UsageError
from pipeline.write import vllm
from pipeline.write.model_folder import check_model_folder
from pipeline.write.stage import WriteStage
from pipeline.write.vllm import Settings, identity
from schemas.pack import Pack
from schemas.run import Backend
from tests.write.chats import DIALOGUE, QUERY, REPLY, written_in

FILES = {
    "config.json": "{}",
    "tokenizer.json": "{}",
    "chat_template.jinja": "{{ messages }}",
    "model-1-of-2.safetensors": "weights",
    "model-2-of-2.safetensors": "weights",
    "model.safetensors.index.json": json.dumps(
        {"weight_map": {"head": "model-1-of-2.safetensors", "tail": "model-2-of-2.safetensors"}}
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All the files that a model has; nothing in them."""
    model = tmp_path / "model-8b"
    model.mkdir()
    for name, text in FILES.items():
        (model / name).write_text(text)
    return model


@pytest.fixture
def pack(empathy: Pack) -> Pack:
    return written_in(empathy, DIALOGUE)


def refusal(folder: Path, pack: Pack) -> str:
    with pytest.raises(UsageError) as raised:
        vllm.build(Settings(model=str(folder)), pack)
    return str(raised.value).replace(str(folder), "FOLDER")


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vllm is installed")
def test_without_vllm_the_error_says_what_installs_it(folder: Path, pack: Pack) -> None:
    assert "pip install vllm" in refusal(folder, pack)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("config.json", "the model folder FOLDER lacks config.json"),
        ("tokenizer.json", "lacks a tokenizer (one of tokenizer.json, "),
        ("chat_template.jinja", "lacks a chat template ("),
        ("model-2-of-2.safetensors", "lacks 1 of 2 weight files, the first model-2-of-2.safetensors"),
    ],
)
def test_a_model_folder_that_lacks_a_file_is_refused_by_its_name(
    folder: Path, pack: Pack, name: str, told: str
) -> None:
    (folder / name).unlink()
    assert told in refusal(folder, pack)


def test_all_that_a_model_folder_lacks_is_told_at_once(folder: Path, pack: Pack) -> None:
    for name in FILES:
        (folder / name).unlink()
    told = refusal(folder, pack)
    assert [part in told for part in ("config.json", "a tokenizer", "weights (*.safetensors)")] == [True] * 3


def test_a_folder_that_is_not_there_and_a_name_of_the_hub_are_refused(tmp_path: Path, pack: Pack) -> None:
    assert "there is no model folder" in refusal(tmp_path / "nowhere", pack)
    assert "models are not fetched" in refusal(Path("Owner/Model-8B"), pack)


def test_weights_that_git_has_not_fetched_are_seen_before_they_are_loaded(folder: Path, pack: Pack) -> None:
    (folder / "model-1-of-2.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    assert "model-1-of-2.safetensors is a Git LFS pointer" in refusal(folder, pack)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors.index.json"])
def test_a_file_that_is_no_json_is_named(folder: Path, pack: Pack, name: str) -> None:
    (folder / name).write_text("{")
    assert name in refusal(folder, pack)


def test_a_folder_that_has_all_is_taken_also_with_the_chat_template_in_the_tokenizers_config(folder: Path) -> None:
    check_model_folder(folder)
    (folder / "chat_template.jinja").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}", "more": 1}))
    check_model_folder(folder)


def test_a_pack_without_writing_is_refused_before_any_model_is_loaded(folder: Path, empathy: Pack) -> None:
    bare = empathy.model_copy(update={"writing": None})
    assert "writing" in refusal(folder, bare)
    assert list(vllm.needs(bare))
    assert not list(vllm.needs(written_in(empathy, QUERY, REPLY)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": ""},
        {"gpu_memory_utilization": 1.5},
        {"tensor_parallel_size": 0},
        {"dtype": "int8"},
        {"sampling": {"temperature": 0.1}},
        {"gpu_memory": 0.5},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, JsonValue]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Settings.model_validate({"model": "model"} | wrong)


def test_texts_depend_on_the_model_and_how_it_is_sampled_not_on_where_it_runs(pack: Pack) -> None:
    def of(**settings: JsonValue) -> str:
        return identity(Settings.model_validate({"model": "/models/m-8b"} | settings), pack)

    assert of() == of(model="~/elsewhere/m-8b/") == of(gpu_memory_utilization=0.5, max_num_seqs=8, tries=9)
    others = [
        of(model="/models/m-9b"),
        of(sampling={"top_k": 20}),
        of(template_variables={"enable_thinking": False}),
        of(reasoning_parser="qwen3"),
        of(quantization="fp8"),
        of(dtype="float16"),
    ]
    assert len({of(), *others}) == len(others) + 1


def test_its_keys_are_made_where_neither_vllm_nor_the_model_is(pack: Pack) -> None:
    stage = WriteStage(Backend(backend="vllm", settings={"model": "/nowhere/m-8b"}), pack)
    assert len(stage.identity) == 32
    assert not stage.waits
