"""The backend on a stand-in: what becomes of lines, of clips, of folders that lack something, of a GPU that is full."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.storage import Folder
from pipeline.speak.cosyvoice import CosyVoice, abilities, build, identity
from pipeline.speak.cosyvoice_engine import Engine, NoRenderingError
from pipeline.speak.cosyvoice_prompts import END_OF_PROMPT, Way
from pipeline.speak.cosyvoice_settings import Settings, Version
from schemas.take import Line, Take
from schemas.voice import Clip
from tests.speak.cosyvoice_contract import (
    SAD,
    CosyVoiceBackend,
    CosyVoiceContract,
    Opened,
    Place,
    line,
    open_model,
    voice,
    write_clips,
)
from tests.speak.cosyvoice_stand_in.tensors import cuda

STAND_IN = Path(__file__).parent / "cosyvoice_stand_in"
TORCH = ("torch", "torchaudio", "transformers")
PARTS = ("llm.pt", "flow.pt", "hift.pt", "campplus.onnx", "CosyVoice-BlankEN/config.json")


def write_folder(folder: Path, version: Version, room: int = 10**6, text_frontend: str = "wetext") -> Path:
    for name in (*PARTS, f"speech_tokenizer_v{version}.onnx"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"{name} of a stand-in".encode())
    (folder / f"cosyvoice{version}.yaml").write_text(f"room: {room}\ntext_frontend: {text_frontend}\n")
    return folder


def forget(*packages: str) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in packages]:
        del sys.modules[name]


@pytest.fixture(scope="module", autouse=True)
def stand_in() -> Iterator[None]:
    """The stand-in's torch goes before any real one for the length of these tests."""
    kept = {name: module for name, module in sys.modules.items() if name.split(".")[0] in (*TORCH, "cosyvoice")}
    path = list(sys.path)
    forget(*TORCH, "cosyvoice")
    sys.path.insert(0, str(STAND_IN / "libraries"))
    yield
    forget(*TORCH, "cosyvoice")
    sys.path[:] = path
    sys.modules.update(kept)


@pytest.fixture(scope="module", params=[2, 3])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    version: Version = request.param
    return Place(STAND_IN / "checkout", write_folder(tmp_path_factory.mktemp("model"), version), version)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def opened(place: Place, clips: Path) -> Opened:
    return open_model(place, clips)


@pytest.fixture(scope="module")
def speaker(place: Place, clips: Path) -> Iterator[CosyVoice]:
    speaker = build(place.settings(), Folder(str(clips)))
    yield speaker
    speaker.close()


class TestTheStandIn(CosyVoiceContract):
    pass


class TestTheBackend(CosyVoiceBackend):
    pass


def made(speaker: CosyVoice, asked: Line) -> Take:
    take = next(speaker.speak([asked]))
    assert isinstance(take, Take), take
    return take


def failed(speaker: CosyVoice, asked: Line) -> str:
    failure = next(speaker.speak([asked]))
    assert isinstance(failure, Failure)
    return failure.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("... !?", "the text is punctuation only"),
        ("Well.<|endofprompt|>Now.", r"the text holds <|"),
        ("I am stuck in the lift.", "got stuck: token 7 25 times running, 1.0 s"),
        ("My brother rambles.", "ran on: 380 speech tokens for 19 of text"),
        ("I am in a hurry now.", "stopped at once: 1 speech tokens for 14 letters"),
        ("He was mute.", "stopped at once: no speech tokens"),
    ],
)
def test_what_goes_wrong_is_a_failure_with_its_reason_and_the_next_line_is_spoken(
    speaker: CosyVoice, text: str, reason: str
) -> None:
    bad, good = speaker.speak([line(text), line()])

    assert isinstance(bad, Failure)
    assert reason in bad.reason
    assert isinstance(good, Take)


