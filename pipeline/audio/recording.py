"""Sound in memory and as FLAC."""

import io
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from schemas.frozen import Hertz, Seconds
from schemas.take import Waveform


@dataclass(frozen=True)
class Recording:
    """Mono sound: `audio` is float32 [T] in −1..1 at `sample_rate`."""

    audio: Waveform
    sample_rate: Hertz

    @property
    def duration(self) -> Seconds:
        """Length in seconds."""
        return len(self.audio) / self.sample_rate


def pcm16(recording: Recording) -> NDArray[np.int16]:
    """The samples as int16 [T]: 32,768 steps to full scale, rounded to the nearest, clipped at full scale.

    Raises ValueError if a sample is NaN or infinite, or if the sound is not mono.
    """
    if recording.audio.ndim != 1:
        raise ValueError(f"a recording is mono, one row of samples; this one has shape {recording.audio.shape}")
    if not np.isfinite(recording.audio).all():
        raise ValueError("the recording holds samples that are not numbers (NaN or infinite)")
    steps = np.rint(recording.audio.astype(np.float32) * np.float32(32768))
    samples: NDArray[np.int16] = np.clip(steps, -32768, 32767).astype(np.int16)
    return samples


def encode_flac(recording: Recording) -> bytes:
    """The recording as a FLAC file of 16 bits; the same samples give the same bytes.

    Raises ValueError for samples that are no numbers, and for an empty recording: soundfile writes a FLAC without
    samples that cannot be read back.
    """
    samples = pcm16(recording)
    if not len(samples):
        raise ValueError("an empty recording cannot be written as FLAC")
    file = io.BytesIO()
    soundfile.write(file, samples, recording.sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def decode_flac(flac: bytes) -> Recording:
    """What `encode_flac` was given, on the grid of its 16 bits; other formats that libsndfile knows can be read too.

    Raises ValueError if it cannot be read to its end or has several channels.
    """
    try:
        audio, sample_rate = soundfile.read(io.BytesIO(flac), dtype="float32")
    except soundfile.LibsndfileError as error:
        raise ValueError(f"this is no audio that can be read: {error.error_string}") from error
    if audio.ndim != 1:
        raise ValueError(f"a recording is mono; this one has {audio.shape[1]} channels")
    return Recording(audio, sample_rate)


def resample(recording: Recording, rate: Hertz) -> Recording:
    """The same sound at another sample rate; the recording itself if it is there already."""
    if rate == recording.sample_rate:
        return recording
    audio = soxr.resample(recording.audio.astype(np.float32), recording.sample_rate, rate, quality="HQ")
    return Recording(np.asarray(audio, dtype=np.float32), rate)
