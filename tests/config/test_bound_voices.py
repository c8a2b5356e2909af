"""Voices with clips of some emotions and no neutral one: what a run cannot do with them is a fault, in one line."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.config.run import load_run
from pipeline.config.source import FaultsError
from tests.config.small_pack import write_child, write_small

MODELS = "ray: {python: models/bin/python}"
FUNASR = f"{{backend: funasr, settings: {{model: 'hf://some/model'}}, {MODELS}}}"
CLONES = "{model: m, instructions: true, clips: true, emotion_clips: true}"


def clip(folder: Path, number: int) -> str:
    """Noise as loud as speech is, of which no two are the same."""
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(number).normal(0.0, 0.1, 48000)
    soundfile.write(folder / f"clips/{number}.wav", samples, 16000, subtype="PCM_16")
    return f"{{audio: clips/{number}.wav, transcript: This is what I say in it.}}"


def voice(folder: Path, name: str, emotions: Iterable[str], more: str = "", first: int = 0) -> str:
    clips = ", ".join(f"{one}: {clip(folder, number)}" for number, one in enumerate(emotions, first))
    who = f"id: {name}, gender: female, age: adult, licence: CC0-1.0, consent: synthetic"
    return f"  - {{{who}, clips: {{{clips}}}{more}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack whose users are one voice for each emotion; the answers have a neutral clip. They begin in line 4."""
    write_small(tmp_path / "small")
    folder = tmp_path / "child"
    users = "".join(voice(folder, f"one_{e}", [e], first=n) for n, e in enumerate(("sad", "happy", "neutral")))
    answers = voice(folder, "answers", ["neutral"], ", roles: [assistant]", 9).replace("female", "male")
    gone = "".join(f"  - {{id: {name}, remove: true}}\n" for name in ("lily", "ruth", "omar"))
    ages = "user: {age: {adult: 1, rest: 0}}\n"
    return write_child(folder, f"voices:\n{users}{answers}{gone}{ages}")


def run(folder: Path, *changes: tuple[str, str], ser: str = FUNASR, more: str = "") -> Path:
    """A run file of it; `changes` of the pack."""
    pack = folder / "pack.yaml"
    text = pack.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    pack.write_text(text)
    file = folder.parent / "run.yaml"
    asr = "{backend: transcriptions, settings: {model: m}}"
    file.write_text(
        f"pack: child\nsize: 6\nwrite: {{backend: vllm, settings: {{model: m}}, {MODELS}}}\n"
        f"speak: {{backend: openai_speech, settings: {CLONES}}}\nscore:\n  asr: {asr}\n  ser: {ser}\n"
        f"shard: {{splits: {{validation: 0, test: 0}}}}\n{more}"
    )
    return file


def faults(file: Path) -> list[str]:
    """Those that are about voices: the small pack has no writing steps."""
    with pytest.raises(FaultsError) as caught:
        load_run(file)
    return [line for line in str(caught.value).splitlines() if "writ" not in line]


def test_where_nothing_compares_with_a_plain_manner_they_are_no_fault(folder: Path) -> None:
    assert faults(run(folder)) == []


def test_a_recogniser_that_compares_is_a_fault_with_those_that_do_not(folder: Path) -> None:
    second = f"  second_ser: {FUNASR}\n"
    file = run(folder, ser="{backend: prosody}\n" + second.rstrip("\n"))
    assert faults(file) == [
        f"{file}:7: prosody compares each take with its voice's plain manner, and one_sad and 1 more have no `neutral` "
        "clip: record one, or name one that does not, funasr or transformers"
    ]


def test_lifts_in_the_gate_are_a_fault(folder: Path) -> None:
    file = run(folder, more="gate:\n  lifts: {sad: 0.1}\n")
    assert faults(file) == [
        f"{file}:10: lifts compare each take with its voice's plain manner, and one_sad and 1 more have no `neutral` "
        "clip: record one, or take `lifts` away"
    ]


