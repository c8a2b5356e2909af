"""Reference clips as files that CosyVoice can take a voice from."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile

from pipeline.audio.recording import Recording, decode_flac
from pipeline.engine.errors import UsageError
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.storage import Folder
from schemas.voice import Clip

LOWEST_RATE = 16000
_LONGEST, _SHORTEST = 30.0, 1.0
"""Upstream's speech tokenizer takes no more than 30 s; from less than a second no voice can be had."""
_SILENT = 1e-3


class ClipFiles:
    """Local WAV files of the clips asked for, in a folder that goes away with this object."""

    def __init__(self, clips: Folder) -> None:
        self._clips = clips
        self._folder = TemporaryDirectory(prefix="warmline-clips-")

    def path(self, clip: Clip) -> str:
        """Where the clip lies as WAV, mono, at its own rate.

        Raises UsageError for a clip that is no mono recording of 1 to 30 s at 16 kHz or more; StorageError if it
        cannot be read.
        """
        name = fingerprint(clip.audio, clip.digest)
        path = Path(self._folder.name, f"{name}.wav")
        if not path.exists():
            recording = checked(clip.audio, self._clips.read(clip.audio))
            soundfile.write(path, recording.audio, recording.sample_rate, subtype="FLOAT", format="WAV")
        return str(path)

    def close(self) -> None:
        """Remove the files."""
        self._folder.cleanup()


def checked(name: str, content: bytes) -> Recording:
    """The clip as a recording. Raises UsageError that says why a voice cannot be taken from it."""
    try:
        recording = decode_flac(content)
    except ValueError as error:
        raise UsageError(f"clip {name}: {error}") from error
    if recording.sample_rate < LOWEST_RATE:
        raise UsageError(f"clip {name} is sampled at {recording.sample_rate} Hz; CosyVoice needs {LOWEST_RATE} or more")
    if not _SHORTEST <= recording.duration <= _LONGEST:
        raise UsageError(f"clip {name} lasts {recording.duration:.1f} s, not {_SHORTEST:g} to {_LONGEST:g} s")
    if not np.abs(recording.audio).max() > _SILENT:
        raise UsageError(f"clip {name} is silent")
    return recording
