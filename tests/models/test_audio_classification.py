"""Emotion classifiers of transformers on random weights: each answer is its own take's, whatever the batch."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.score.audio_classification import AudioClassifier, Settings, build, labels
from pipeline.score.scorer import Utterance
from pipeline.score.speech_encoder import load
from schemas.scores import Feeling
from tests.models.sounds import noise, utterances
from tests.models.tiny_encoders import EMOTIONS, make_encoder, make_window_classifier

pytestmark = pytest.mark.models


def shares(answers: list[Feeling | Failure]) -> np.ndarray:
    assert all(isinstance(answer, Feeling) for answer in answers), answers
    return np.array([[s.p for s in answer.emotion] for answer in answers if isinstance(answer, Feeling)])


def in_batches(folder: Path) -> AudioClassifier:
    return AudioClassifier(load(Settings(model=str(folder)), "transformers", "AudioClassification"), most=4)


def assert_company_changes_nothing(folder: Path) -> None:
    takes = utterances()
    one_by_one = build(Settings(model=str(folder)))
    alone = shares([next(one_by_one.feel([take])) for take in takes])

    assert np.ptp(alone, axis=0).max() > 1e-3
    assert shares(list(in_batches(folder).feel(takes))) == pytest.approx(alone, abs=1e-5)
    assert shares(list(in_batches(folder).feel(takes[::-1]))) == pytest.approx(alone[::-1], abs=1e-5)


@pytest.mark.parametrize("family", ["Wav2Vec2", "Hubert", "WavLM", "UniSpeech", "UniSpeechSat"])
@pytest.mark.parametrize("norm", ["layer", "group"])
def test_padding_changes_nothing(tmp_path: Path, family: str, norm: str) -> None:
    folder = make_encoder(tmp_path, family, feat_extract_norm=norm)
    assert in_batches(folder).encoder.padded == (norm == "layer")
    assert_company_changes_nothing(folder)


@pytest.mark.parametrize("family", ["Data2VecAudio", "Wav2Vec2Conformer"])
def test_models_that_padding_would_change_are_not_padded(tmp_path: Path, family: str) -> None:
    folder = make_encoder(tmp_path, family)
    assert not in_batches(folder).encoder.padded
    assert_company_changes_nothing(folder)


def test_models_of_a_fixed_window_are_stacked(tmp_path: Path) -> None:
    assert_company_changes_nothing(make_window_classifier(tmp_path))


def test_the_answer_is_every_label_and_sums_to_one(classifier_folder: Path) -> None:
    settings = Settings(model=str(classifier_folder))
    answer = next(build(settings).feel(utterances()))
    assert isinstance(answer, Feeling)
    assert tuple(score.label for score in answer.emotion) == labels(settings) == EMOTIONS
    assert sum(score.p for score in answer.emotion) == pytest.approx(1.0)


def test_labels_that_do_not_exclude_each_other_are_parts_of_one_too(tmp_path: Path) -> None:
    folder = make_encoder(tmp_path, problem_type="multi_label_classification")
    assert shares(list(in_batches(folder).feel(utterances()))).sum(axis=1) == pytest.approx(1.0)


def test_half_precision_computes(classifier_folder: Path) -> None:
    exact, half = (
        shares(list(build(Settings(model=str(classifier_folder), precision=precision)).feel(utterances())))
        for precision in ("float32", "bfloat16")
    )
    assert half == pytest.approx(exact, abs=0.1)
    assert (half != exact).any()


def test_what_cannot_be_judged_is_a_failure(classifier_folder: Path) -> None:
    short, broken = noise(0.05), Recording(np.full(16000, np.inf, np.float32), 16000)
    takes = [Utterance(sound, "Hello", "en") for sound in (short, noise(1.0), broken)]

    answers = list(in_batches(classifier_folder).feel(takes))

    assert [type(answer) for answer in answers] == [Failure, Feeling, Failure]
    assert answers[0] == Failure("0.05 s of sound is too short; it takes 0.1 s")


def test_a_model_without_a_trained_head_is_refused(tmp_path: Path) -> None:
    folder = make_encoder(tmp_path, head="")
    with pytest.raises(UsageError, match=r"was not trained for transformers: it has no weights that fit classifier"):
        build(Settings(model=str(folder)))


def test_a_model_of_dimensions_is_refused(tmp_path: Path) -> None:
    folder = make_encoder(tmp_path, problem_type="regression")
    with pytest.raises(UsageError, match="measures dimensions"):
        build(Settings(model=str(folder)))


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path, classifier_folder: Path) -> None:
    folder = Path(shutil.copytree(classifier_folder, tmp_path / "theirs"))
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "theirs.py").write_text(f"open({str(tmp_path / 'was-run')!r}, 'w')\nclass Config: pass\n")

    with pytest.raises(WarmlineError, match="needs code of its own"):
        build(Settings(model=str(folder)))

    assert not (tmp_path / "was-run").exists()


def test_cut_weights_are_said(tmp_path: Path, classifier_folder: Path) -> None:
    folder = Path(shutil.copytree(classifier_folder, tmp_path / "cut"))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(WarmlineError, match=r"transformers cannot load .*cut"):
        build(Settings(model=str(folder)))


def test_a_gpu_that_is_not_there_is_said(classifier_folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(UsageError, match="torch sees no GPU here"):
        build(Settings(model=str(classifier_folder), device="cuda"))


def test_nothing_is_printed(classifier_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    list(build(Settings(model=str(classifier_folder))).feel(utterances()))
    assert capfd.readouterr() == ("", "")
