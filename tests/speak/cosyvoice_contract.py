"""What Warmline takes for granted of CosyVoice, as tests that run against the stand-in and against the real code.

A module that runs them gives the fixtures: `place` (a checkout and a model folder) and `opened` (that model, loaded).
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from pipeline.engine.failure import Failure
from pipeline.engine.storage import Folder
from pipeline.speak.cosyvoice import CosyVoice, build
from pipeline.speak.cosyvoice_loading import Libraries, check_decoding, import_upstream, load
from pipeline.speak.cosyvoice_prompts import END_OF_PROMPT
from pipeline.speak.cosyvoice_settings import Settings, Version
from pipeline.speak.cosyvoice_upstream import CosyVoiceModel, Tensor
from schemas.take import Line, Take
from schemas.voice import Age, Clip, Delivery, Gender, Style, Voice

TEXT = "I did not sleep at all, and now it is raining."
TRANSCRIPT = "Good morning to you."
SAD = "Speak very sadly."


@dataclass(frozen=True)
class Place:
    """Where a CosyVoice lies."""

    checkout: Path
    model: Path
    version: Version

    def settings(self, **more: object) -> Settings:
        given = {"checkout": str(self.checkout), "model": str(self.model), "version": self.version}
        return Settings.model_validate(given | more)


@dataclass(frozen=True)
class Opened:
    """A loaded model and a clip of a voice."""

    libraries: Libraries
    model: CosyVoiceModel
    version: Version
    clip: str

    @property
    def plain(self) -> str:
        return TRANSCRIPT if self.version == 2 else f"You are a helpful assistant.{END_OF_PROMPT}{TRANSCRIPT}"

    @property
    def sad(self) -> str:
        return f"{SAD}{END_OF_PROMPT}" if self.version == 2 else f"You are a helpful assistant. {SAD}{END_OF_PROMPT}"

    def heard(self, segments: Iterator[Mapping[str, Tensor]], seed: int = 1) -> list[NDArray[np.float32]]:
        """Each segment's sound; the generator does its work here, after the seed."""
        self.libraries.seed(seed)
        return [segment["tts_speech"].cpu().numpy() for segment in segments]

    def zero_shot(self, text: str = TEXT, name: str = "plain", front: bool = True) -> Iterator[Mapping[str, Tensor]]:
        return self.model.inference_zero_shot(text, "", "", zero_shot_spk_id=name, text_frontend=front)


def open_model(place: Place, clips: Path) -> Opened:
    libraries = import_upstream(place.checkout)
    opened = Opened(libraries, load(libraries, place.settings()), place.version, str(clips / "neutral.wav"))
    opened.model.add_zero_shot_spk(opened.plain, opened.clip, "plain")
    opened.model.add_zero_shot_spk(opened.sad, opened.clip, "sad")
    return opened


def write_clips(folder: Path) -> Path:
    """Clips that a voice can be taken from: noise that swells, at two rates."""
    draws = np.random.default_rng(0)
    for name, rate, loud in (("neutral.wav", 22050, 0.2), ("sad.flac", 48000, 0.05)):
        noise = draws.standard_normal(3 * rate).clip(-3, 3) / 3
        soundfile.write(folder / name, loud * noise * np.sin(np.linspace(0.1, 3.0, 3 * rate)), rate)
    return folder


