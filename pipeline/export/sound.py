"""Turns as the audio files that trainers read."""

import io
from pathlib import Path

import numpy as np
import soundfile

from pipeline.audio.recording import Recording, pcm16, resample
from pipeline.corpus.rows import Dialogue
from pipeline.export.format import Part
from schemas.frozen import Hertz, Seconds

AUDIO = "audio"


def wav_name(part: Part, dialogue: Dialogue, number: int) -> Path:
    """Where the turn's file goes: a folder a part, so that no folder holds more files than a shard has turns."""
    return part.file(AUDIO, part.name, f"{dialogue.id}-{number:02d}.wav")


def write_wav(path: Path, recording: Recording, rate: Hertz) -> Seconds:
    """Write mono PCM of 16 bits at `rate`; answers its length. Raises ValueError if there are no samples.

    The file is made in memory first: soundfile, given a path, waits for the disk after each file, and given a file
    that cannot be written it prints a traceback of its own.
    """
    content, seconds = _encoded(recording, rate)
    path.write_bytes(content)
    return seconds


def wav_bytes(recording: Recording, rate: Hertz) -> bytes:
    """The same file in memory. Raises ValueError if there are no samples."""
    return _encoded(recording, rate)[0]


def _encoded(recording: Recording, rate: Hertz) -> tuple[bytes, Seconds]:
    samples = pcm16(resample(recording, rate))
    if not len(samples):
        raise ValueError("there is no audio in it")
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue(), len(samples) / rate


def wav_faults(path: Path, rate: Hertz, channels: int, shortest: Seconds) -> list[str]:
    """What is wrong with a file that was written."""
    try:
        info = soundfile.info(path)
    except (OSError, soundfile.LibsndfileError) as error:
        return [f"{path.name} cannot be read: {error}"]
    found = []
    if (info.format, info.subtype, info.samplerate, info.channels) != ("WAV", "PCM_16", rate, channels):
        found.append(f"{path.name} is {info.format} {info.subtype}, {info.samplerate} Hz, {info.channels} channels")
    if info.frames < np.ceil(shortest * rate):
        found.append(f"{path.name} has {info.frames} samples, fewer than {shortest:g} s")
    return found
