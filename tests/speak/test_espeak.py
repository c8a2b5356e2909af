"""The espeak backend with the real engine: determinism, word times, deliveries, and what happens when it dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydantic import ValidationError

from pipeline.audio.features import fundamental, rms
from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.speak.espeak import Espeak, Settings, VoiceSettings, build
from schemas.take import Line, Take
from schemas.voice import Age, Delivery, Gender, Prosody, Style, Voice
from training.prosody import PACK, read_pack

TEXT = "We went to the end of the road, out of the rain, and then I saw it."


def voice(**settings: str | int | float) -> Voice:
    engines: Mapping[str, Mapping[str, str | int | float | bool]] = {"espeak": {"variant": "klatt4", **settings}}
    return Voice(id="kit", gender=Gender.MALE, age=Age.ADULT, engines=engines, licence="test", consent="synthetic")


def line(
    text: str = TEXT, prosody: Prosody | None = None, seed: int = 0, intensity: float = 1.0, language: str = "en"
) -> Line:
    delivery = Delivery(emotion="any", intensity=intensity, style=Style(prosody=prosody or Prosody()))
    return Line(text=text, language=language, voice=voice(), delivery=delivery, seed=seed)


@pytest.fixture
def speaker() -> Iterator[Espeak]:
    speaker = build(Settings())
    yield speaker
    speaker.close()


def spoken(speaker: Espeak, line: Line) -> Take:
    take = next(speaker.speak([line]))
    assert isinstance(take, Take), take
    return take


def failed(speaker: Espeak, line: Line) -> str:
    failure = next(speaker.speak([line]))
    assert isinstance(failure, Failure)
    return failure.reason


def engine_process() -> psutil.Process:
    children = psutil.Process().children()
    return next(child for child in children if "espeak_process.py" in " ".join(child.cmdline()))


def semitones(take: Take) -> float:
    return float(np.nanmedian(12 * np.log2(fundamental(Recording(take.audio, take.sample_rate)))))


def test_the_same_line_gives_the_same_bytes_after_other_lines_and_in_another_process(speaker: Espeak) -> None:
    first, *_, again = (spoken(speaker, line(text)) for text in (TEXT, "Is it?", "Well, no!", TEXT))
    time.sleep(1.1)  # espeak-ng would seed its breath and flutter with the clock's second
    other = build(Settings())
    elsewhere = spoken(other, line(TEXT))
    other.close()

    assert first.audio.tobytes() == again.audio.tobytes() == elsewhere.audio.tobytes()
    assert first.words == again.words == elsewhere.words


def test_audio_is_float32_within_one_at_22050_hertz(speaker: Espeak) -> None:
    take = spoken(speaker, line())

    assert take.audio.dtype == np.float32
    assert take.sample_rate == 22050
    assert 0.05 < np.abs(take.audio).max() < 1.0
    assert take.engine.startswith("espeak-ng 1.")


def test_another_seed_is_another_take_of_about_the_same_length(speaker: Espeak) -> None:
    one, two = (spoken(speaker, line(seed=seed)) for seed in (1, 2))

    assert one.audio.tobytes() != two.audio.tobytes()
    assert one.duration == pytest.approx(two.duration, rel=0.1)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "Dr. Smith's twenty-one cats - all of them - cost $5.50, e.g. 1,000 times (or so)...",
        "Hm… okay—fine, \"I am,\" she said; 'no way'. R&D & you: <b>5</b> < 6 at 10:30?",
        "It was over. I tried a walker. A friend saw me. I am fine",
        "One",
    ],
)
def test_every_word_has_its_time_in_order(speaker: Espeak, text: str) -> None:
    take = spoken(speaker, line(text, Prosody(pause=1.5, slope=4.0, rise=3.0, tremor=0.5)))

    assert [word.text for word in take.words] == text.split()
    assert all(word.start <= word.end for word in take.words)
    assert all(one.end <= other.start for one, other in pairwise(take.words))
    assert take.words[0].start >= 0.0
    assert take.words[-1].end <= take.duration


@pytest.mark.parametrize("prosody", [Prosody(), Prosody(rate=0.8, pause=2.0, gap=12.0, tremor=0.4)])
def test_word_times_agree_with_the_energy_of_the_audio(speaker: Espeak, prosody: Prosody) -> None:
    take = spoken(speaker, line("Stop, go. Yes. Now we can all go home, Bob.", prosody))
    level = rms(Recording(take.audio, take.sample_rate), rate=100.0, window=0.01)
    moments = (np.arange(len(level)) + 0.5) / 100.0
    margin = 0.025

    inside = np.zeros(len(level), bool)
    near = np.zeros(len(level), bool)
    for word in take.words:
        inside |= (moments > word.start + margin) & (moments < word.end - margin)
        near |= (moments > word.start - margin) & (moments < word.end + margin)

    assert np.median(level[inside]) > -45.0
    assert level[~near].max() < level.max() - 35.0
    for word in take.words:
        assert level[(moments > word.start) & (moments < word.end)].max() > level.max() - 25.0


def test_a_moving_pitch_does_not_move_the_words(speaker: Espeak) -> None:
    text = "That's a job you can do if you take it shelf by shelf, even if it's late. I do."
    plain, moving = (
        np.array([word.start for word in spoken(speaker, line(text, prosody)).words])
        for prosody in (Prosody(), Prosody(slope=4.0, rise=6.0))
    )

    assert np.abs(np.diff(moving) - np.diff(plain)).max() < 0.06


def test_markup_in_the_text_does_not_act(speaker: Espeak) -> None:
    plain = spoken(speaker, line("slow down"))
    marked = spoken(speaker, line('<prosody rate="50%">slow</prosody> <break time="9s"/> down'))
    entity = spoken(speaker, line("a &lt; b"))

    assert marked.duration != pytest.approx(plain.duration, rel=0.2)
    assert np.abs(marked.audio[: 22050 * 3]).max() > 0.1
    assert longest_silence(marked) < 1.0
    assert entity.duration > spoken(speaker, line("a b")).duration + 0.3


def longest_silence(take: Take) -> float:
    loud = np.flatnonzero(np.abs(take.audio) > 0.01)
    return float(np.diff(loud).max() / take.sample_rate)


def test_prosody_does_what_it_says(speaker: Espeak) -> None:
    plain = spoken(speaker, line())

    assert spoken(speaker, line(prosody=Prosody(rate=1.3))).duration < 0.85 * plain.duration
    assert semitones(spoken(speaker, line(prosody=Prosody(pitch=4.0)))) == pytest.approx(semitones(plain) + 4, abs=1)
    assert np.std(spoken(speaker, line(prosody=Prosody(volume=0.5))).audio) == pytest.approx(
        0.5 * np.std(plain.audio), rel=0.1
    )
    assert longest_silence(spoken(speaker, line(prosody=Prosody(pause=3.0)))) > 1.8 * longest_silence(plain)


def test_intensity_zero_is_neutral_and_more_of_it_is_stronger(speaker: Espeak) -> None:
    style = Prosody(rate=0.8, pitch=3.0, brightness=4.0, tremor=0.5, slope=3.0, rise=2.0, pause=1.5)
    plain, none, weak, strong = (
        spoken(speaker, line(prosody=prosody, intensity=intensity))
        for prosody, intensity in ((None, 1.0), (style, 0.0), (style, 0.7), (style, 1.3))
    )

    assert none.audio.tobytes() == plain.audio.tobytes()
    assert plain.duration < weak.duration < strong.duration
    assert semitones(plain) < semitones(weak) < semitones(strong)


def test_a_shorter_tract_moves_the_voice_up_and_keeps_its_pace(speaker: Espeak) -> None:
    plain = spoken(speaker, line())
    short = spoken(speaker, line().model_copy(update={"voice": voice(tract=0.87)}))

    assert semitones(short) == pytest.approx(semitones(plain) - 12 * np.log2(0.87), abs=0.5)
    assert short.duration == pytest.approx(plain.duration, rel=0.1)


def test_no_voice_of_the_pack_clips_in_its_strongest_delivery(speaker: Espeak) -> None:
    pack = read_pack(PACK)
    for name in ("angry", "excited"):
        delivery = Delivery(emotion=name, intensity=1.5, style=pack.deliveries[name])
        for each in pack.voices:
            take = spoken(speaker, line("The car keys are on the table!").model_copy(
                update={"voice": each, "delivery": delivery}
            ))  # fmt: skip
            assert np.abs(take.audio).max() < 0.975, each.id


def test_another_language_is_declined(speaker: Espeak) -> None:
    assert failed(speaker, line(language="zh")) == "espeak speaks en only, not zh"


def test_text_in_another_script_is_declined(speaker: Espeak) -> None:
    assert failed(speaker, line("我很好。")) == "espeak speaks English; '我' is no letter of it"


def test_text_without_sound_is_a_failure(speaker: Espeak) -> None:
    assert "no sound" in failed(speaker, line("..."))


def test_a_variant_that_does_not_exist_is_named_with_its_neighbours() -> None:
    with pytest.raises(ValidationError, match=r"no variant 'benjamn'; near it: benjamin"):
        VoiceSettings(variant="benjamn")


def test_a_voice_for_other_engines_only_is_declined(speaker: Espeak) -> None:
    other = voice().model_copy(update={"engines": {"cosyvoice": {}}})

    assert "no settings for espeak" in failed(speaker, line().model_copy(update={"voice": other}))


def test_a_line_that_takes_too_long_fails_and_the_next_is_spoken() -> None:
    speaker = build(Settings(seconds=0.2))

    assert "longer than 0.2 s" in failed(speaker, line("and on and on " * 20000))
    assert spoken(speaker, line("Here we are.")).duration > 0.3
    speaker.close()


def test_a_killed_engine_fails_one_line_and_the_next_is_spoken(speaker: Espeak) -> None:
    before = spoken(speaker, line())
    engine_process().kill()

    assert "process failed" in failed(speaker, line())
    assert spoken(speaker, line()).audio.tobytes() == before.audio.tobytes()


def test_a_killed_child_of_the_engine_fails_its_line_only(speaker: Espeak) -> None:
    spoken(speaker, line())
    engine = engine_process()

    def kill_the_first_child() -> None:
        while not (children := engine.children()):
            time.sleep(0.001)
        children[0].kill()

    killer = threading.Thread(target=kill_the_first_child)
    killer.start()
    reason = failed(speaker, line("and on and on " * 20000))
    killer.join()

    assert "signal" in reason
    assert spoken(speaker, line()).duration > 1.0
    assert engine_process() == engine


def test_a_killed_parent_leaves_no_engine_behind() -> None:
    program = """
import tests.speak.test_espeak as test
speaker = test.build(test.Settings())
test.spoken(speaker, test.line())
print("spoken", flush=True)
input()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    engine = psutil.Process(parent.pid).children()[0]

    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()

    deadline = time.monotonic() + 5.0
    while engine.is_running() and engine.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE
