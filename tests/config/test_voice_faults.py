"""Voices, clips and deliveries that cannot be: each fault at its line."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.config.pack import load_pack
from pipeline.config.run import load_run
from pipeline.config.source import FaultsError
from schemas.pack import Pack
from tests.config.small_pack import faults, write_child, write_small

RATE = 16000
SAID = "This is what I say in it."


@pytest.fixture
def child(tmp_path: Path) -> Path:
    """The folder of a pack that extends the small one, with a good clip in it."""
    write_small(tmp_path / "small")
    folder = write_child(tmp_path / "child", "")
    write_clip(folder / "clips/good.wav", talk(3.0))
    return folder


def talk(seconds: float, level: float = 0.1, rate: int = RATE) -> np.ndarray:
    """Noise as loud as speech is."""
    return np.random.default_rng(0).normal(0.0, level, int(seconds * rate)).astype(np.float32)


def write_clip(file: Path, samples: np.ndarray, rate: int = RATE) -> None:
    file.parent.mkdir(exist_ok=True)
    soundfile.write(file, samples, rate, subtype="PCM_16", format="WAV")


def clip(name: str = "good.wav", said: str = SAID, more: str = "") -> str:
    return f"{{audio: clips/{name}, transcript: {said}{more}}}"


def voice(clips: str, more: str = "") -> str:
    """A voice whose clips stand in line 11."""
    return f"""voices:
  - id: anna
    gender: female
    age: adult
    weight: 1
    roles: [user]
    licence: CC0-1.0
    consent: synthetic
    clips:
      {clips}
{more}"""


def test_a_good_clip_is_no_fault_and_knows_its_file(child: Path) -> None:
    pack = load_pack(write_child(child, voice(f"neutral: {clip()}"))).pack
    anna = pack.voices[-1]
    assert (anna.clips["neutral"].audio, len(anna.clips["neutral"].digest)) == ("clips/good.wav", 32)


def test_a_clip_of_the_parent_is_found_in_its_folder_and_in_a_copy(child: Path) -> None:
    write_child(child, voice(f"neutral: {clip()}"))
    loaded = load_pack(write_child(child.parent / "grandchild", "", "../child"))
    anna = loaded.pack.voices[-1]
    assert anna.clips["neutral"].audio == "parent/clips/good.wav"
    assert loaded.files["parent/clips/good.wav"] == (child / "clips/good.wav").read_bytes()


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (talk(0.5), RATE, "clips/bad.wav is 0.5 s long: a clip has 1 to 30 s"),
        (talk(31.0), RATE, "clips/bad.wav is 31.0 s long"),
        (talk(3.0), 8000, "has 8000 samples a second: a clip needs 16000 or more"),
        (talk(3.0, level=0.002), RATE, "is too quiet (-54 dBFS, least -45): record it louder"),
        (np.zeros(3 * RATE, np.float32), RATE, "is too quiet (-120 dBFS"),
        (talk(3.0, level=0.5), RATE, "of it at full scale): record it with less gain"),
        (np.stack([talk(3.0)] * 2, axis=1), RATE, "has 2 channels: a clip is mono"),
    ],
)
def test_a_recording_from_which_no_voice_can_be_taken_is_a_fault(
    child: Path, samples: np.ndarray, rate: int, message: str
) -> None:
    write_clip(child / "clips/bad.wav", samples, rate)
    write_child(child, voice(f"neutral: {clip('bad.wav')}"))
    (found,) = faults(child)
    assert found.startswith(f"{child}/pack.yaml:12: ")
    assert message in found


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (clip("missing.wav"), "clips/missing.wav is not in "),
        (clip("../../small/pack.yaml"), "is not inside the pack's folder"),
        (clip("text.wav"), "is no audio file that can be read (WAV, FLAC, OGG, MP3)"),
        (clip(said="Oh."), "has 3.0 s of speech, so this were 0.7 letters a second: write what is said in it"),
        (clip(said="word " * 30), "so this were 40.0 letters a second"),
        (clip(said="我" * 40), "so this were 40.0 letters a second"),
        (clip(more=", language: zh"), "anna speaks en, its clip is in zh: add that to its languages, or take a clip"),
        (clip(more=", digest: x"), "digest is filled in on reading: take it away"),
        (clip(more=", languag: en"), "languag is not a key here: did you mean language?"),
    ],
)
def test_a_clip_that_cannot_be_is_a_fault_at_its_line(child: Path, one: str, message: str) -> None:
    (child / "clips/text.wav").write_text("no sound")
    write_child(child, voice(f"neutral: {one}"))
    (found,) = faults(child)
    assert found.startswith(f"{child}/pack.yaml:12: ")
    assert message in found


def test_a_chinese_sign_takes_as_long_as_three_letters(child: Path) -> None:
    write_child(child, voice(f"neutral: {clip(said='啊。')}"))
    assert load_pack(child).pack.voices[-1].clips["neutral"].transcript == "啊。"


def test_faults_of_clips_come_with_all_others(child: Path) -> None:
    write_child(
        child, voice(f"neutral: {clip('missing.wav')}\n      gloomy: {clip(said='Oh.')}", "turns: {2: x, 4: 0}\n")
    )
    found = faults(child)
    assert [fault.split(": ")[0].rpartition(":")[2] for fault in found] == ["12", "13", "14"]


def test_a_clip_in_an_emotion_that_is_none_is_a_fault(child: Path) -> None:
    write_child(child, voice(f"neutral: {clip()}\n      hapy: {clip()}"))
    assert faults(child) == [f"{child}/pack.yaml:13: anna: hapy is not defined in deliveries: did you mean happy?"]


def test_a_voice_whose_licence_the_pack_does_not_allow_is_a_fault_at_the_licence(child: Path) -> None:
    write_child(child, voice(f"neutral: {clip()}", "licences: [CC-BY-4.0, CC0]\n"))
    found = faults(child)
    assert found[0] == (
        f"{child}/pack.yaml:9: anna: the pack's licences (CC-BY-4.0, CC0) do not have 'CC0-1.0': take the voice out"
    )
    assert sum("do not have 'CC0-1.0'" in fault for fault in found) == 4, "the parent's voices are looked at too"
    write_child(child, voice(f"neutral: {clip()}", "licences: [CC0-1.0]\n"))
    assert load_pack(child).pack.licences == ("CC0-1.0",)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "deliveries: {sad: {languages: {zh: {instruction: 难过。}}}}\n",
            "zh is no language of the pack: there is: en",
        ),
        (
            "deliveries: {sad: {languages: {en: {instuction: Sob.}}}}\n",
            "instuction is not a key here: did you mean ins",
        ),
        ("deliveries: {sad: {tags: ['[sigh]']}}\n", "should match pattern"),
        ("voices: [{id: tom, gender: male, age: adult, engines: {espaek: {}}, licence: x, consent: x}]\n", "espeak?"),
        (
            "voices: [{id: tom, gender: male, age: adult, licence: ' ', consent: x}]\n",
            "tom has no licence: give an SPD",
        ),
        (
            "situations: [{id: sun, about: x, emotions: {happy: 1}, slots: {a: ['[laugh] no']}}]\n"
            "deliveries: {happy: {tags: [laughter]}}\n",
            "[laugh] is no tag of any delivery: did you mean laughter?",
        ),
    ],
)
def test_a_delivery_or_a_voice_that_cannot_be_is_a_fault_at_its_line(child: Path, lines: str, message: str) -> None:
    write_child(child, lines)
    (found,) = faults(child)
    assert found.startswith(f"{child}/pack.yaml:3: ")
    assert message in found


def write_run(child: Path, speak: str) -> Path:
    file = child.parent / "run.yaml"
    file.write_text(
        f"pack: child\nsize: 4\nwrite: {{backend: openai, settings: {{model: m}}}}\nspeak: {speak}\n"
        "shard: {splits: {validation: 0, test: 0}}\n"
    )
    return file


def test_tags_that_the_engine_does_not_render_are_a_fault_of_the_packs_line(child: Path) -> None:
    write_child(child, "deliveries:\n  happy:\n    tags: [laughter, giggle]\n")
    with pytest.raises(FaultsError) as caught:
        load_run(write_run(child, "{backend: espeak}"))
    assert str(caught.value).splitlines()[:-1] == [
        f"{child}/pack.yaml:5: espeak does not render [{tag}]: it renders no tags; take them out, or speak with another"
        for tag in ("giggle", "laughter")
    ]


def test_tags_that_the_engine_does_render_are_none(child: Path) -> None:
    write_child(child, "deliveries:\n  happy:\n    tags: [laughter]\n")
    server = "{backend: openai_speech, settings: {model: m, instructions: true, tags: [laughter]}}"
    with pytest.raises(FaultsError) as caught:
        load_run(write_run(child, server))
    assert "does not render" not in str(caught.value)


def test_the_shipped_pack_has_no_fault_of_voices(empathy: Pack) -> None:
    assert all(voice.licence.strip() for voice in empathy.voices)