def test_what_nobody_has_a_clip_of_is_named_for_each_language_and_split(folder: Path) -> None:
    file = run(folder, ("id: one_sad", "id: one_sad, weight: 0"), ("id: one_neutral", "id: one_neutral, weight: 0"))
    assert faults(file) == [
        f"{file}:1: no user voice for en in train is cast for sad, neutral: "
        "add voices with clips of that, or one with a `neutral` clip, with `split: train`"
    ]


def test_intensity_0_and_arcs_ask_for_more_clips(folder: Path) -> None:
    moves = "arcs: {steady: 1, better: 1}\nmoves: {better: {sad: {neutral: 1}}}\nintensities: {1.0: 1, 0.0: 1}\n"
    file = run(folder, ("id: one_neutral", "id: one_neutral, weight: 0"), ("user: {", moves + "user: {"))
    (found,) = faults(file)
    told = ("sad at intensity 0", "sad (better)", "sad (better) at intensity 0", "happy at intensity 0", "neutral")
    assert all(one in found for one in told)
    assert "sad," not in found


def test_an_engine_that_clones_from_neutral_clips_alone_names_the_voices_that_have_none(folder: Path) -> None:
    file = run(folder)
    file.write_text(file.read_text().replace(", emotion_clips: true", ""))
    where = f"{folder}/pack.yaml"
    mend = "give it one, or let the engine clone from it: emotion_clips: true"
    assert [one for one in faults(file) if one.startswith(where)] == [
        f"{where}:{line}: {name} has no `neutral` clip, and openai_speech takes no other: {mend}"
        for line, name in ((4, "one_sad"), (5, "one_happy"))
    ]


def test_a_voice_that_answers_needs_a_neutral_clip(folder: Path) -> None:
    file = run(
        folder,
        ("audio: clips/9.wav", "audio: clips/9.wav"),
        ("clips: {neutral: {audio: clips/9", "clips: {sad: {audio: clips/9"),
    )
    assert (
        f"{folder}/pack.yaml:7: answers has clips and no `neutral` one, but an answer may be in any emotion: "
        "add one, or let it speak for users only"
    ) in faults(file)


@pytest.mark.parametrize(
    ("emotions", "message"),
    [
        ("[hapy]", "one_neutral: hapy is not defined in deliveries: did you mean happy?"),
        (
            "[neutral], roles: [user, assistant]",
            "one_neutral has `emotions`, but an answer may be in any emotion: take",
        ),
    ],
)
def test_emotions_that_a_voice_cannot_be_cast_for_are_a_fault(folder: Path, emotions: str, message: str) -> None:
    (found,) = faults(run(folder, ("id: one_neutral", f"id: one_neutral, emotions: {emotions}")))
    assert found.startswith(f"{folder}/pack.yaml:6: ")
    assert message in found


def test_a_cloned_voice_needs_a_clip_of_each_of_its_emotions_or_a_neutral_one(folder: Path) -> None:
    file = run(folder, ("id: one_sad", "id: one_sad, emotions: [sad, happy]"))
    assert faults(file) == [f"{folder}/pack.yaml:4: one_sad has clips, and none that is happy or neutral: add one"]


def test_members_of_a_contrast_set_need_one_too(folder: Path) -> None:
    contrast = "contrast: {vary: user_emotion, members: 2}\nkinds: {reply: 1, rest: 0}\n"
    found = faults(run(folder, ("user: {", contrast + "user: {")))
    assert sum("members of a contrast set share what is not varied" in one for one in found) == 2


def test_one_recording_is_no_voice_of_two_splits(folder: Path) -> None:
    file = run(folder, ("id: one_happy", "id: one_happy, split: test"), ("clips/1.wav", "clips/0.wav"))
    assert f"{folder}/pack.yaml:5: one_happy (test) sounds as one_sad (train): a user's voice has one split" in faults(
        file
    )
