"""What can be said of the recognisers with weights before their libraries are installed."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import ValidationError

from pipeline.engine.errors import UsageError
from pipeline.score import audio_classification, dnsmos, funasr_emotion, whisper, xvector

WITH_A_MODEL: Sequence[ModuleType] = (whisper, funasr_emotion, audio_classification, xvector)
LIBRARIES: Sequence[tuple[ModuleType, str, tuple[str, ...]]] = (
    (whisper, "faster_whisper", ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")),
    (funasr_emotion, "funasr", ("config.yaml", "model.pt", "tokens.txt")),
    (audio_classification, "torch", ("config.json", "preprocessor_config.json", "model.safetensors")),
    (xvector, "torch", ("config.json", "preprocessor_config.json", "model.safetensors")),
)


@pytest.mark.parametrize("module", WITH_A_MODEL, ids=lambda module: module.__name__)
def test_a_model_must_be_named(module: ModuleType) -> None:
    with pytest.raises(ValidationError, match="model"):
        module.Settings.model_validate({})
    with pytest.raises(ValidationError, match="at least 1 character"):
        module.Settings.model_validate({"model": ""})


@pytest.mark.parametrize("module", [*WITH_A_MODEL, dnsmos], ids=lambda module: module.__name__)
def test_unknown_settings_are_refused(module: ModuleType) -> None:
    with pytest.raises(ValidationError, match="no_such_setting"):
        module.Settings.model_validate({"model": "somewhere", "no_such_setting": 1})


@pytest.mark.parametrize(("module", "library", "files"), LIBRARIES, ids=[row[1] for row in LIBRARIES])
def test_a_missing_library_is_named_with_what_installs_it(
    module: ModuleType, library: str, files: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in files:
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UsageError, match=f"cannot import {library}: pip install 'warmline\\[models\\]'"):
        module.build(module.Settings(model=str(tmp_path)))


def test_dnsmos_without_its_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="the backend dnsmos cannot import onnxruntime: pip install"):
        dnsmos.build(dnsmos.Settings())


@pytest.mark.parametrize(("module", "_", "files"), LIBRARIES, ids=[row[1] for row in LIBRARIES])
def test_a_file_that_is_missing_is_named_before_anything_is_loaded(
    module: ModuleType, _: str, files: tuple[str, ...], tmp_path: Path
) -> None:
    for name in files[:-1]:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UsageError, match=f"lacks .*{files[-1]}"):
        module.build(module.Settings(model=str(tmp_path)))


@pytest.mark.parametrize("module", WITH_A_MODEL, ids=lambda module: module.__name__)
def test_where_it_runs_changes_no_identity_and_the_weights_do(module: ModuleType, tmp_path: Path) -> None:
    weights = tmp_path / "model.bin"
    weights.write_bytes(b"one")
    one, moved = (module.Settings(model=str(tmp_path), **more) for more in ({}, {"device": "cpu", "threads": 3}))
    before = module.identity(one)
    assert module.identity(moved) == before
    weights.write_bytes(b"two")
    assert module.identity(one) != before


@pytest.mark.parametrize(
    ("module", "changed"),
    [
        (whisper, {"beam": 1}),
        (whisper, {"compute": "int8"}),
        (funasr_emotion, {"kind": "sensevoice"}),
        (audio_classification, {"precision": "float16"}),
        (xvector, {"precision": "bfloat16"}),
    ],
)
def test_what_changes_a_score_changes_the_identity(module: ModuleType, changed: dict[str, object]) -> None:
    plain, other = (module.Settings.model_validate({"model": "somewhere", **more}) for more in ({}, changed))
    assert module.identity(plain) != module.identity(other)


def test_labels_are_read_from_the_folder(tmp_path: Path) -> None:
    settings = audio_classification.Settings(model=str(tmp_path))
    assert audio_classification.labels(settings) is None
    named = {str(number): f"emotion{number}" for number in (10, 2, 0, 1)}
    (tmp_path / "config.json").write_text(json.dumps({"id2label": named}))
    assert audio_classification.labels(settings) == ("emotion0", "emotion1", "emotion2", "emotion10")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UsageError, match=r"config.json is no JSON"):
        audio_classification.labels(settings)


def test_labels_of_funasr_are_those_published_or_the_folders_own(tmp_path: Path) -> None:
    away = funasr_emotion.Settings(model="hf://emotion2vec/emotion2vec_plus_large")
    assert funasr_emotion.labels(away) == funasr_emotion.EMOTION2VEC
    assert "unknown" in funasr_emotion.labels(funasr_emotion.Settings(model="x", kind="sensevoice"))
    (tmp_path / "tokens.txt").write_text("生气/angry\nunuse_0\n中立/neutral\n<unk>\n", encoding="utf-8")
    here = funasr_emotion.Settings(model=str(tmp_path))
    assert funasr_emotion.labels(here) == ("angry", "neutral", "unknown")


@pytest.mark.parametrize(
    ("no_speech", "likelihood", "heard"),
    [(0.9, -1.5, ""), (0.9, -0.3, "Thank you."), (0.1, -1.5, "Thank you.")],
)
def test_a_window_that_whisper_takes_for_silence_says_nothing(no_speech: float, likelihood: float, heard: str) -> None:
    assert whisper.Decoded("Thank you.", likelihood, no_speech).heard == heard


def test_whisper_knows_a_hundred_languages() -> None:
    assert len(set(whisper.LANGUAGES)) == 100
    assert {"en", "zh", "yue", "ja", "ko", "de"} <= set(whisper.LANGUAGES)
