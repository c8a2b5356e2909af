"""Frame features: what they say of sounds whose answer is known."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio.features import frame_count, fundamental, log_mel, mfcc, rms
from pipeline.audio.recording import Recording

RATE = 22050


def tone(hertz: float, seconds: float = 1.0, sample_rate: int = RATE, harmonics: int = 1) -> Recording:
    times = np.arange(int(seconds * sample_rate)) / sample_rate
    parts = [np.sin(2 * np.pi * hertz * k * times) / k for k in range(1, harmonics + 1)]
    return Recording((0.3 * np.sum(parts, axis=0)).astype(np.float32), sample_rate)


def noise(seconds: float) -> Recording:
    samples = np.random.default_rng(0).normal(0, 0.1, int(seconds * RATE))
    return Recording(samples.astype(np.float32), RATE)


@pytest.mark.parametrize("hertz", [70.0, 110.0, 220.0, 330.0, 480.0])
@pytest.mark.parametrize("harmonics", [1, 9])
@pytest.mark.parametrize("sample_rate", [16000, 22050, 48000])
def test_the_pitch_of_a_tone_is_found_to_half_a_percent(hertz: float, harmonics: int, sample_rate: int) -> None:
    pitch = fundamental(tone(hertz, sample_rate=sample_rate, harmonics=harmonics))

    assert np.mean(~np.isnan(pitch)) > 0.95
    assert np.nanmax(np.abs(pitch - hertz)) < 0.005 * hertz


def test_a_glide_is_followed() -> None:
    times = np.arange(2 * RATE) / RATE
    glide = Recording(np.sin(2 * np.pi * (100 * times + 25 * times**2)).astype(np.float32), RATE)

    pitch = fundamental(glide)[10:-10]

    expected = 100 + 50 * (np.arange(10, 190) + 0.5) / 100
    assert np.nanmax(np.abs(pitch - expected)) < 3.0


def test_noise_and_silence_have_no_pitch() -> None:
    assert np.isnan(fundamental(noise(2.0))).all()
    assert np.isnan(fundamental(Recording(np.zeros(RATE, np.float32), RATE))).all()


def test_the_level_of_a_sine_is_its_amplitude_less_three_decibels() -> None:
    level = rms(tone(200.0))

    assert level[5:-5] == pytest.approx(20 * np.log10(0.3 / np.sqrt(2)), abs=0.2)


def test_silence_is_a_hundred_decibels_down() -> None:
    assert rms(Recording(np.zeros(RATE, np.float32), RATE)) == pytest.approx(-100.0)


def test_a_tone_lights_up_its_own_mel_band() -> None:
    low = log_mel(tone(200.0)).mean(axis=0).argmax()
    high = log_mel(tone(3000.0)).mean(axis=0).argmax()

    assert low < 6
    assert 22 < high < 32


def test_loudness_moves_only_the_first_cepstral_coefficient() -> None:
    loud = noise(1.0)
    soft = Recording(loud.audio * np.float32(0.5), RATE)

    difference = (mfcc(loud) - mfcc(soft))[2:-2]

    assert difference[:, 0] == pytest.approx(20 * np.log10(2) * np.sqrt(40), abs=0.1)
    assert difference[:, 1:] == pytest.approx(0.0, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(samples=st.integers(0, 30000), rate=st.sampled_from([12.5, 25.0, 50.0, 100.0]))
def test_features_of_one_rate_line_up(samples: int, rate: float) -> None:
    recording = Recording(np.full(samples, 0.1, np.float32), RATE)
    count = max(1, round(samples / RATE * rate))

    assert frame_count(recording, rate) == count
    assert rms(recording, rate).shape == (count,)
    assert fundamental(recording, rate).shape == (count,)
    assert mfcc(recording, rate, count=20, window=1 / rate).shape == (count, 20)


def test_features_cost_a_small_part_of_real_time() -> None:
    recording = noise(20.0)
    start = time.process_time()

    mfcc(recording, rate=25.0, count=20, window=0.04)
    fundamental(recording)

    assert (time.process_time() - start) / recording.duration < 0.02
