"""The speech server's client, against a real server on loopback that the embedded engine speaks behind."""

import io
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest
import soundfile
from pydantic import JsonValue, ValidationError

from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.score import prosody, sound
from pipeline.score.scorer import Utterance
from pipeline.speak.openai_speech import Settings, abilities, build, identity
from pipeline.speak.openai_speech_audio import Sound, recording
from pipeline.speak.openai_speech_request import body, instruction
from schemas.pack import Pack
from schemas.scores import Feeling
from schemas.take import Take
from schemas.voice import Delivery
from tests.servers.asking import NOWHERE, TEXT, last_fields, line, reason, settings, spoken, take, voice
from tests.servers.orders import Fault, Order
from tests.servers.running import SPEECH_MODEL, Running, running


@pytest.fixture(scope="module")
def running_server() -> Iterator[Running]:
    with running("speech") as server:
        yield server


@pytest.fixture
def server(running_server: Running) -> Running:
    running_server.order()
    return running_server


def test_a_line_is_spoken_at_the_servers_rate_and_a_seed_makes_it_the_same_again(server: Running) -> None:
    asked = settings(server, seed=True)

    first, again, other = (take(asked, line(seed=seed)) for seed in (2**40 + 1, 2**40 + 1, 7))

    assert (first.sample_rate, first.engine) == (22050, SPEECH_MODEL)
    assert first.audio.dtype == np.float32
    assert first.duration > 3.0
    assert first.audio.tobytes() == again.audio.tobytes() != other.audio.tobytes()


def test_only_what_the_server_is_declared_to_honour_is_sent(server: Running) -> None:
    one = line(words="Speak sadly.", who=voice(instructions="An old woman."))

    take(settings(server), one)
    plainly = last_fields(server)
    take(settings(server, instructions=True, seed=True, language="name", extra_body={"max_new_tokens": 900}), one)
    fully = last_fields(server)

    assert plainly == {"input": TEXT, "model": SPEECH_MODEL, "voice": "julia", "response_format": "wav"}
    more = {"instructions": "An old woman. Speak sadly.", "seed": 1, "language": "English", "max_new_tokens": 900}
    assert fully == plainly | more


@pytest.mark.parametrize("emotion", ["angry", "sad", "excited"])
def test_an_instruction_is_heard_in_the_take(server: Running, empathy: Pack, emotion: str) -> None:
    asked = settings(server, instructions=True, seed=True)
    plain = [take(asked, line(text)) for text in empathy.references_in("en")]
    reference = tuple(Recording(one.audio, one.sample_rate) for one in plain)
    made = take(asked, line(words=empathy.deliveries[emotion].instruction))

    utterance = Utterance(Recording(made.audio, made.sample_rate), TEXT, "en", reference=reference)
    felt = next(prosody.build(prosody.Settings()).feel([utterance]))

    assert isinstance(felt, Feeling)
    assert felt.best == emotion


def test_each_intensity_of_the_shipped_pack_has_words_of_its_own(empathy: Pack) -> None:
    said = {
        instruction("", Delivery(emotion="sad", intensity=strength, style=empathy.deliveries["sad"]))
        for strength in (0.0, *empathy.intensities, 1.6)
    }

    assert len(said) == 2 + len(empathy.intensities)
    assert "" in said


def test_wav_flac_and_pcm_are_the_same_samples(server: Running) -> None:
    in_each = [
        take(settings(server, seed=True, response_format=name, sample_rate=22050), line()).audio
        for name in ("wav", "flac", "pcm")
    ]

    assert np.array_equal(in_each[0], in_each[1])
    assert np.array_equal(in_each[0], in_each[2])


@pytest.mark.parametrize("fault", ["streamed", "streamed_zero", "stereo"])
def test_streamed_headers_and_equal_channels_lose_no_sound(server: Running, fault: Fault) -> None:
    whole = take(settings(server, seed=True), line())
    server.order(Order(fault=fault))

    assert np.array_equal(take(settings(server, seed=True), line()).audio, whole.audio)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("wrong_rate", "the server's audio has 16000 Hz, sample_rate says 22050"),
        ("wrong_container", "asked for wav, the server sent flac"),
        ("no_samples", "the server sent audio of no length"),
        ("half_as_much", "the server's WAV breaks off: its header promises"),
        ("other_stereo", "the server sent 2 channels that differ"),
        ("cut_off", "the server says that the audio is cut off"),
        ("empty", "the server sent an empty body"),
        ("error_in_json", "the server sent no audio but TTS model did not produce audio output."),
    ],
)
def test_an_answer_that_is_no_take_fails_with_what_is_wrong_with_it(server: Running, fault: Fault, words: str) -> None:
    server.order(Order(fault=fault))

    assert words in reason(settings(server, sample_rate=22050), line())


