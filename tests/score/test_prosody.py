"""The prosody recogniser on the embedded engine's own renderings, by voices of the shipped pack."""

from collections.abc import Iterator

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.score.prosody import MODEL, Classifier, Prosody, Settings, build, identity
from pipeline.score.prosody_features import NAMES
from pipeline.score.scorer import Utterance
from pipeline.speak import espeak
from schemas.scores import Feeling
from schemas.take import Line, Take
from schemas.voice import Delivery, Style, Voice
from training.prosody import PACK, read_pack

TEXT = "I talked to my sister about it yesterday evening, and we will see what she says."


class Studio:
    """The pack's voices, spoken by espeak."""

    def __init__(self) -> None:
        self.pack = read_pack(PACK)
        self._speaker = espeak.build(espeak.Settings())

    def say(self, voice: Voice, emotion: str, text: str = TEXT, intensity: float = 1.0) -> Recording:
        delivery = Delivery(emotion=emotion, intensity=intensity, style=self.pack.deliveries[emotion])
        take = next(self._speaker.speak([Line(text=text, language="en", voice=voice, delivery=delivery, seed=3)]))
        assert isinstance(take, Take)
        return Recording(take.audio, take.sample_rate)

    def utterance(self, voice: Voice, emotion: str, intensity: float = 1.0) -> Utterance:
        reference = tuple(self.say(voice, "neutral", text) for text in self.pack.reference_texts)
        return Utterance(self.say(voice, emotion, intensity=intensity), TEXT, "en", reference=reference)

    def close(self) -> None:
        self._speaker.close()


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    studio = Studio()
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def recogniser() -> Prosody:
    return build(Settings())


def felt(recogniser: Prosody, utterance: Utterance) -> Feeling:
    answer = next(recogniser.feel([utterance]))
    assert isinstance(answer, Feeling)
    return answer


def test_most_takes_are_heard_as_what_was_asked(studio: Studio, recogniser: Prosody) -> None:
    voices = studio.pack.voices[::6]
    right = [
        felt(recogniser, studio.utterance(voice, emotion)).best == emotion
        for voice in voices
        for emotion in studio.pack.deliveries
    ]

    assert np.mean(right) >= 0.85


def test_a_take_in_another_emotion_gets_little_of_the_asked_one(studio: Studio, recogniser: Prosody) -> None:
    voice = studio.pack.voices[2]

    answer = felt(recogniser, studio.utterance(voice, "excited"))

    assert answer.p("sad") < 0.05


def test_the_answer_names_all_nine_emotions_and_sums_to_one(studio: Studio, recogniser: Prosody) -> None:
    answer = felt(recogniser, studio.utterance(studio.pack.voices[0], "happy"))

    assert {score.label for score in answer.emotion} == set(studio.pack.deliveries)
    assert sum(score.p for score in answer.emotion) == pytest.approx(1.0)


def test_an_answer_does_not_depend_on_what_was_heard_before(studio: Studio, recogniser: Prosody) -> None:
    sad, angry = (studio.utterance(studio.pack.voices[5], emotion) for emotion in ("sad", "angry"))

    together = list(recogniser.feel([sad, angry, sad]))

    assert together[0] == together[2] == next(build(Settings()).feel([sad]))


def test_without_a_neutral_reference_there_is_no_answer(studio: Studio, recogniser: Prosody) -> None:
    lone = Utterance(studio.say(studio.pack.voices[0], "sad"), TEXT, "en")

    answer = next(recogniser.feel([lone]))

    assert isinstance(answer, Failure)
    assert "neutral renderings" in answer.reason


@pytest.mark.parametrize(
    "audio",
    [np.zeros(22050, np.float32), np.zeros(0, np.float32), np.random.default_rng(0).normal(0, 0.1, 22050)],
    ids=["silence", "nothing", "noise"],
)
def test_sound_without_voice_is_a_failure(studio: Studio, recogniser: Prosody, audio: np.ndarray) -> None:
    utterance = studio.utterance(studio.pack.voices[0], "neutral")
    silent = Utterance(Recording(audio.astype(np.float32), 22050), TEXT, "en", reference=utterance.reference)

    answer = next(recogniser.feel([silent]))

    assert isinstance(answer, Failure)
    assert "no prosody to judge" in answer.reason


def test_the_model_fits_the_features_and_the_pack(studio: Studio) -> None:
    classifier = Classifier.load(MODEL)

    assert set(classifier.labels) == set(studio.pack.deliveries)
    assert classifier.weights.shape == (len(NAMES), len(classifier.labels))
    assert len(identity(Settings())) == 16


def test_a_neutral_style_at_any_intensity_is_the_voice_itself() -> None:
    plain = Style().prosody

    assert plain.at(0.0) == plain.at(1.7) == plain
