"""Whisper through faster-whisper and CTranslate2 on random weights: what it hears must always be the same."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.score.scorer import Utterance
from pipeline.score.whisper import FasterWhisper, Settings, build
from schemas.scores import Hearing
from tests.models.sounds import noise, utterances
from tests.models.tiny_whisper import make_whisper

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def recogniser(whisper_folder: Path) -> FasterWhisper:
    return build(Settings(model=str(whisper_folder)))


def transcripts(answers: list[Hearing | Failure]) -> list[str]:
    assert all(isinstance(answer, Hearing) for answer in answers), answers
    return [answer.transcript for answer in answers if isinstance(answer, Hearing)]


def test_what_is_heard_does_not_depend_on_the_company(recogniser: FasterWhisper) -> None:
    takes = [*utterances(), *utterances("zh")]
    alone = [next(recogniser.hear([take])) for take in takes]
    in_batches = FasterWhisper(recogniser.model, "tiny", 5, most=4)

    assert len(set(transcripts(alone))) > 4
    assert transcripts(list(in_batches.hear(takes))) == transcripts(alone)
    assert transcripts(list(in_batches.hear(takes[::-1]))) == transcripts(alone)[::-1]


def test_it_hears_what_faster_whisper_hears_by_itself(recogniser: FasterWhisper) -> None:
    take = noise(3.0)

    segments, _ = recogniser.model.transcribe(
        take.audio, language="en", temperature=0.0, without_timestamps=True, condition_on_previous_text=False
    )

    heard = transcripts(list(recogniser.hear([Utterance(take, "Hello", "en")])))
    assert heard == ["".join(segment.text for segment in segments).strip()]


def test_a_long_take_is_heard_in_pieces(recogniser: FasterWhisper) -> None:
    long = noise(32.0)
    pieces = [Recording(long.audio[: 30 * 16000], 16000), Recording(long.audio[30 * 16000 :], 16000)]

    heard = transcripts(list(recogniser.hear(Utterance(part, "Hello", "en") for part in [long, *pieces])))

    assert heard[0] == " ".join(heard[1:])


def test_another_sample_rate_is_heard(recogniser: FasterWhisper) -> None:
    answer = next(recogniser.hear([Utterance(noise(1.0, rate=24000), "Hello", "en")]))
    assert isinstance(answer, Hearing)
    assert answer.language_model == "open, tiny-whisper"


@pytest.mark.parametrize("samples", [0, 1, 1599])
def test_sound_too_short_for_a_word_is_heard_as_nothing(recogniser: FasterWhisper, samples: int) -> None:
    short = Utterance(Recording(np.full(samples, 0.1, np.float32), 16000), "Hello", "en")
    assert transcripts(list(recogniser.hear([short]))) == [""]


def test_what_cannot_be_scored_is_a_failure(recogniser: FasterWhisper) -> None:
    broken = Utterance(Recording(np.full(16000, np.nan, np.float32), 16000), "Hello", "en")
    wordless = Utterance(noise(1.0), "…!", "en")

    answers = list(recogniser.hear([broken, wordless]))

    assert [answer.reason.split(":")[0] for answer in answers if isinstance(answer, Failure)] == [
        "the recording holds samples that are not numbers (NaN or infinite)",
        "there is no word in the text '…!'",
    ]


def test_a_language_that_the_model_lacks_stops_the_run(tmp_path: Path) -> None:
    recogniser = build(Settings(model=str(make_whisper(tmp_path, languages=("en", "zh")))))
    with pytest.raises(UsageError, match="tiny-whisper does not know the language yue"):
        list(recogniser.hear([Utterance(noise(1.0), "你好", "yue")]))


def test_mel_bands_that_only_the_preprocessor_config_tells(tmp_path: Path) -> None:
    folder = make_whisper(tmp_path, mels=128)
    build(Settings(model=str(folder)))

    (folder / "preprocessor_config.json").unlink()

    with pytest.raises(UsageError, match=r"lacks preprocessor_config.json: the model listens to 128 mel bands"):
        build(Settings(model=str(folder)))


def test_weights_that_cannot_be_read_are_named(tmp_path: Path, whisper_folder: Path) -> None:
    folder = Path(shutil.copytree(whisper_folder, tmp_path / "cut"))
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:5000])
    with pytest.raises(WarmlineError, match=r"faster-whisper cannot load .*cut"):
        build(Settings(model=str(folder)))


def test_a_gpu_that_is_not_there_is_said(whisper_folder: Path) -> None:
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        pytest.skip("there is a GPU")
    with pytest.raises(WarmlineError, match="faster-whisper cannot load"):
        build(Settings(model=str(whisper_folder), device="cuda"))


def test_nothing_is_printed(recogniser: FasterWhisper, capfd: pytest.CaptureFixture[str]) -> None:
    list(recogniser.hear(utterances()))
    assert capfd.readouterr() == ("", "")