@pytest.mark.parametrize(
    "order",
    [
        Order(fault="status", status=500, times=2),
        Order(fault="status", status=429, retry_after=0.1, times=2),
        Order(fault="html", times=1),
        Order(fault="half", times=1),
        Order(fault="hang", times=1),
    ],
    ids=["500", "429", "html", "half", "hang"],
)
def test_what_passes_by_itself_is_waited_out_and_the_others_are_spoken(server: Running, order: Order) -> None:
    server.order(order)
    before = len(server.asked())

    timeout = 1.0 if order.fault == "hang" else 60.0
    made = spoken(settings(server, timeout=timeout), *map(line, ("One.", "Two.", "Three.", "Four.")))

    assert all(isinstance(one, Take) for one in made)
    repeated = len(server.asked()) - before - 4
    assert repeated == order.times or (order.fault == "hang" and repeated > 0)


def test_one_clip_for_every_text_is_one_waveform_to_the_sound_checks(server: Running) -> None:
    server.order(Order(fault="same"))

    made = [take(settings(server, seed=True), line(text, seed=seed)) for seed, text in enumerate(("One.", "Two."))]

    assert len({sound.measure(Recording(one.audio, one.sample_rate), TEXT).waveform for one in made}) == 1


def test_what_the_server_refuses_costs_that_line_alone(server: Running) -> None:
    made = spoken(settings(server), line("One."), line("Two.", who=voice("nobody")), line("Three."))

    assert [type(one) for one in made] == [Take, Failure, Take]
    assert isinstance(made[1], Failure)
    assert made[1].reason.startswith("the server refused it: HTTP 400: Invalid voice 'nobody'. Supported: anna, ")


def test_an_unknown_model_a_wrong_key_and_no_server_stop_the_run(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WarmlineError, match="The model `other` does not exist"):
        spoken(settings(server, model="other"), line())
    monkeypatch.setenv("SPEECH_KEY", "sk-wrong")
    with running("speech", key="sk-right") as locked:
        with pytest.raises(WarmlineError, match="SPEECH_KEY") as refused:
            spoken(settings(locked, key_variable="SPEECH_KEY"), line())
        monkeypatch.setenv("SPEECH_KEY", "sk-right")
        take(settings(locked, key_variable="SPEECH_KEY"), line())
    assert "sk-" not in str(refused.value)
    with pytest.raises(WarmlineError, match=f"{locked.base_url}.*Connect call failed"):
        spoken(settings(locked, patience=0.2), line())


def test_a_server_elsewhere_needs_a_key() -> None:
    with pytest.raises(UsageError, match="NO_SUCH_KEY"):
        build(Settings(model="tts", base_url="https://speech.example/v1", key_variable="NO_SUCH_KEY"), NOWHERE)


def test_a_takes_identity_is_the_model_and_what_it_is_sent(server: Running) -> None:
    def of(**more: JsonValue) -> str:
        return identity(settings(server, **more))

    same = [of(base_url="http://127.0.0.1:9/v1", requests=3, timeout=1.0), of(batch=8), of(voices=["julia"])]
    other = [of(model="another"), of(instructions=True), of(extra_body={"top_k": 5}), of(speed=1.1)]

    assert {*same, of(sample_rate=22050)} == {of()}
    assert len({of(), *other}) == 5


def test_the_abilities_are_those_declared(server: Running) -> None:
    little = abilities(settings(server, voices=[]))
    much = abilities(settings(server, instructions=True, seed=True, clips=True, language="name"))

    assert (little.instruction, little.seed, little.clips, little.named_voices, little.languages) == (
        *(False,) * 4,
        None,
    )
    assert much.languages is not None
    assert "zh" in much.languages
    assert (much.instruction, much.seed, much.clips, much.named_voices) == (True,) * 4


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"response_format": "pcm"}, "pcm has no header"),
        ({"emotion_clips": True}, "needs clips"),
        ({"batch": 4, "seed": True}, "have no seed"),
        ({"batch": 33}, "less than or equal to 32"),
        ({"extra_body": {"voice": "x"}}, "may not hold voice"),
        ({"language": "name", "languages": ["xx"]}, "no name is known for xx"),
        ({"response_format": "mp3"}, "'wav', 'flac' or 'pcm'"),
    ],
)
def test_settings_that_do_not_agree_are_refused(wrong: Mapping[str, JsonValue], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate({"model": "tts", **wrong})


def test_a_voice_of_unknown_settings_is_said(server: Running) -> None:
    with pytest.raises(ValueError, match="voice ann: Extra inputs are not permitted"):
        body(line(who=voice(pitch=3)), settings(server), None)


def bodies() -> Sequence[bytes]:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(10), 16000, format="WAV")
    return [b"RIFF", b"RIFF\x00\x00\x00\x00WAVE", file.getvalue()[:30], b"fLaC" + bytes(40)]


@pytest.mark.parametrize("content", bodies())
def test_torn_files_are_said_to_be_torn(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"no data chunk|cannot be read"):
        recording(Sound(content), "flac" if content.startswith(b"fLaC") else "wav")
