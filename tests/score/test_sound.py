"""Signals whose right answers are known."""

import json

import numpy as np
import pytest

from pipeline.audio.recording import Recording, decode_flac, encode_flac
from pipeline.score.sound import measure
from schemas.scores import Sound
from schemas.take import Waveform

RATES = [8000, 16000, 22050, 24000, 44100]


def tone(seconds: float, rate: int = 16000, level: float = 0.3) -> Waveform:
    return (level * np.sin(2 * np.pi * 200 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def silence(seconds: float, rate: int = 16000) -> Waveform:
    return np.zeros(round(seconds * rate), dtype=np.float32)


def sound(*parts: Waveform, rate: int = 16000, text: str = "ten letters") -> Sound:
    return measure(Recording(np.concatenate(parts), rate), text)


@pytest.mark.parametrize("rate", RATES)
def test_silences_are_found_to_a_frame(rate: int) -> None:
    measured = sound(
        silence(0.3, rate),
        tone(0.5, rate),
        silence(0.2, rate),
        tone(0.4, rate),
        silence(0.7, rate),
        tone(0.1, rate),
        silence(0.25, rate),
        rate=rate,
    )
    assert measured.duration == pytest.approx(2.45, abs=1e-3)
    assert measured.leading_silence == pytest.approx(0.3, abs=0.011)
    assert measured.trailing_silence == pytest.approx(0.25, abs=0.011)
    assert measured.longest_silence == pytest.approx(0.7, abs=0.021)


def test_silence_is_what_lies_40_db_below_the_loud_parts() -> None:
    for decibel, found in [(-36.0, 0.0), (-44.0, 0.5)]:
        quiet = tone(0.5, level=0.3 * 10 ** (decibel / 20))
        measured = sound(tone(1.0), quiet, tone(1.0))
        assert measured.longest_silence == pytest.approx(found, abs=0.03)


def test_a_quiet_take_measures_as_a_loud_one() -> None:
    parts = silence(0.2), tone(0.5), silence(0.4), tone(0.5), silence(0.1)
    loud, quiet = sound(*parts), sound(*(0.05 * part for part in parts))
    assert quiet.model_dump(include={"leading_silence", "trailing_silence", "longest_silence"}) == loud.model_dump(
        include={"leading_silence", "trailing_silence", "longest_silence"}
    )
    assert quiet.rms == pytest.approx(loud.rms + 20 * np.log10(0.05), abs=0.1)


def test_a_short_word_in_a_long_silence_is_found() -> None:
    measured = sound(silence(10.0), tone(0.2), silence(5.0))
    assert measured.leading_silence == pytest.approx(10.0, abs=0.02)
    assert measured.trailing_silence == pytest.approx(5.0, abs=0.02)


@pytest.mark.parametrize("noise", [0.0, 1e-5])
def test_silence_all_through_is_leading_silence_at_the_lowest_level(noise: float) -> None:
    audio = (noise * np.random.default_rng(0).normal(size=16000)).astype(np.float32)
    measured = sound(audio)
    assert (measured.leading_silence, measured.trailing_silence, measured.longest_silence) == (1.0, 0.0, 0.0)
    assert -120.0 <= measured.rms < -90.0
    assert measured.seconds_per_character == 0.0
    assert json.loads(measured.model_dump_json())["rms"] == measured.rms


def test_an_empty_take_is_measured_too() -> None:
    measured = sound(silence(0.0))
    assert (measured.duration, measured.leading_silence, measured.rms, measured.clipping) == (0.0, 0.0, -120.0, 0.0)


def test_a_take_shorter_than_a_frame_is_measured_too() -> None:
    assert sound(tone(0.004)).duration == pytest.approx(0.004)


def test_rms_is_in_db_of_full_scale() -> None:
    assert sound(tone(1.0, level=1.0)).rms == pytest.approx(-3.01, abs=0.01)
    assert sound(tone(1.0, level=0.1)).rms == pytest.approx(-23.01, abs=0.01)


def test_clipping_is_the_share_of_samples_at_full_scale() -> None:
    audio = tone(1.0, level=0.5)
    audio[::100] = 1.0
    audio[50::200] = -1.3
    assert sound(audio).clipping == pytest.approx(0.015)
    assert sound(tone(1.0, level=0.99)).clipping == 0.0


def test_pace_counts_letters_and_digits_from_the_first_sound_to_the_last() -> None:
    parts = silence(0.3), tone(1.0), silence(0.5)
    assert sound(*parts, text="Oh, it's 5 - yes!").seconds_per_character == pytest.approx(1.0 / 9, abs=0.003)
    assert sound(*parts, text="…").seconds_per_character == pytest.approx(1.0, abs=0.03)


def test_the_waveform_digest_tells_recordings_apart_and_survives_flac() -> None:
    recording = Recording(tone(1.0), 16000)
    other = recording.audio.copy()
    other[500] += 2 / 32768
    digests = {
        measure(one, "").waveform for one in (recording, Recording(other, 16000), Recording(recording.audio, 22050))
    }
    assert len(digests) == 3
    assert all(len(digest) == 32 for digest in digests)
    assert measure(decode_flac(encode_flac(recording)), "") == measure(recording, "")


def test_samples_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="not numbers"):
        sound(np.full(100, np.nan, dtype=np.float32))
