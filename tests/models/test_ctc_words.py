"""Word times: a CTC model of random weights, emissions written by hand, a stand-in for torchaudio's aligner."""

from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError
from pipeline.engine.failure import Failure
from pipeline.score.ctc_words import Aligner, CtcAligner, Settings, aligner, build
from pipeline.score.scorer import Utterance
from schemas.take import Waveform, Word
from tests.models.forced_align_stand_in import forced_align
from tests.models.sounds import noise

if TYPE_CHECKING:
    import torch

pytestmark = pytest.mark.models

VOCABULARY = {"<pad>": 0, "|": 1, "A": 2, "B": 3, "C": 4}


class WrittenEmission:
    """Says one letter a frame of 20 ms, as written."""

    rate = 16000

    def __init__(self, said: str) -> None:
        self._said = said

    def letters(self, audio: Waveform) -> "torch.Tensor":
        import torch

        assert len(audio) == 320 * len(self._said)
        likely = torch.full((1, len(self._said), len(VOCABULARY)), 1e-3)
        for frame, letter in enumerate(self._said):
            likely[0, frame, VOCABULARY["<pad>" if letter == "_" else letter]] = 1.0
        return likely.log()


def times(said: str, text: str) -> list[tuple[str, float, float]]:
    recording = Recording(np.zeros(320 * len(said), np.float32), 16000)
    timed = Aligner(WrittenEmission(said), VOCABULARY, blank=0).times(recording, text, forced_align)
    return [(word.text, round(word.start, 3), round(word.end, 3)) for word in timed]


@pytest.mark.parametrize(
    ("said", "text", "words"),
    [
        ("__AAB_|_C_CA__", "ab cca", [("ab", 0.04, 0.1), ("cca", 0.16, 0.24)]),
        ("A_A__B", "Aa [laughter] b!", [("Aa", 0.0, 0.06), ("[laughter]", 0.06, 0.1), ("b!", 0.1, 0.12)]),
        ("_AB__|_BA_", "ab 77 ba", [("ab", 0.02, 0.06), ("77", 0.06, 0.14), ("ba", 0.14, 0.18)]),
        ("__AB__", "77 ab 77", [("77", 0.0, 0.04), ("ab", 0.04, 0.08), ("77", 0.08, 0.12)]),
    ],
)
def test_words_sound_where_their_letters_are(said: str, text: str, words: list[tuple[str, float, float]]) -> None:
    assert times(said, text) == words


def test_a_text_too_long_for_the_sound_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"0.10 s of sound are too short for 'abcabc'"):
        times("ABCAB", "abcabc")


def test_a_text_without_letters_of_the_vocabulary_is_an_error() -> None:
    with pytest.raises(ValueError, match="no letter of the text '77!' is in the model's vocabulary"):
        times("ABCAB", "77!")


def test_a_real_model_times_every_word_in_order(speller_folder: Path) -> None:
    take = noise(4.0, rate=24000)
    words = aligner(Settings(model=str(speller_folder))).times(
        take, "I'm so sorry to hear that, 7 times.", forced_align
    )

    assert [word.text for word in words] == ["I'm", "so", "sorry", "to", "hear", "that,", "7", "times."]
    assert all(isinstance(word, Word) and word.start <= word.end for word in words)
    assert all(one.end <= two.start for one, two in pairwise(words))
    assert words[-1].end <= take.duration


def test_without_torchaudio_it_is_said(speller_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torchaudio", None)
    with pytest.raises(UsageError, match="the backend ctc cannot import torchaudio"):
        build(Settings(model=str(speller_folder)))


def test_what_cannot_be_aligned_fails_alone() -> None:
    said = [Utterance(Recording(np.zeros(320 * 6, np.float32), 16000), text, "en") for text in ("77", "ab")]
    lost, found = CtcAligner(Aligner(WrittenEmission("__AB__"), VOCABULARY, blank=0), forced_align).align(said)
    assert isinstance(lost, Failure)
    assert not isinstance(found, Failure)
    assert [word.text for word in found.words] == ["ab"]


def test_the_stand_in_finds_the_likeliest_path() -> None:
    import torch

    for seed, targets in enumerate([[1], [1, 2], [2, 2], [1, 2, 1]]):
        log_probs = torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(seed)).log_softmax(-1)
        spelled = [path for path in product(range(3), repeat=5) if _collapsed(path) == targets]
        best = max(spelled, key=lambda path: float(log_probs[0, range(5), path].sum()))

        path, scores = forced_align(log_probs, torch.tensor([targets]), blank=0)

        assert tuple(path[0].tolist()) == best
        assert float(scores.sum()) == pytest.approx(float(log_probs[0, range(5), best].sum()))


def _collapsed(path: tuple[int, ...]) -> list[int]:
    return [letter for at, letter in enumerate(path) if letter and (at == 0 or path[at - 1] != letter)]