class CosyVoiceContract:
    """pipeline/speak/cosyvoice_upstream.py says the same in words."""

    def test_a_take_is_float32_at_24_khz_with_960_samples_a_token(self, opened: Opened) -> None:
        tokens, others = noted(opened, opened.zero_shot())

        assert opened.model.sample_rate == 24000
        assert others == [(1, 960 * tokens[0].shape[1])]
        assert tokens[0].shape[0] == 1
        assert all(0 <= token < 6561 for token in tokens[0].flatten().tolist())

    def test_a_seed_decides_the_sound(self, opened: Opened) -> None:
        one, again, other = (opened.heard(opened.zero_shot(), seed) for seed in (1, 1, 2))

        assert one[0].dtype == np.float32
        assert one[0].tobytes() == again[0].tobytes()
        assert one[0].tobytes() != other[0].tobytes()

    def test_a_model_loaded_again_sounds_the_same(self, place: Place, opened: Opened) -> None:
        opened.libraries.seed(1234)
        again = load(opened.libraries, place.settings())
        again.add_zero_shot_spk(opened.plain, opened.clip, "plain")

        two = Opened(opened.libraries, again, opened.version, opened.clip)
        assert opened.heard(opened.zero_shot())[0].tobytes() == two.heard(two.zero_shot())[0].tobytes()

    def test_a_registered_voice_is_the_clip_and_the_words_it_was_registered_with(self, opened: Opened) -> None:
        directly = opened.model.inference_zero_shot(
            TEXT, opened.plain, opened.clip, zero_shot_spk_id="", text_frontend=True
        )
        assert opened.heard(directly)[0].tobytes() == opened.heard(opened.zero_shot())[0].tobytes()
        assert opened.heard(opened.zero_shot())[0].tobytes() != opened.heard(opened.zero_shot(name="sad"))[0].tobytes()

    def test_an_instruction_beside_a_registered_voice_is_ignored(self, opened: Opened) -> None:
        def told(instruction: str, name: str) -> bytes:
            speak = opened.model.inference_instruct2
            segments = speak(TEXT, instruction, opened.clip, zero_shot_spk_id=name, text_frontend=True)
            return opened.heard(segments)[0].tobytes()

        assert told(opened.sad, "plain") == told("", "plain")
        assert told("", "sad") == told(opened.sad, "")
        assert told("", "sad") != told("", "plain")

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_version_3_dies_in_its_thread_without_the_end_of_prompt(self, opened: Opened) -> None:
        opened.model.add_zero_shot_spk(TRANSCRIPT, opened.clip, "bare")

        if opened.version == 2:
            assert opened.heard(opened.zero_shot(name="bare"))
        else:
            with pytest.raises(RuntimeError, match="Kernel size"):
                opened.heard(opened.zero_shot(name="bare"))

    def test_no_words_before_a_text_are_words_too(self, opened: Opened) -> None:
        opened.model.add_zero_shot_spk("" if opened.version == 2 else END_OF_PROMPT, opened.clip, "none")

        speak = opened.model.inference_instruct2
        assert opened.heard(speak(TEXT, "", "", zero_shot_spk_id="none", text_frontend=True))

    def test_punctuation_alone_gives_nothing(self, opened: Opened) -> None:
        assert opened.heard(opened.zero_shot("...")) == []

    def test_a_long_text_comes_in_segments_unless_it_is_left_as_it_is(self, opened: Opened) -> None:
        text = " ".join([TEXT] * 4)

        assert len(opened.heard(opened.zero_shot(text))) > 1
        assert len(opened.heard(opened.zero_shot(text, front=False))) == 1

    def test_numbers_are_spelled_out_but_not_in_a_prompt_with_orders(self, opened: Opened) -> None:
        normalise = opened.model.frontend.text_normalize

        assert not any(map(str.isdigit, normalise("I have 5 cats.", split=False, text_frontend=True)))
        assert normalise(f"I have 5 cats.{END_OF_PROMPT}", split=False, text_frontend=True).startswith("I have 5")
        assert normalise("I have 5 cats.", split=False, text_frontend=False) == "I have 5 cats."
        assert opened.model.frontend.text_frontend

    def test_text_tokens_go_into_a_thread_and_speech_tokens_come_out_in_the_callers(self, opened: Opened) -> None:
        model, seen = opened.model.model, []
        job, wave = model.llm_job, model.token2wav

        def seen_job(text: Tensor, *others: object) -> None:
            seen.append(("text", text.shape, threading.get_ident() == caller))
            job(text, *others)

        def seen_wave(token: Tensor, **others: object) -> Tensor:
            seen.append(("speech", token.shape[:1], threading.get_ident() == caller))
            return wave(token=token, **others)

        caller = threading.get_ident()
        with replaced(opened, seen_job, seen_wave):
            opened.heard(opened.zero_shot())
        assert seen == [("text", (1, len(TEXT)), False), ("speech", (1,), True)]

    def test_a_clip_of_more_than_30_seconds_is_refused(self, opened: Opened, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "long.wav", np.full(31 * 16000, 0.1), 16000)

        with pytest.raises(AssertionError, match="30s"):
            opened.model.add_zero_shot_spk(opened.plain, str(tmp_path / "long.wav"), "long")

    def test_decoding_step_by_step_is_decoding_the_whole(self, opened: Opened) -> None:
        check_decoding(opened.model, opened.libraries.torch)

    def test_a_name_can_be_forgotten(self, opened: Opened) -> None:
        opened.model.add_zero_shot_spk(opened.plain, opened.clip, "passing")
        del opened.model.frontend.spk2info["passing"]

        with pytest.raises(KeyError):
            opened.heard(opened.zero_shot(name="passing"))


