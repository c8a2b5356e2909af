"""Word times by alignment, against those that the embedded engine gives with its own renderings."""

import re

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.score.pocketsphinx_words import Settings, build
from pipeline.score.scorer import Utterance
from pipeline.speak import espeak
from schemas.pack import Pack
from schemas.scores import WordTimes
from schemas.take import Line, Take
from schemas.voice import Delivery, Style

TEXTS = [
    "Oh no, I am so sorry to hear that.",
    "It's twenty-one years since we moved — and the house is still cold at night.",
    "What would you lose if you had to move?",
]


@pytest.fixture(scope="module")
def takes(empathy: Pack) -> list[tuple[str, Take]]:
    """Each text in three of the pack's voices."""
    speaker = espeak.build(espeak.Settings())
    delivery = Delivery(emotion="neutral", intensity=0.0, style=Style())
    lines = [
        Line(text=text, language="en", voice=voice, delivery=delivery, seed=3)
        for text in TEXTS
        for voice in empathy.voices[:3]
    ]
    try:
        made = list(speaker.speak(lines))
    finally:
        speaker.close()
    return [(line.text, take) for line, take in zip(lines, made, strict=True) if isinstance(take, Take)]


def aligned(text: str, recording: Recording, language: str = "en") -> WordTimes | Failure:
    (found,) = build(Settings()).align([Utterance(recording, text, language)])
    return found


def test_words_begin_and_end_where_the_engine_says_they_do(takes: list[tuple[str, Take]]) -> None:
    starts, ends = [], []
    for text, take in takes:
        found = aligned(text, Recording(take.audio, take.sample_rate))
        assert isinstance(found, WordTimes), found
        assert [word.text for word in found.words] == text.split() == [word.text for word in take.words]
        spoken = [pair for pair in zip(found.words, take.words, strict=True) if pair[0].text != "—"]
        starts += [abs(word.start - own.start) for word, own in spoken]
        ends += [abs(word.end - own.end) for word, own in spoken]
    assert np.median(starts) < 0.02
    assert np.quantile(starts, 0.95) < 0.1
    assert np.median(ends) < 0.03


def test_times_are_in_order_and_inside_the_sound(takes: list[tuple[str, Take]]) -> None:
    for text, take in takes:
        found = aligned(text, Recording(take.audio, take.sample_rate))
        assert isinstance(found, WordTimes)
        bounds = [bound for word in found.words for bound in (word.start, word.end)]
        assert bounds == sorted(bounds)
        assert bounds[-1] <= take.duration


def test_a_word_that_the_dictionary_lacks_lies_between_its_neighbours(takes: list[tuple[str, Take]]) -> None:
    text, take = takes[0]
    other = text.replace("sorry", "schnoodled")
    found = aligned(other, Recording(take.audio, take.sample_rate))
    assert isinstance(found, WordTimes)
    before, unknown, after = (word for word in found.words if word.text in {"so", "schnoodled", "to"})
    assert (unknown.start, unknown.end) == (before.end, after.start)


def noise(seconds: float) -> Recording:
    drawn = np.random.default_rng(3).uniform(-0.1, 0.1, round(16000 * seconds))
    return Recording(drawn.astype(np.float32), 16000)


@pytest.mark.parametrize(
    ("text", "seconds", "language", "complaint"),
    [
        ("Oh no.", 0.05, "en", "too short to hold a word"),
        ("你好。", 1.0, "zh", "aligns en only, not zh"),
        ("Schnoodle blorf.", 1.0, "en", "2 of 2 words are not in the dictionary"),
        ("…", 1.0, "en", "0 of 0 words"),
        ("We talked about it until the sun came up again.", 0.3, "en", "words were found|cannot align"),
    ],
)
def test_what_cannot_be_aligned_fails_with_its_reason(text: str, seconds: float, language: str, complaint: str) -> None:
    found = aligned(text, noise(seconds), language)
    assert isinstance(found, Failure)
    assert re.search(complaint, found.reason)
