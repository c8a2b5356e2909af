"""Voices that a speech server clones from the pack's clips."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.features import fundamental
from pipeline.audio.recording import Recording, encode_flac
from pipeline.engine.storage import Folder
from schemas.take import Take
from schemas.voice import Clip
from tests.servers.asking import last_fields, line, reason, settings, take, voice
from tests.servers.running import Running, running


@pytest.fixture(scope="module")
def running_server() -> Iterator[Running]:
    with running("speech") as server:
        yield server


@pytest.fixture
def server(running_server: Running) -> Running:
    running_server.order()
    return running_server


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
