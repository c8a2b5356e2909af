"""The speech server's client, against a real server on loopback that the embedded engine speaks behind."""

import asyncio
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pydantic import JsonValue, ValidationError

from pipeline.audio.features import fundamental
from pipeline.audio.recording import Recording, encode_flac
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.storage import Folder
from pipeline.score import prosody, sound
from pipeline.score.scorer import Utterance
from pipeline.speak.openai_speech import Settings, abilities, build, identity
from pipeline.speak.openai_speech_audio import Sound, recording
from pipeline.speak.openai_speech_request import body, instruction
from schemas.pack import Pack
from schemas.scores import Feeling
from schemas.take import Line, Take
from schemas.voice import Age, Clip, Delivery, Gender, Style, Voice
from tests.servers.orders import Fault, Order
from tests.servers.running import SPEECH_MODEL, Running, running

TEXT = "I talked to my sister about it yesterday evening, and we will see what she says."
NOWHERE = Folder("memory://no-clips")


@pytest.fixture(scope="module")
def running_server() -> Iterator[Running]:
    with running("speech") as server:
        yield server


@pytest.fixture
def server(running_server: Running) -> Running:
    running_server.order()
    return running_server


def settings(server: Running, **more: JsonValue) -> Settings:
    asked = {"base_url": server.base_url, "model": SPEECH_MODEL, "patience": 5.0, "timeout": 20.0} | more
    return Settings.model_validate(asked)


def voice(name: str | None = "julia", clips: Mapping[str, Clip] | None = None, **more: JsonValue) -> Voice:
    engines: Mapping[str, Mapping[str, JsonValue]] = {"openai_speech": {"voice": name, **more}} if name else {}
    return Voice(
        id="ann",
        gender=Gender.FEMALE,
        age=Age.ADULT,
        engines=engines,
        clips=clips or {},
        licence="test",
        consent="synthetic",
    )


def line(text: str = TEXT, words: str = "", intensity: float = 1.0, seed: int = 1, who: Voice | None = None) -> Line:
    delivery = Delivery(emotion="sad", intensity=intensity, style=Style(instruction=words))
    return Line(text=text, language="en", voice=who or voice(), delivery=delivery, seed=seed)


def spoken(asked: Settings, *lines: Line, clips: Folder = NOWHERE) -> list[Take | Failure]:
    """All the lines at once."""

    async def speak() -> list[Take | Failure]:
        speaker = build(asked, clips)
        try:
            return await asyncio.gather(*(speaker.speak_one(one) for one in lines))
        finally:
            await speaker.close()

    return asyncio.run(speak())


def take(asked: Settings, one: Line, clips: Folder = NOWHERE) -> Take:
    made = spoken(asked, one, clips=clips)[0]
    assert isinstance(made, Take), made
    return made


def reason(asked: Settings, one: Line, clips: Folder = NOWHERE) -> str:
    made = spoken(asked, one, clips=clips)[0]
    assert isinstance(made, Failure)
    return made.reason


def last_fields(server: Running) -> dict[str, object]:
    return server.asked()[-1].fields


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
    plain = [take(asked, line(text)) for text in empathy.reference_texts]
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

    timeout = 0.8 if order.fault == "hang" else 20.0
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


@pytest.fixture
def pack_folder(server: Running, tmp_path: Path) -> Folder:
    """Clips of two voices far apart, the second in anger too."""
    for file, who, words in (
        ("low.flac", "omar", ""),
        ("high.flac", "lily", ""),
        ("high-angry.wav", "lily", "Speak angrily."),
    ):
        made = take(settings(server, instructions=True, seed=True), line(words=words, who=voice(who)))
        recording = Recording(made.audio, made.sample_rate)
        if file.endswith("flac"):
            (tmp_path / file).write_bytes(encode_flac(recording))
        else:
            soundfile.write(tmp_path / file, recording.audio, recording.sample_rate)
    (tmp_path / "notes.txt").write_text("no clip")
    return Folder(str(tmp_path))


def clip(file: str) -> Clip:
    return Clip(audio=file, transcript=f"What {file} says.")


def pitch(one: Take) -> float:
    return float(np.nanmedian(fundamental(Recording(one.audio, one.sample_rate))))


