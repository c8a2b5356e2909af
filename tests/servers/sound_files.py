"""A take as the body of an answer, whole or spoilt by order."""

import io
import struct

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.audio.recording import Recording, pcm16, resample
from tests.servers.orders import Fault

MEDIA = {"wav": "audio/wav", "flac": "audio/flac", "pcm": "audio/pcm"}

_STREAMED = 0xFFFFFFFF


def body(recording: Recording, response_format: str, fault: Fault | None) -> bytes:
    """The sound in the format asked for, 16 bits, with the fault in it."""
    if fault == "wrong_rate":
        recording = resample(recording, 16000)
    if fault == "no_samples":
        recording = Recording(recording.audio[:0], recording.sample_rate)
    if fault == "wrong_container":
        response_format = "wav" if response_format == "flac" else "flac"
    audio = _channels(recording, fault)
    if response_format == "pcm":
        return audio.astype("<i2").tobytes()
    file = io.BytesIO()
    soundfile.write(file, audio, recording.sample_rate, format=response_format.upper(), subtype="PCM_16")
    content = file.getvalue()
    if fault == "half_as_much":
        return content[: len(content) // 2]
    if fault in ("streamed", "streamed_zero"):
        return _resized(content, _STREAMED if fault == "streamed" else 0)
    return content


def _channels(recording: Recording, fault: Fault | None) -> NDArray[np.int16]:
    """[T], or [T, 2] by order."""
    samples = pcm16(recording)
    if fault == "stereo":
        return np.stack([samples, samples], axis=1)
    if fault == "other_stereo":
        return np.stack([samples, np.zeros_like(samples)], axis=1)
    return samples


def _resized(wav: bytes, size: int) -> bytes:
    """The WAV as a streaming server writes it, which does not know its length when it begins."""
    place = wav.index(b"data") + 4
    written = struct.pack("<I", size)
    return wav[:4] + written + wav[8:place] + written + wav[place + 4 :]
