"""voices.yaml of opens2s says how a table of labelled clips becomes voices: its script is run here."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

from pipeline.config.pack import load_pack
from pipeline.config.run import load_run, shipped
from schemas.voice import Age, Gender, Role, Split

LABELS = ("speaker", "gender", "age", "language", "emotion", "audio", "transcript", "licence", "consent")


def documented() -> tuple[str, str]:
    """The table's header and the script, as they stand in the comments."""
    lines = (shipped("opens2s") / "voices.yaml").read_text(encoding="utf-8").splitlines()
    indented = [line.removeprefix("#   ") for line in lines if line.startswith("#   ")]
    start = indented.index("import csv, json")
    return indented[0], "\n".join(indented[start:])


def seeds(folder: Path) -> None:
    """Twenty speakers, of every age and gender and of both languages, each neutral and sad; one has no neutral clip."""
    (folder / "clips").mkdir()
    noise = np.random.default_rng(7)
    with (folder / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(LABELS)
        for number in range(21):
            language, said = ("en", "I read it twice.") if number % 2 else ("zh", "他昨天就走了。")
            who = (list(Gender)[number // 2 % 2], list(Age)[number // 4 % 4])
            for emotion in ("neutral", "sad") if number != 13 else ("sad",):
                audio = f"clips/{number}-{emotion}.wav"
                soundfile.write(folder / audio, 0.1 * noise.standard_normal(32000), 16000)
                table.writerow([f"s{number:04}", *who, language, emotion, audio, said, "CC-BY-4.0", "agreed"])


def test_the_documented_script_makes_voices_that_are_cloned(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    shutil.copytree(shipped("opens2s"), folder)
    seeds(folder)
    header, script = documented()
    assert tuple(header.split(",")) == LABELS
    made = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, check=True).stdout.decode()
    answers = (folder / "clips" / "answers.wav", "answers.wav")
    soundfile.write(answers[0], 0.1 * np.random.default_rng(8).standard_normal(32000), 16000)
    clip = f"{{neutral: {{audio: clips/{answers[1]}, transcript: I read it twice.}}}}"
    rest = "gender: female, age: adult, languages: [en, zh], roles: [assistant], licence: own, consent: agreed"
    (folder / "voices.yaml").write_text(f"{made}  - {{id: answers, {rest}, clips: {clip}}}\n", encoding="utf-8")
    manifest = folder / "pack.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("child: 0,", "child: 1,"), encoding="utf-8")

    voices = [voice for voice in load_pack(folder).pack.voices if Role.USER in voice.roles]

    assert len(voices) == 20, "a speaker without a neutral clip cannot be cloned"
    assert {(voice.gender, voice.age) for voice in voices} == {(gender, age) for gender in Gender for age in Age}
    assert {voice.split for voice in voices} == set(Split)
    assert all(set(voice.clips) == {"neutral", "sad"} for voice in voices)
    run = tmp_path / "opens2s.yaml"
    run.write_text(_cloning(shipped("opens2s.yaml").read_text(encoding="utf-8")), encoding="utf-8")
    assert {voice.id for voice in load_run(run).speakable.voices} == {voice.id for voice in voices} | {"answers"}


def _cloning(text: str) -> str:
    """The run file with its commented `speak` in the place of the other."""
    before, _, rest = text.partition("speak:\n")
    commented = [line for line in rest.splitlines() if line.startswith(("# speak:", "#   "))]
    after = rest[rest.index("score:\n") :]
    speak = "\n".join(line.removeprefix("# ") for line in commented)
    return f"{before}{speak}\n{after}".replace("pack: opens2s", "pack: pack")
