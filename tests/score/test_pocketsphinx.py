"""The recogniser on the embedded engine's own renderings."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest

from pipeline.audio.recording import Recording, resample
from pipeline.engine.failure import Failure
from pipeline.score.pocketsphinx import Settings, audible, build, unknown_words
from pipeline.score.scorer import Utterance
from pipeline.speak import espeak
from schemas.pack import Pack
from schemas.scores import Hearing
from schemas.take import Line, Take
from schemas.voice import Delivery, Style

DIALOGUE = (
    "My old parrot died on Sunday, and it's so quiet at home now.",
    "I'm so sorry. Would you like to tell me about her?",
    "She used to whistle whenever I opened the kitchen window.",
    "What a lovely thing to wake up to, and how you must miss it.",
)
ELSEWHERE = "We finally got the keys to our new apartment in the city this morning!"

Say = Callable[[str], Recording]


@pytest.fixture(scope="module")
def say(empathy: Pack) -> Iterator[Say]:
    """A clear voice of the shipped pack, speaking plainly."""
    speaker = espeak.build(espeak.Settings())
    voice = next(voice for voice in empathy.voices if voice.id == "julia")
    plain = Delivery(emotion="neutral", intensity=0.0, style=Style())

    def say(text: str) -> Recording:
        take = next(speaker.speak([Line(text=text, language="en", voice=voice, delivery=plain, seed=1)]))
        assert isinstance(take, Take)
        return Recording(take.audio, take.sample_rate)

    yield say
    speaker.close()


def hear(recording: Recording, text: str, dialogue: tuple[str, ...] = DIALOGUE) -> Hearing:
    heard = answer(Utterance(recording, text, "en", dialogue))
    assert isinstance(heard, Hearing), heard
    return heard


def answer(utterance: Utterance) -> Hearing | Failure:
    return next(build(Settings()).hear([utterance]))


def test_what_was_said_is_heard(say: Say) -> None:
    heard = [hear(say(text), text) for text in DIALOGUE]
    assert [one.wer for one in heard] == [0.0] * 4
    assert heard[2].transcript == "she used to whistle whenever i opened the kitchen window"
    assert {one.language_model for one in heard} == {"dialogue"}


def test_without_a_dialogue_the_text_itself_is_what_is_told(say: Say) -> None:
    assert hear(say(DIALOGUE[2]), DIALOGUE[2], ()).wer == 0.0


def test_what_was_not_said_is_not_heard(say: Say) -> None:
    for text, other in pairwise((*DIALOGUE, ELSEWHERE, DIALOGUE[0])):
        assert hear(say(other), text).wer >= 0.5


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.05, 0.5])
def test_noise_and_silence_are_not_speech(level: float) -> None:
    noise = np.random.default_rng(5).normal(0.0, level, 48000).clip(-1, 1).astype(np.float32)
    assert hear(Recording(noise, 16000), DIALOGUE[0]).wer >= 0.5


def test_a_word_left_out_is_missed(say: Say) -> None:
    heard = hear(say("My old parrot died, and it's so quiet at home now."), DIALOGUE[0])
    assert heard.wer == pytest.approx(2 / 13)


def test_how_loud_it_is_changes_nothing(say: Say) -> None:
    loud = say(DIALOGUE[0])
    quiet = Recording(0.02 * loud.audio, loud.sample_rate)
    assert hear(quiet, DIALOGUE[0]) == hear(loud, DIALOGUE[0])
    assert np.std(np.frombuffer(audible(quiet, room=0.0), "<i2")) == pytest.approx(0.05 * 32768, rel=0.02)


@pytest.mark.parametrize("rate", [16000, 24000, 44100])
def test_any_sample_rate_is_heard(say: Say, rate: int) -> None:
    assert hear(resample(say(DIALOGUE[0]), rate), DIALOGUE[0]).wer == 0.0


def test_any_order_and_any_company_give_the_same_hearing(say: Say) -> None:
    noise = np.random.default_rng(5).normal(0.0, 0.3, 16000).astype(np.float32)
    other = ("I can't eat.", ELSEWHERE)
    utterances = [
        *(Utterance(say(text), text, "en", DIALOGUE) for text in DIALOGUE[1:3]),
        Utterance(say(other[0]), other[0], "en", other),
        Utterance(Recording(noise, 16000), DIALOGUE[1], "en", DIALOGUE),
        Utterance(say(other[1]), DIALOGUE[1], "en", DIALOGUE),
    ]
    alone = [answer(utterance) for utterance in utterances]
    recogniser = build(Settings())
    assert list(recogniser.hear(utterances)) == alone
    assert list(recogniser.hear(utterances[::-1])) == alone[::-1]


def test_general_english_is_said_to_be_what_it_is(say: Say) -> None:
    utterance = Utterance(say(DIALOGUE[0]), DIALOGUE[0], "en", DIALOGUE)
    heard = next(build(Settings(language_model="default")).hear([utterance]))
    assert isinstance(heard, Hearing)
    assert heard.language_model == "pocketsphinx en-us"
    assert heard.wer < 0.8


@pytest.mark.parametrize("samples", [0, 1, 1599])
def test_sound_too_short_for_a_word_is_heard_as_nothing(samples: int) -> None:
    heard = hear(Recording(np.full(samples, 0.1, dtype=np.float32), 16000), DIALOGUE[0])
    assert (heard.transcript, heard.wer, heard.cer) == ("", 1.0, 1.0)


@pytest.mark.parametrize("samples", [1600, 1700, 2400, 4000, 8000])
def test_pieces_of_words_do_no_harm(say: Say, samples: int) -> None:
    piece = resample(say(DIALOGUE[0]), 16000).audio[4000 : 4000 + samples]
    assert hear(Recording(piece, 16000), DIALOGUE[0]).wer >= 0.5


def test_words_outside_the_dictionary_count_as_errors(say: Say) -> None:
    text = "My schnoodle died on Sunday."
    assert unknown_words((text, "Poor schnoodle, only 7!")) == ["schnoodle", "7"]
    heard = hear(say(text), text, (text,))
    assert "schnoodle" not in heard.transcript
    assert heard.wer >= 1 / 5


def test_a_dialogue_of_unknown_words_is_heard_as_nothing(say: Say) -> None:
    assert hear(say("Schnoodle!"), "Schnoodle!", ("Schnoodle!",)).wer == 1.0


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("你好吗", "zh", "pocketsphinx hears en only, not zh"),
        ("… 7!", "en", "there is no word to be heard in the text '… 7!'"),
    ],
)
def test_what_cannot_be_scored_is_a_failure_with_its_reason(text: str, language: str, reason: str) -> None:
    silence = Recording(np.zeros(16000, dtype=np.float32), 16000)
    assert answer(Utterance(silence, text, language, (text,))) == Failure(reason)


def test_samples_that_are_no_numbers_are_a_failure() -> None:
    broken = Recording(np.full(16000, np.nan, dtype=np.float32), 16000)
    failed = answer(Utterance(broken, DIALOGUE[0], "en", DIALOGUE))
    assert isinstance(failed, Failure)
    assert "not numbers" in failed.reason


def test_nothing_is_printed(say: Say, capfd: pytest.CaptureFixture[str]) -> None:
    hear(say(DIALOGUE[0]), DIALOGUE[0])
    assert capfd.readouterr() == ("", "")
