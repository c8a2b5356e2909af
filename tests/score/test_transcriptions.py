"""The transcription server's client, against a real server on loopback that the embedded recogniser listens behind."""

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from pydantic import JsonValue, ValidationError

from pipeline.audio.recording import Recording
from pipeline.engine.errors import WarmlineError
from pipeline.engine.failure import Failure
from pipeline.score.scorer import Utterance
from pipeline.score.transcriptions import Settings, build, identity
from pipeline.speak import espeak
from schemas.pack import Pack
from schemas.scores import Hearing
from schemas.take import Line, Take
from schemas.voice import Delivery, Style
from tests.servers.orders import Fault, Order
from tests.servers.running import TRANSCRIPTION_MODEL, Running, running

DIALOGUE = (
    "My old parrot died on Sunday, and it's so quiet at home now.",
    "I'm so sorry. Would you like to tell me about her?",
    "She had two chairs of her own.",
)

Say = Callable[[str], Recording]


@pytest.fixture(scope="module")
def running_server() -> Iterator[Running]:
    with running("transcription") as server:
        yield server


@pytest.fixture
def server(running_server: Running) -> Running:
    running_server.order()
    return running_server


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


def settings(server: Running, **more: JsonValue) -> Settings:
    asked = {"base_url": server.base_url, "model": TRANSCRIPTION_MODEL, "patience": 60.0, "timeout": 60.0}
    return Settings.model_validate(asked | {"prompt": "dialogue"} | more)


def heard(asked: Settings, *utterances: Utterance) -> list[Hearing | Failure]:
    """All of them at once."""

    async def hear() -> list[Hearing | Failure]:
        recogniser = build(asked)
        try:
            return await asyncio.gather(*map(recogniser.hear_one, utterances))
        finally:
            await recogniser.close()

    return asyncio.run(hear())


def hearing(asked: Settings, utterance: Utterance) -> Hearing:
    answer = heard(asked, utterance)[0]
    assert isinstance(answer, Hearing), answer
    return answer


def reason(asked: Settings, utterance: Utterance) -> str:
    answer = heard(asked, utterance)[0]
    assert isinstance(answer, Failure)
    return answer.reason


def test_what_was_said_is_heard_by_a_server_that_was_told_the_dialogue(server: Running, say: Say) -> None:
    answers = heard(settings(server), *(Utterance(say(text), text, "en", DIALOGUE) for text in DIALOGUE))

    for text, answer in zip(DIALOGUE, answers, strict=True):
        assert isinstance(answer, Hearing), (text, answer)
        assert (answer.wer, answer.cer) == (0.0, 0.0)
        assert answer.language_model == f"{TRANSCRIPTION_MODEL}, told the dialogue"


def test_what_was_not_said_is_not_heard(server: Running, say: Say) -> None:
    assert hearing(settings(server), Utterance(say(DIALOGUE[1]), DIALOGUE[0], "en", DIALOGUE)).wer >= 0.5


def test_without_the_dialogue_it_hears_openly_and_is_sent_mono_sound_at_16_khz(server: Running, say: Say) -> None:
    utterance = Utterance(say(DIALOGUE[0]), DIALOGUE[0], "en-GB", DIALOGUE)

    answer = hearing(settings(server, prompt="none", extra_body={"seed": 5}), utterance)

    assert answer.language_model == TRANSCRIPTION_MODEL
    assert 0.0 < answer.wer < 0.8
    fields = server.asked()[-1].fields
    size = fields.pop("bytes")
    assert fields == {
        "model": TRANSCRIPTION_MODEL,
        "response_format": "json",
        "temperature": "0",
        "language": "en",
        "seed": "5",
        "filename": "take.flac",
        "media_type": "audio/flac",
    }
    assert isinstance(size, int)
    assert 0.2 < size / (utterance.recording.duration * 16000 * 2) < 1.0


def test_both_texts_are_brought_to_one_form_and_the_transcript_is_kept_as_it_came(server: Running, say: Say) -> None:
    text = "She had 2 chairs of her own!"

    answer = hearing(settings(server), Utterance(say(text), text, "en", DIALOGUE))

    assert answer.transcript == "she had two chairs of her own"
    assert answer.wer == 0.0