def test_the_reason_from_upstreams_thread_is_told_and_not_the_shape_it_leads_to(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = Place(STAND_IN / "checkout", write_folder(tmp_path, 3), 3)
    speaker = build(third.settings(), Folder(str(clips)))
    monkeypatch.setattr("pipeline.speak.cosyvoice_prompts.END_OF_PROMPT", "")

    assert failed(speaker, line()).startswith("CosyVoice broke: AssertionError: <|endofprompt|> not detected")


def test_a_text_too_short_for_the_clips_transcript_is_spoken_without_it(speaker: CosyVoice) -> None:
    assert "zero-shot" in made(speaker, line("I know now.")).engine
    assert "instructed" in made(speaker, line("I know.")).engine


def test_without_emotion_no_instruction_is_given(speaker: CosyVoice) -> None:
    short = made(speaker, line("I know.", instruction="Speak calmly."))
    assert short.audio.tobytes() == made(speaker, line("I know.")).audio.tobytes()

    neutral = made(speaker, line(instruction="Speak calmly."))
    none = line(emotion="sad", instruction=SAD, sad="sad.flac")
    none = none.model_copy(update={"delivery": none.delivery.model_copy(update={"intensity": 0.0})})

    assert neutral.audio.tobytes() == made(speaker, line()).audio.tobytes() == made(speaker, none).audio.tobytes()


def test_intensity_shows_in_the_instruction(speaker: CosyVoice) -> None:
    def at(intensity: float) -> bytes:
        asked = line(emotion="sad", instruction=SAD)
        delivery = asked.delivery.model_copy(update={"intensity": intensity})
        return made(speaker, asked.model_copy(update={"delivery": delivery})).audio.tobytes()

    assert at(1.0) == at(1.2)
    assert len({at(0.5), at(1.0), at(1.25)}) == 3


def test_the_run_files_words_for_an_emotion_go_before_the_packs(place: Place, clips: Path) -> None:
    trained = build(place.settings(instructions={"sad": "请非常伤心地说一句话。"}), Folder(str(clips)))
    asked = line(emotion="sad", instruction=SAD)
    same = line(emotion="sad", instruction="请非常伤心地说一句话。")
    plain = build(place.settings(), Folder(str(clips)))

    assert made(trained, asked).audio.tobytes() == made(plain, same).audio.tobytes()
    assert made(trained, asked).audio.tobytes() != made(plain, asked).audio.tobytes()


def test_an_emotion_can_be_taken_from_the_instruction_though_there_is_a_clip(place: Place, clips: Path) -> None:
    speaker = build(place.settings(emotion_by="instruction"), Folder(str(clips)))

    assert "instructed" in made(speaker, line(emotion="sad", instruction=SAD, sad="sad.flac")).engine
    assert "zero-shot" in made(speaker, line(emotion="sad", sad="sad.flac")).engine


def test_clips_in_another_language_lend_their_colour_only(speaker: CosyVoice) -> None:
    foreign = voice().model_copy(update={"engines": {"cosyvoice": {"clips_in": "zh"}}})

    assert "instructed" in made(speaker, line().model_copy(update={"voice": foreign})).engine


def test_numbers_in_a_language_that_upstream_cannot_read_out_are_left_to_the_model(speaker: CosyVoice) -> None:
    korean = line("3시에 만나요, 그때까지 기다릴게요.").model_copy(update={"language": "ko"})
    english = korean.model_copy(update={"language": "en"})

    assert made(speaker, korean).audio.tobytes() != made(speaker, english).audio.tobytes()


@pytest.mark.parametrize(
    ("voice_change", "reason"),
    [
        ({"clips": {}}, "voice ann has no neutral clip"),
        ({"engines": {"cosyvoice": {"pitch": 3}}}, "voice ann: Extra inputs are not permitted"),
    ],
)
def test_a_voice_that_it_cannot_clone_fails(speaker: CosyVoice, voice_change: dict[str, object], reason: str) -> None:
    other = voice().model_copy(update=voice_change)

    assert reason in failed(speaker, line().model_copy(update={"voice": other}))


def test_a_language_that_the_version_does_not_speak_fails(speaker: CosyVoice, place: Place) -> None:
    reason = failed(speaker, line().model_copy(update={"language": "sw"}))

    assert reason.startswith(f"CosyVoice {place.version} speaks en, zh")
    assert reason.endswith("not sw")


@pytest.mark.parametrize(
    ("audio", "rate", "reason"),
    [
        (np.full(8000 * 3, 0.1), 8000, "clip odd.wav is sampled at 8000 Hz; CosyVoice needs 16000 or more"),
        (np.full(16000 * 31, 0.1), 16000, "clip odd.wav lasts 31.0 s, not 1 to 30 s"),
        (np.full(1600, 0.1), 16000, "clip odd.wav lasts 0.1 s"),
        (np.zeros(16000 * 3), 16000, "clip odd.wav is silent"),
        (np.full((16000 * 3, 2), 0.1), 16000, "clip odd.wav: a recording is mono; this one has 2 channels"),
    ],
)
def test_a_clip_that_no_voice_can_be_taken_from_stops_the_run(
    place: Place, tmp_path: Path, audio: np.ndarray[tuple[int, ...], np.dtype[np.float64]], rate: int, reason: str
) -> None:
    soundfile.write(tmp_path / "odd.wav", audio, rate)
    odd = voice().model_copy(update={"clips": {"neutral": Clip(audio="odd.wav", transcript="Good morning.")}})
    speaker = build(place.settings(), Folder(str(tmp_path)))

    with pytest.raises(UsageError) as error:
        next(speaker.speak([line().model_copy(update={"voice": odd})]))
    assert reason in str(error.value)


def test_orders_in_the_packs_words_stop_the_run(speaker: CosyVoice) -> None:
    told = line(emotion="sad", instruction="Sadly.<|endofprompt|>")
    heard = voice().model_copy(update={"clips": {"neutral": Clip(audio="neutral.wav", transcript="<|en|>Good day.")}})

    with pytest.raises(UsageError, match="the instruction for sad holds"):
        next(speaker.speak([told]))
    with pytest.raises(UsageError, match=r"voice ann: the transcript of neutral\.wav holds"):
        next(speaker.speak([line().model_copy(update={"voice": heard})]))


def test_a_full_gpu_is_emptied_and_the_line_spoken_sentence_by_sentence(
    place: Place, clips: Path, tmp_path: Path
) -> None:
    small = Place(place.checkout, write_folder(tmp_path, place.version, room=30), place.version)
    speaker = build(small.settings(), Folder(str(clips)))
    emptied = cuda.emptied

    take = made(speaker, line("It was a long day. Nobody called me."))

    assert take.units is not None
    assert len(take.units.units) == 2 * len("It was a long day.Nobody called me.")
    assert cuda.emptied > emptied
    assert failed(speaker, line()).startswith("no room for this line, sentence by sentence neither: RuntimeError: CUDA")


def test_a_gpu_without_room_for_the_first_line_stops_the_run(place: Place, clips: Path, tmp_path: Path) -> None:
    small = Place(place.checkout, write_folder(tmp_path, place.version, room=30), place.version)
    speaker = build(small.settings(), Folder(str(clips)))

    with pytest.raises(WarmlineError, match="the GPU has no room for a single line beside"):
        next(speaker.speak([line()]))


def test_a_model_is_loaded_anew_after_so_many_takes(place: Place, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = build(place.settings(renew_after=2), Folder(str(clips)))
    module = sys.modules["cosyvoice.cli.cosyvoice"]
    loaded: list[str] = []
    auto_model = module.AutoModel

    def counted(model_dir: str, fp16: bool, load_trt: bool) -> object:
        loaded.append(model_dir)
        return auto_model(model_dir=model_dir, fp16=fp16, load_trt=load_trt)

    monkeypatch.setattr(module, "AutoModel", counted)
    takes = list(speaker.speak([line(), line("He rambles."), line(), line(), line()]))

    assert loaded == [str(place.model)] * 2
    assert {take.audio.tobytes() for take in takes if isinstance(take, Take)} == {made(speaker, line()).audio.tobytes()}


def test_a_transformers_that_garbles_is_refused_by_name(
    place: Place, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["transformers"], "__version__", "4.57.3")

    with pytest.raises(WarmlineError, match=r"transformers 4\.57\.3 garbles .* pip install 'transformers==4\.51\.3'"):
        build(place.settings(), Folder(str(clips)))


def test_a_front_end_that_can_read_no_numbers_is_refused(place: Place, clips: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, place.version, text_frontend="''")

    with pytest.raises(UsageError, match="pip install wetext"):
        build(Place(place.checkout, folder, place.version).settings(), Folder(str(clips)))


@pytest.mark.parametrize("lost", [*PARTS, "speech_tokenizer"])
def test_a_model_folder_that_lacks_a_file_says_which(place: Place, clips: Path, tmp_path: Path, lost: str) -> None:
    folder = write_folder(tmp_path, place.version)
    name = lost if lost in PARTS else f"{lost}_v{place.version}.onnx"
    (folder / name).unlink()

    with pytest.raises(UsageError, match=f"lacks {name}$"):
        build(Place(place.checkout, folder, place.version).settings(), Folder(str(clips)))


def test_a_model_folder_of_another_version_says_so(place: Place, clips: Path) -> None:
    other = place.settings(version=5 - place.version)

    with pytest.raises(UsageError, match=rf"lacks cosyvoice{other.version}\.yaml; it holds cosyvoice{place.version}"):
        build(other, Folder(str(clips)))


def test_git_lfs_pointers_are_not_taken_for_weights(place: Place, clips: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, place.version)
    (folder / "flow.pt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")

    with pytest.raises(UsageError, match=r"only Git LFS pointers lie for flow\.pt: git lfs pull"):
        build(Place(place.checkout, folder, place.version).settings(), Folder(str(clips)))


def test_a_missing_folder_is_not_fetched(place: Place, clips: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        build(Place(place.checkout, tmp_path / "none", place.version).settings(), Folder(str(clips)))


def test_a_folder_that_is_no_checkout_says_how_to_get_one(place: Place, clips: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no checkout of CosyVoice: git clone --recursive"):
        build(Place(tmp_path, place.model, place.version).settings(), Folder(str(clips)))


def test_a_checkout_without_its_submodule_says_how_to_get_it(place: Place, clips: Path, tmp_path: Path) -> None:
    (tmp_path / "cosyvoice" / "cli").mkdir(parents=True)
    (tmp_path / "cosyvoice" / "cli" / "cosyvoice.py").touch()

    with pytest.raises(UsageError, match="lacks third_party/Matcha-TTS: run `git submodule update"):
        build(Place(tmp_path, place.model, place.version).settings(), Folder(str(clips)))


def test_another_cosyvoice_in_the_environment_is_found_out(place: Place, clips: Path, tmp_path: Path) -> None:
    for name in ("cosyvoice/cli/cosyvoice.py", "third_party/Matcha-TTS/matcha/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    with pytest.raises(UsageError, match="another package named cosyvoice hides the checkout"):
        build(Place(tmp_path, place.model, place.version).settings(), Folder(str(clips)))


def test_what_is_not_installed_is_named_with_its_package(
    place: Place, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchaudio.functional", None)
    monkeypatch.setattr("pipeline.speak.cosyvoice_loading._PACKAGES", {"no_such_module": "no-such-package"})

    with pytest.raises(UsageError, match=r"needs more than is installed here: pip install 'no-such-package'"):
        build(place.settings(), Folder(str(clips)))


@pytest.mark.parametrize("asked", ["fp16", "tensorrt"])
def test_what_needs_a_gpu_is_refused_without_one(place: Place, clips: Path, tmp_path: Path, asked: str) -> None:
    folder = write_folder(tmp_path, place.version)
    (folder / "flow.decoder.estimator.fp32.onnx").touch()

    with pytest.raises(UsageError, match="need a GPU, and torch sees none here"):
        build(Place(place.checkout, folder, place.version).settings(**{asked: True}), Folder(str(clips)))


def test_the_voice_registered_first_is_forgotten_when_there_are_too_many(
    place: Place, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.speak.cosyvoice_engine._MOST_REGISTERED", 2)
    engine = Engine(place.settings())
    for name in ("one", "two", "three"):
        engine.register(name, END_OF_PROMPT, str(clips / "neutral.wav"), normalise=True)

    assert engine.render(["Good day."], "two", Way.INSTRUCTED, seed=1, normalise=True).tokens
    with pytest.raises(NoRenderingError, match="one"):
        engine.render(["Good day."], "one", Way.INSTRUCTED, seed=1, normalise=True)


def test_upstreams_logging_is_not_let_loose(place: Place, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", logging.WARNING)
    forget("cosyvoice")
    build(place.settings(), Folder(str(clips)))

    assert (root.handlers, root.level) == ([], logging.WARNING)


def test_upstreams_bars_stay_away(place: Place, clips: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made(build(place.settings(), Folder(str(clips))), line())

    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_settings_are_checked_without_torch() -> None:
    with pytest.raises(ValidationError, match="version"):
        Settings.model_validate({"checkout": "CosyVoice", "model": "CosyVoice2-0.5B"})
    with pytest.raises(ValidationError, match="the instruction for sad holds"):
        Settings(checkout="a", model="b", version=2, instructions={"sad": "Sadly.<|endofprompt|>"})


def test_takes_depend_on_the_weights_and_not_on_where_they_lie() -> None:
    one = Settings(checkout="/here/CosyVoice", model="/here/CosyVoice2-0.5B", version=2)
    moved = Settings(checkout="/there", model="/there/CosyVoice2-0.5B/", version=2, renew_after=10)
    others = [
        one.model_copy(update=change)
        for change in ({"revision": "tuned"}, {"fp16": True}, {"model": "/here/tuned"}, {"stronger": ""})
    ]

    assert identity(one) == identity(moved)
    assert len({identity(settings) for settings in (one, *others)}) == 5


def test_it_says_what_it_can_be_told() -> None:
    able = abilities(Settings(checkout="a", model="b", version=3))

    assert able.clips
    assert able.emotion_clips
    assert able.instruction
    assert not able.named_voices
    assert able.units == "s3"
    assert "ja" not in (able.languages or ())
