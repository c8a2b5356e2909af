"""Whether a voice can be taken from a recording, and whether its transcript can be what is said in it."""

import io
from collections.abc import Iterator
from typing import Literal

import soundfile

from pipeline.audio.recording import decode_flac
from pipeline.score import sound
from schemas.letters import letters

_SHORTEST, _LONGEST = 1.0, 30.0
"""Seconds. CosyVoice's speech tokenizer takes no more than 30; from less than one no voice can be had."""
_LOWEST_RATE = 16000
_QUIETEST = -45.0
"""dBFS over the whole clip: 20 dB below what speech is usually recorded at."""
_CLIPPING = 0.001
_SLOWEST, _FASTEST = 1.0, 30.0
"""Letters a second from the first sound to the last: a sob, and twice as fast as one can read aloud."""

Complaint = tuple[Literal["audio", "transcript"], str]


def complaints(name: str, content: bytes, transcript: str | None) -> Iterator[Complaint]:
    """Everything that is wrong with a clip, each with the key that says so."""
    try:
        info = soundfile.info(io.BytesIO(content))
    except soundfile.LibsndfileError:
        yield "audio", f"{name} is no audio file that can be read (WAV, FLAC, OGG, MP3)"
        return
    if not _SHORTEST <= info.duration <= _LONGEST:
        yield "audio", f"{name} is {info.duration:.1f} s long: a clip has {_SHORTEST:g} to {_LONGEST:g} s"
    if info.samplerate < _LOWEST_RATE:
        yield "audio", f"{name} has {info.samplerate} samples a second: a clip needs {_LOWEST_RATE} or more"
    if info.channels != 1:
        yield "audio", f"{name} has {info.channels} channels: a clip is mono"
    elif _SHORTEST <= info.duration <= _LONGEST:
        yield from _heard(name, content, transcript)


def _heard(name: str, content: bytes, transcript: str | None) -> Iterator[Complaint]:
    try:
        measured = sound.measure(decode_flac(content), "")
    except ValueError as error:
        yield "audio", f"{name}: {error}"
        return
    if measured.rms < _QUIETEST:
        yield "audio", f"{name} is too quiet ({measured.rms:.0f} dBFS, least {_QUIETEST:g}): record it louder"
        return
    if measured.clipping > _CLIPPING:
        yield "audio", f"{name} is clipped ({measured.clipping:.1%} of it at full scale): record it with less gain"
    spoken = measured.duration - measured.leading_silence - measured.trailing_silence
    if transcript is not None and spoken > 0 and not _SLOWEST <= letters(transcript) / spoken <= _FASTEST:
        pace = f"{letters(transcript) / spoken:.1f} letters a second"
        yield "transcript", f"{name} has {spoken:.1f} s of speech, so this were {pace}: write what is said in it"
