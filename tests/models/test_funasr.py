"""FunASR's own emotion2vec and SenseVoice on random weights."""

import logging
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.score.funasr_emotion import EMOTION2VEC, SENSEVOICE, FunAsr, Settings, build, labels
from pipeline.score.scorer import Utterance
from schemas.scores import Feeling
from tests.models.sounds import noise, utterances

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def emotion2vec(emotion2vec_folder: Path) -> FunAsr:
    return build(Settings(model=str(emotion2vec_folder)))


@pytest.fixture(scope="module")
def sensevoice(sensevoice_folder: Path) -> FunAsr:
    return build(Settings(model=str(sensevoice_folder), kind="sensevoice"))


def felt(recogniser: FunAsr, recording: Recording) -> Feeling:
    answer = next(recogniser.feel([Utterance(recording, "Hello", "en")]))
    assert isinstance(answer, Feeling), answer
    return answer


def test_emotion2vec_answers_nine_english_labels(emotion2vec: FunAsr, emotion2vec_folder: Path) -> None:
    answer = felt(emotion2vec, noise(1.0))
    named = tuple(score.label for score in answer.emotion)
    assert named == EMOTION2VEC == labels(Settings(model=str(emotion2vec_folder)))
    assert sum(score.p for score in answer.emotion) == pytest.approx(1.0)


def test_emotion2vec_answers_what_funasr_answers(emotion2vec: FunAsr) -> None:
    take = noise(1.5)
    theirs = emotion2vec.model.generate([take.audio], granularity="utterance", extract_embedding=False)[0]
    assert [score.p for score in felt(emotion2vec, take).emotion] == pytest.approx(theirs["scores"])


def test_sensevoice_answers_the_distribution_behind_its_tag(sensevoice: FunAsr) -> None:
    for seed in range(8):
        take = noise(0.5 + seed / 4, seed)
        answer = felt(sensevoice, take)
        text = sensevoice.model.generate([take.audio], language="auto")[0]["text"]
        tags = re.findall(r"<\|\w+\|>", text)
        assert tuple(score.label for score in answer.emotion) == tuple(SENSEVOICE)
        assert sum(score.p for score in answer.emotion) == pytest.approx(1.0)
        assert SENSEVOICE[answer.best] in tags[:2]  # the second place, or the first if both say the same


@pytest.mark.parametrize("name", ["emotion2vec", "sensevoice"])
def test_company_and_time_change_nothing(name: str, request: pytest.FixtureRequest) -> None:
    recogniser: FunAsr = request.getfixturevalue(name)
    takes = utterances()
    alone = [felt(recogniser, take.recording) for take in takes]

    assert len({answer.model_dump_json() for answer in alone}) == len(takes)
    assert list(recogniser.feel(takes)) == alone
    assert list(recogniser.feel(takes[::-1])) == alone[::-1]


@pytest.mark.parametrize("name", ["emotion2vec", "sensevoice"])
@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_too_little_sound_is_a_failure(name: str, seconds: float, request: pytest.FixtureRequest) -> None:
    recogniser: FunAsr = request.getfixturevalue(name)
    answer = next(recogniser.feel([Utterance(noise(seconds), "Hello", "en")]))
    assert isinstance(answer, Failure)
    assert "too short" in answer.reason


@pytest.mark.parametrize("name", ["emotion2vec", "sensevoice"])
def test_silence_and_the_shortest_sound_have_an_answer(name: str, request: pytest.FixtureRequest) -> None:
    recogniser: FunAsr = request.getfixturevalue(name)
    felt(recogniser, Recording(np.zeros(16000, np.float32), 16000))
    felt(recogniser, noise(0.1))


def test_weights_that_are_missing_are_named(tmp_path: Path, emotion2vec_folder: Path) -> None:
    import torch

    folder = Path(shutil.copytree(emotion2vec_folder, tmp_path / "headless"))
    weights = torch.load(folder / "model.pt")["model"]
    torch.save({"model": {name: value for name, value in weights.items() if "proj" not in name}}, folder / "model.pt")
    with pytest.raises(UsageError, match=r"model.pt has no weights for .*proj"):
        build(Settings(model=str(folder)))


def test_another_kind_of_model_is_refused(sensevoice_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sensevoice_folder, tmp_path / "other"))
    (folder / "tokens.txt").write_text("<unk>\n")
    with pytest.raises(UsageError, match="holds SenseVoiceSmall, not Emotion2vec"):
        build(Settings(model=str(folder)))


def test_weights_that_cannot_be_read_are_said(tmp_path: Path, emotion2vec_folder: Path) -> None:
    folder = Path(shutil.copytree(emotion2vec_folder, tmp_path / "cut"))
    (folder / "model.pt").write_bytes(b"PK not a checkpoint")
    with pytest.raises(WarmlineError, match=r"FunASR cannot load .*cut"):
        build(Settings(model=str(folder)))


def test_nothing_is_printed_and_logging_stays_as_it_was(
    emotion2vec_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = list(logging.getLogger().handlers), logging.getLogger().level
    felt(build(Settings(model=str(emotion2vec_folder))), noise(1.0))
    assert (list(logging.getLogger().handlers), logging.getLogger().level) == before
    assert capfd.readouterr() == ("", "")