def test_wav_and_verbose_json_give_the_same_hearing(server: Running, say: Say) -> None:
    utterance = Utterance(say(DIALOGUE[1]), DIALOGUE[1], "en", DIALOGUE)

    plain = hearing(settings(server), utterance)

    assert hearing(settings(server, upload="wav", response_format="verbose_json"), utterance) == plain
    assert server.asked()[-1].fields["media_type"] == "audio/wav"


@pytest.mark.parametrize(
    "order",
    [
        Order(fault="status", status=500, times=2),
        Order(fault="status", status=429, retry_after=0.1, times=2),
        Order(fault="html", times=1),
        Order(fault="empty", times=1),
        Order(fault="half", times=1),
        Order(fault="hang", times=1),
    ],
    ids=["500", "429", "html", "empty", "half", "hang"],
)
def test_what_passes_by_itself_is_waited_out(server: Running, say: Say, order: Order) -> None:
    server.order(order)
    before = len(server.asked())
    utterances = [Utterance(say(text), text, "en", DIALOGUE) for text in DIALOGUE]

    timeout = 3.0 if order.fault == "hang" else 60.0
    answers = heard(settings(server, timeout=timeout), *utterances)

    assert [type(answer) for answer in answers] == [Hearing] * 3
    repeated = len(server.asked()) - before - 3
    assert repeated == order.times or (order.fault == "hang" and repeated > 0)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("error_in_json", "the server sent no text but {'message': 'TTS model did not produce audio output.'"),
        ("no_text", "the server sent no text but None"),
    ],
)
def test_an_answer_without_a_text_fails_with_what_there_was(
    server: Running, say: Say, fault: Fault, words: str
) -> None:
    server.order(Order(fault=fault))

    assert reason(settings(server), Utterance(say("Hello."), "Hello.", "en")).startswith(words)


def test_what_the_server_refuses_costs_that_utterance_alone(server: Running, say: Say) -> None:
    german, english = (Utterance(say("Hello."), "Hello.", language) for language in ("de", "en"))

    answers = heard(settings(server), german, english)

    assert [type(answer) for answer in answers] == [Failure, Hearing]
    assert isinstance(answers[0], Failure)
    assert answers[0].reason.startswith("the server refused it: HTTP 400: Unsupported language: 'de'")


def test_a_wrong_model_stops_the_run(server: Running, say: Say) -> None:
    with pytest.raises(WarmlineError, match="The model `other` does not exist"):
        heard(settings(server, model="other"), Utterance(say("Hello."), "Hello.", "en"))


def test_sound_that_no_server_takes_is_not_sent(server: Running) -> None:
    before = len(server.asked())
    short = Recording(np.full(1599, 0.1, dtype=np.float32), 16000)
    long = Recording(np.zeros(601 * 1000, dtype=np.float32), 1000)
    broken = Recording(np.full(16000, np.nan, dtype=np.float32), 16000)

    assert hearing(settings(server), Utterance(short, "Hello.", "en")).transcript == ""
    assert reason(settings(server), Utterance(long, "Hello.", "en")) == "601 s of sound; servers take 600 at the most"
    assert "not numbers" in reason(settings(server), Utterance(broken, "Hello.", "en"))
    assert len(server.asked()) == before


def test_a_text_without_words_has_no_error_rate(server: Running, say: Say) -> None:
    assert "no word" in reason(settings(server), Utterance(say("Hello."), "…!", "en", DIALOGUE))


def test_a_hearings_identity_is_the_model_and_what_it_is_told(server: Running) -> None:
    def of(**more: JsonValue) -> str:
        return identity(settings(server, **more))

    same = [of(base_url="http://127.0.0.1:9/v1", requests=3), of(upload="wav"), of(response_format="verbose_json")]
    other = [of(model="another"), of(prompt="none"), of(language=False), of(extra_body={"seed": 1})]

    assert set(same) == {of()}
    assert len({of(), *other}) == 5


def test_what_is_said_elsewhere_may_not_be_said_twice() -> None:
    with pytest.raises(ValidationError, match="temperature cannot be set here"):
        Settings.model_validate({"model": "asr", "extra_body": {"temperature": 1}})
