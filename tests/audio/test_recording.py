import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.recording import Recording, decode_flac, encode_flac, pcm16, resample


def tone(hertz: float, seconds: float = 1.0, rate: int = 22050, level: float = 0.5) -> Recording:
    moments = np.arange(round(seconds * rate)) / rate
    return Recording((level * np.sin(2 * np.pi * hertz * moments)).astype(np.float32), rate)


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=200), st.sampled_from([8000, 22050, 24000, 48000]))
def test_sixteen_bits_come_back_exactly(steps: list[int], rate: int) -> None:
    audio = (np.array(steps) / 32768).astype(np.float32)
    back = decode_flac(encode_flac(Recording(audio, rate)))
    assert (back.sample_rate, back.audio.dtype.name) == (rate, "float32")
    assert np.array_equal(back.audio, audio)


def test_what_lies_between_the_steps_comes_back_within_half_a_step() -> None:
    recording = tone(440.0)
    assert np.abs(decode_flac(encode_flac(recording)).audio - recording.audio).max() <= 0.5 / 32768 + 1e-9


def test_what_is_louder_than_full_scale_is_clipped_not_wrapped() -> None:
    assert pcm16(Recording(np.array([1.5, 1.0, -1.0, -7.0], dtype=np.float32), 8000)).tolist() == [
        32767,
        32767,
        -32768,
        -32768,
    ]


def test_the_same_samples_give_the_same_bytes() -> None:
    assert encode_flac(tone(440.0)) == encode_flac(tone(440.0))


@pytest.mark.parametrize("sample", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(sample: float) -> None:
    audio = tone(440.0).audio.copy()
    audio[100] = sample
    with pytest.raises(ValueError, match="not numbers"):
        encode_flac(Recording(audio, 22050))


def test_an_empty_recording_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        encode_flac(Recording(np.zeros(0, dtype=np.float32), 16000))


def test_two_channels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"mono.*\(100, 2\)"):
        encode_flac(Recording(np.zeros((100, 2), dtype=np.float32), 16000))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_file_that_was_cut_short_is_refused(share: float) -> None:
    flac = encode_flac(tone(440.0))
    with pytest.raises(ValueError, match="no audio that can be read"):
        decode_flac(flac[: int(share * len(flac))])


def test_resampling_keeps_pitch_level_and_duration() -> None:
    slow = resample(tone(440.0), 16000)
    assert (slow.sample_rate, len(slow.audio), slow.audio.dtype.name) == (16000, 16000, "float32")
    middle = slice(1000, -1000)  # the filter rings at the ends
    assert np.abs(slow.audio - tone(440.0, rate=16000).audio)[middle].max() < 1e-3


def test_resampling_lets_nothing_through_that_the_new_rate_cannot_hold() -> None:
    assert np.abs(resample(tone(9500.0), 16000).audio[1000:-1000]).max() < 1e-3


def test_at_the_rate_it_has_a_recording_stays_itself() -> None:
    recording = tone(440.0)
    assert resample(recording, 22050) is recording
