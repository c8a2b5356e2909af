"""What a speech server answers, as a recording, if it is one."""

import io
import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
import soundfile

from pipeline.audio.recording import Recording
from schemas.frozen import Hertz

_WAV_HEADER = 12
_CHUNK_HEADER = 8
_STREAMED = 0x7F000000
"""A chunk's size of 0, or of this and more, is what a server writes that does not know the length beforehand."""

_MAGIC = {b"RIFF": "wav", b"fLaC": "flac", b"OggS": "ogg", b"ID3\x03": "mp3", b"ID3\x04": "mp3"}


@dataclass(frozen=True)
class Sound:
    """The body of an answer, and whether the server says itself that the sound is cut off."""

    content: bytes
    cut_off: bool = False


def recording(
    sound: Sound, response_format: Literal["wav", "flac", "pcm"], sample_rate: Hertz | None = None
) -> Recording:
    """The sound as it came; of several equal channels the first.

    Raises ValueError, with the reason, for an answer that is no audio, empty, cut off, in another container or at
    another `sample_rate` than asked for, and for channels that differ. Silence is looked at when the take is kept.
    """
    content = sound.content
    if sound.cut_off:
        raise ValueError("the server says that the audio is cut off (X-Audio-Truncated)")
    if not content:
        raise ValueError("the server sent an empty body")
    came = _MAGIC.get(content[:4], "pcm" if response_format == "pcm" else "neither WAV nor FLAC")
    if came != response_format:
        raise ValueError(f"asked for {response_format}, the server sent {came}")
    if response_format == "pcm":
        return _from_pcm(content, sample_rate)
    audio, rate = _decoded(_with_true_sizes(content) if response_format == "wav" else content)
    if len(audio) == 0:
        raise ValueError("the server sent audio of no length")
    if sample_rate is not None and rate != sample_rate:
        raise ValueError(f"the server's audio has {rate} Hz, sample_rate says {sample_rate}")
    if np.any(audio != audio[:, :1]):
        raise ValueError(f"the server sent {audio.shape[1]} channels that differ; a take is mono")
    return Recording(np.ascontiguousarray(audio[:, 0]), rate)


def _from_pcm(content: bytes, rate: Hertz | None) -> Recording:
    """Headerless 16-bit little-endian mono, as OpenAI and vLLM-Omni send it."""
    if len(content) % 2 or rate is None:
        raise ValueError(f"the server sent {len(content)} bytes, which are no 16-bit samples")
    return Recording(np.frombuffer(content, dtype="<i2").astype(np.float32) / np.float32(32768), rate)


def _decoded(content: bytes) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], int]:
    """float32 [T, channels] and the sample rate."""
    try:
        audio, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"the server's audio cannot be read: {error.error_string}") from error
    return audio, rate


def _with_true_sizes(wav: bytes) -> bytes:
    """The WAV with its data chunk's size as it is. libsndfile takes a size of 0 at its word, and a lie as cut off.

    Raises ValueError if less came than the header promises, which libsndfile would not tell.
    """
    place = _data_chunk(wav)
    (promised,) = struct.unpack_from("<I", wav, place + 4)
    came = len(wav) - place - _CHUNK_HEADER
    if 0 < promised <= came:
        return wav
    if 0 < promised < _STREAMED:
        raise ValueError(f"the server's WAV breaks off: its header promises {promised} bytes of sound, {came} came")
    return wav[: place + 4] + struct.pack("<I", came) + wav[place + _CHUNK_HEADER :]


def _data_chunk(wav: bytes) -> int:
    """Where the data chunk begins (RIFF: chunks of a four-letter name, a size, and as many bytes, padded to even)."""
    place = _WAV_HEADER
    while place + _CHUNK_HEADER <= len(wav):
        name, size = struct.unpack_from("<4sI", wav, place)
        if name == b"data":
            return place
        place += _CHUNK_HEADER + size + size % 2
    raise ValueError("the server's WAV has no data chunk")