class replaced:  # noqa: N801 -- used like a function
    """Other functions in place of upstream's two, and back."""

    def __init__(self, opened: Opened, job: Callable[..., None], wave: Callable[..., Tensor]) -> None:
        self._model, self._others = opened.model.model, (job, wave)

    def __enter__(self) -> None:
        before = (self._model.llm_job, self._model.token2wav)
        self._model.llm_job, self._model.token2wav = self._others
        self._others = before

    def __exit__(self, *error: object) -> None:
        self._model.llm_job, self._model.token2wav = self._others


def noted(opened: Opened, segments: Iterator[Mapping[str, Tensor]]) -> tuple[list[Tensor], list[tuple[int, ...]]]:
    """The tokens of each segment, and the shape of its sound."""
    tokens: list[Tensor] = []
    wave = opened.model.model.token2wav

    def noting(token: Tensor, **others: object) -> Tensor:
        tokens.append(token)
        return wave(token=token, **others)

    with replaced(opened, opened.model.model.llm_job, noting):
        return tokens, [sound.shape for sound in opened.heard(segments)]


def voice(**clips: str) -> Voice:
    known = {"neutral": Clip(audio="neutral.wav", transcript=TRANSCRIPT)}
    known |= {emotion: Clip(audio=audio, transcript="It is gone.") for emotion, audio in clips.items()}
    return Voice(id="ann", gender=Gender.FEMALE, age=Age.ADULT, clips=known, licence="CC0-1.0", consent="synthetic")


def line(text: str = TEXT, emotion: str = "neutral", instruction: str = "", seed: int = 1, **clips: str) -> Line:
    delivery = Delivery(emotion=emotion, intensity=1.0, style=Style(instruction=instruction))
    return Line(text=text, language="en", voice=voice(**clips), delivery=delivery, seed=seed)


def spoken(speaker: CosyVoice, asked: Line) -> Take:
    """The line's take, of the first seed that gives one: random weights stop at once now and then."""
    tries = (asked.model_copy(update={"seed": asked.seed + more}) for more in range(8))
    return next(take for take in speaker.speak(list(tries)) if not isinstance(take, Failure))


class CosyVoiceBackend:
    """The backend on whatever `place` holds."""

    def test_a_line_gives_a_take_with_the_tokens_it_was_made_from(self, place: Place, clips: Path) -> None:
        speaker = build(place.settings(), Folder(str(clips)))
        take = spoken(speaker, line())

        assert take.sample_rate == 24000
        assert take.audio.dtype == np.float32
        assert np.isfinite(take.audio).all()
        assert take.units is not None
        assert len(take.audio) == 960 * len(take.units.units)
        assert (take.units.kind, take.units.rate, take.units.size) == ("s3", 25, 6561)
        assert take.units.revision.startswith(f"v{place.version}-")
        speaker.close()

    def test_the_same_line_gives_the_same_take_after_others_and_from_a_new_model(
        self, place: Place, clips: Path
    ) -> None:
        speaker = build(place.settings(renew_after=10), Folder(str(clips)))
        first = spoken(speaker, line())
        spoken(speaker, line("Something else was said.", "sad", SAD, seed=9))
        again = spoken(speaker, line())

        assert first.audio.tobytes() == again.audio.tobytes()
        speaker.close()

    def test_clip_and_instruction_are_heard(self, place: Place, clips: Path) -> None:
        speaker = build(place.settings(), Folder(str(clips)))
        plain, told, cloned = (
            spoken(speaker, asked)
            for asked in (line(), line(emotion="sad", instruction=SAD), line(emotion="sad", sad="sad.flac"))
        )

        assert len({take.audio.tobytes() for take in (plain, told, cloned)}) == 3
        assert [take.engine.split(", ")[1] for take in (plain, told, cloned)] == [
            "zero-shot",
            "instructed",
            "zero-shot",
        ]
        speaker.close()