def test_a_voice_is_cloned_from_its_clip(server: Running, pack_folder: Folder) -> None:
    asked = settings(server, clips=True, task_type="Base")

    low, high = (
        take(asked, line(who=voice(None, {"neutral": clip(file)})), pack_folder) for file in ("low.flac", "high.flac")
    )

    assert pitch(low) < 0.8 * pitch(high)
    fields = last_fields(server)
    assert (fields["task_type"], fields["ref_text"]) == ("Base", "What high.flac says.")
    assert str(fields["ref_audio"]).startswith("data:audio/flac;base64,")
    assert "voice" not in fields


def test_an_emotion_with_a_clip_of_its_own_is_spoken_from_it(server: Running, pack_folder: Folder) -> None:
    who = voice(None, {"neutral": clip("high.flac"), "sad": clip("high-angry.wav")})

    take(settings(server, clips=True), line(who=who), pack_folder)
    as_it_is = last_fields(server)["ref_text"]
    take(settings(server, clips=True, emotion_clips=True), line(who=who), pack_folder)

    assert as_it_is == "What high.flac says."
    assert last_fields(server)["ref_text"] == "What high-angry.wav says."


def test_a_voice_that_cannot_be_had_is_said_before_anything_is_sent(server: Running, pack_folder: Folder) -> None:
    before = len(server.asked())
    cloning = settings(server, clips=True)

    assert reason(settings(server), line(who=voice(None))) == (
        "voice ann has no settings for openai_speech, and no clip to be cloned from"
    )
    assert reason(cloning, line(who=voice(None, {"neutral": clip("notes.txt")})), pack_folder) == (
        "the clip notes.txt is no WAV, FLAC or Ogg file"
    )
    assert reason(settings(server, voices=["anna"]), line()) == (
        "voice ann: the server has no voice 'julia' (it has: anna)"
    )
    assert reason(settings(server, languages=["de"]), line()) == "the server speaks de only, not en"
    assert len(server.asked()) == before


def test_lines_that_come_together_go_in_one_request(server: Running) -> None:
    before = len(server.asked())
    texts = [f"This is number {number}." for number in range(20)]

    made = spoken(settings(server, batch=8, sample_rate=22050), *map(line, texts))

    asked = server.asked()[before:]
    assert [type(one) for one in made] == [Take] * 20
    assert [(one.path, len(list(one.fields["items"]))) for one in asked] == [  # type: ignore[call-overload]
        ("/v1/audio/speech/batch", size) for size in (8, 8, 4)
    ]


def test_of_a_batch_only_the_bad_lines_fail(server: Running) -> None:
    server.order(Order(fault="half_as_much", containing="Three"))
    lines = [line("One."), line("Two.", who=voice("nobody")), line("Three."), line("Four.")]

    made = spoken(settings(server, batch=4), *lines)

    assert [type(one) for one in made] == [Take, Failure, Failure, Take]
    assert isinstance(made[1], Failure)
    assert isinstance(made[2], Failure)
    assert made[1].reason.startswith("the server refused it: Invalid voice 'nobody'")
    assert "breaks off" in made[2].reason


def test_a_batch_refused_as_a_whole_is_sent_again_line_by_line(server: Running) -> None:
    server.order(Order(fault="status", status=422, containing="Two"))

    made = spoken(settings(server, batch=3), *map(line, ("One.", "Two.", "Three.")))

    assert [type(one) for one in made] == [Take, Failure, Take]


@pytest.mark.parametrize("fault", ["html", "empty", "half"])
def test_a_batchs_answer_that_is_none_is_asked_for_again(server: Running, fault: Fault) -> None:
    server.order(Order(fault=fault, times=1))

    made = spoken(settings(server, batch=3), *map(line, ("One.", "Two.", "Three.")))

    assert [type(one) for one in made] == [Take] * 3


def test_a_server_that_is_gone_is_told_to_every_line_of_a_batch(server: Running) -> None:
    with pytest.raises(WarmlineError, match="does not exist"):
        spoken(settings(server, batch=3, model="other"), *map(line, ("One.", "Two.", "Three.")))


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
