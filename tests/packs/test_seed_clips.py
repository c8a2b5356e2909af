"""voices.yaml of opens2s says how a table of labelled clips becomes voices: its script is run here."""

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.config.pack import load_pack
from pipeline.config.run import load_run, shipped
from pipeline.config.source import FaultsError
from pipeline.plan.briefs import Planner
from schemas.voice import Age, Gender, Role, Split

LABELS = ("speaker", "gender", "age", "language", "emotion", "audio", "transcript", "licence", "consent")


def documented() -> tuple[str, str]:
    """The table's header and the script, as they stand in the comments."""
    lines = (shipped("opens2s") / "voices.yaml").read_text(encoding="utf-8").splitlines()
    indented = [line.removeprefix("#   ") for line in lines if line.startswith("#   ")]
    start = indented.index("import csv, json")
    return indented[0], "\n".join(indented[start:])


Seed = tuple[str, str, Gender, Age, tuple[str, ...]]
"""Speaker, language, gender, age, and the emotions of the clips."""


def write_seeds(folder: Path, speakers: Iterable[Seed]) -> None:
    """A table of clips, and the clips: noise, of which no two are the same."""
    (folder / "clips").mkdir()
    noise = np.random.default_rng(7)
    with (folder / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(LABELS)
        for name, language, gender, age, emotions in speakers:
            said = "I read it twice." if language == "en" else "他昨天就走了。"
            for emotion in emotions:
                audio = f"clips/{name}-{emotion}.wav"
                soundfile.write(folder / audio, 0.1 * noise.standard_normal(20000), 16000)
                table.writerow([name, gender, age, language, emotion, audio, said, "CC-BY-4.0", "agreed"])


def pack_of(folder: Path, speakers: Iterable[Seed]) -> Path:
    """The shipped pack with the voices that the documented script makes of the clips, children among them."""
    shutil.copytree(shipped("opens2s"), folder)
    write_seeds(folder, speakers)
    header, script = documented()
    assert tuple(header.split(",")) == LABELS
    made = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, check=True).stdout.decode()
    soundfile.write(folder / "clips" / "answers.wav", 0.1 * np.random.default_rng(8).standard_normal(32000), 16000)
    clip = "{neutral: {audio: clips/answers.wav, transcript: I read it twice.}}"
    rest = "gender: female, age: adult, languages: [en, zh], roles: [assistant], licence: own, consent: agreed"
    (folder / "voices.yaml").write_text(f"{made}  - {{id: answers, {rest}, clips: {clip}}}\n", encoding="utf-8")
    manifest = folder / "pack.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("child: 0,", "child: 1,"), encoding="utf-8")
    return folder


def run_of(pack: Path) -> Path:
    """The shipped run file with its commented `speak`, of this pack."""
    run = pack.parent / "opens2s.yaml"
    run.write_text(_cloning(shipped("opens2s.yaml").read_text(encoding="utf-8")), encoding="utf-8")
    return run


def kinds(number: int) -> tuple[Gender, Age]:
    """Every age and gender in turn."""
    return list(Gender)[number % 2], list(Age)[number // 2 % 4]


def test_the_documented_script_makes_voices_that_are_cloned(tmp_path: Path) -> None:
    seeds = [(f"s{n:04}", ("zh", "en")[n % 2], *kinds(n // 2), ("neutral", "sad")) for n in range(20)]
    folder = pack_of(tmp_path / "pack", seeds)

    voices = [voice for voice in load_pack(folder).pack.voices if Role.USER in voice.roles]

    assert len(voices) == 20
    assert {(voice.gender, voice.age) for voice in voices} == {(gender, age) for gender in Gender for age in Age}
    assert {voice.split for voice in voices} == set(Split)
    assert all(set(voice.clips) == voice.bound_to == {"neutral", "sad"} for voice in voices)
    text = (folder / "voices.yaml").read_text(encoding="utf-8")
    (folder / "voices.yaml").write_text(text.replace('"emotions": ["neutral", "sad"], ', ""), encoding="utf-8")
    assert {one.id for one in load_run(run_of(folder)).speakable.voices} == {one.id for one in voices} | {"answers"}


def test_single_clips_speak_for_users_of_their_labels(tmp_path: Path) -> None:
    """The paper's way: no speaker has a second clip."""
    emotions = list(load_pack(shipped("opens2s")).pack.user_emotions)
    labels = [(language, emotion) for language in ("en", "zh") for emotion in emotions]
    seeds = [
        (f"{language}-{emotion}-{n}", language, *kinds(n), (emotion,))
        for language, emotion in labels
        for n in range(10)
    ]
    pack = pack_of(tmp_path / "pack", seeds)
    run = load_run(run_of(pack))
    planner = Planner(run.speakable, run.config.seed, run.config.shard.splits)

    found = planner.briefs(0, 3000)

    for brief in found:
        voice = planner.voices[brief.user.voice]
        assert set(voice.clips) == {brief.user.emotion}
        assert (voice.gender, voice.age, voice.split) == (brief.user.gender, brief.user.age, brief.split)
        assert brief.language in voice.languages
    assert {brief.user.emotion for brief in found} == set(emotions)

    voices = pack / "voices.yaml"
    kept = [line for line in voices.read_text(encoding="utf-8").splitlines() if "zh-neutral" not in line]
    voices.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(FaultsError, match="no user voice for zh in train is cast for neutral: add voices with clips"):
        load_run(run_of(pack))


def _cloning(text: str) -> str:
    """The run file with its commented `speak` in the place of the other."""
    before, _, rest = text.partition("speak:\n")
    commented = [line for line in rest.splitlines() if line.startswith(("# speak:", "#   "))]
    after = rest[rest.index("score:\n") :]
    speak = "\n".join(line.removeprefix("# ") for line in commented)
    return f"{before}{speak}\n{after}".replace("pack: opens2s", "pack: pack")
