"""Wrong renderings are rejected with the right reason, right ones pass: the real engines, the shipped pack and gate."""

import pytest

from benchmarks.gate import Bench, rejected


@pytest.mark.parametrize("tries", [16, pytest.param(100, marks=pytest.mark.slow)])
def test_wrong_text_noise_silence_and_another_emotion_do_not_pass(tries: int) -> None:
    bench = Bench()
    try:
        rates = rejected(bench, tries)
    finally:
        bench.close()
    assert min(rates["text"], rates["noise"], rates["silence"]) >= 0.95
    assert rates["emotion"] >= 0.85
    assert rates["right"] >= 0.8
