"""How strongly an instruction is meant is said in its own language, or not at all."""

from collections.abc import Callable

import pytest

from pipeline.config.pack import load_pack
from pipeline.config.run import shipped
from pipeline.engine.storage import Folder
from pipeline.speak import cosyvoice_prompts
from pipeline.speak.cosyvoice_settings import Settings, VoiceSettings
from pipeline.speak.openai_speech_request import instruction
from pipeline.speak.stage import SpeakStage
from pipeline.speak.strength import language_of
from schemas.run import Backend
from schemas.take import Line
from schemas.voice import Age, Clip, Delivery, Gender, Style, StyleOfLanguage, Voice

COSYVOICE = {"checkout": "c", "model": "m", "version": 3}
Say = Callable[[Style, str, float], str]

SAD = Style(
    instruction="Speak sadly.",
    languages={
        "zh": StyleOfLanguage(instruction="请难过地说。"),
        "de": StyleOfLanguage(instruction="Sprich traurig."),
        "ja": StyleOfLanguage(),
    },
)


def told(style: Style, language: str, intensity: float) -> str:
    """What a speech server is told."""
    return instruction("", Delivery(emotion="sad", intensity=intensity, style=style.for_language(language)))


def cosyvoice(style: Style, language: str, intensity: float, **settings: object) -> str:
    """What CosyVoice is told."""
    clip = Clip(audio="a.wav", transcript="So.", digest="d")
    voice = Voice(
        id="a", gender=Gender.MALE, age=Age.ADULT, clips={"neutral": clip}, licence="CC0-1.0", consent="synthetic"
    )
    delivery = Delivery(emotion="sad", intensity=intensity, style=style.for_language(language))
    line = Line(text="Well.", language=language, voice=voice, delivery=delivery, seed=1)
    made = cosyvoice_prompts.prompt(line, VoiceSettings(), Settings.model_validate(COSYVOICE | settings))
    assert made is not None
    return made.words.removeprefix(cosyvoice_prompts.SYSTEM).removesuffix(cosyvoice_prompts.END_OF_PROMPT).strip()


def test_a_chinese_instruction_is_followed_by_chinese_words_and_an_english_one_by_english() -> None:
    assert told(SAD, "zh-TW", 1.2) == "请难过地说。这种语气要很明显。"
    assert told(SAD, "en", 1.2) == "Speak sadly. Strongly so."
    assert cosyvoice(SAD, "zh", 1.6) == "请难过地说。这种语气要非常强烈。"
    assert cosyvoice(SAD, "en", 0.5) == "Speak sadly. Only slightly."


@pytest.mark.parametrize("say", [told, cosyvoice])
def test_an_english_instruction_for_a_chinese_line_stays_english(say: Say) -> None:
    english = SAD.model_copy(update={"languages": {}})
    assert say(english, "zh", 1.6) == say(SAD, "en", 1.6) != "Speak sadly."
    assert say(SAD, "ja", 1.6) == say(SAD, "en", 1.6)


@pytest.mark.parametrize("say", [told, cosyvoice])
def test_nothing_is_added_to_an_instruction_in_a_third_language(say: Say) -> None:
    assert {say(SAD, "de", intensity) for intensity in (0.4, 0.8, 1.0, 1.3, 2.0)} == {"Sprich traurig."}
    german = Style(instruction="Sprich traurig.", written_in="de")
    assert {say(german, "en", intensity) for intensity in (0.4, 1.0, 2.0)} == {"Sprich traurig."}


def test_the_words_that_cosyvoice_was_trained_on_are_followed_in_their_language_whatever_the_line_is_in() -> None:
    trained = {"instructions": {"sad": "请非常伤心地说一句话。"}}
    assert cosyvoice(SAD, "en", 0.5, **trained) == "请非常伤心地说一句话。这种语气只稍微带一点。"
    assert cosyvoice(SAD, "en", 0.5, **trained, weaker="轻一点。") == "请非常伤心地说一句话。 轻一点。"


@pytest.mark.parametrize(
    ("words", "written_in", "language"),
    [
        ("Speak sadly.", None, "en"),
        ("用 OK 的语气说。", None, "zh"),
        ("悲しそうに話す。", None, None),
        ("Говори грустно.", None, None),
        ("難過噉講。", "yue", "zh"),
        ("Speak sadly, in Mandarin.", "zh", "en"),
        ("Sprich traurig.", "de-AT", None),
        ("...", None, None),
    ],
)
def test_letters_tell_english_from_chinese_and_the_pack_what_is_neither(
    words: str, written_in: str | None, language: str | None
) -> None:
    assert language_of(words, written_in) == language


def test_each_intensity_of_the_shipped_chinese_instructions_has_words_of_its_own() -> None:
    pack = load_pack(shipped("opens2s")).pack
    for emotion, style in pack.deliveries.items():
        said = {told(style, "zh", strength) for strength in (*pack.intensities, 1.6)}
        assert len(said) == 1 + len(pack.intensities), emotion
        assert not any(sign.isascii() and sign.isalpha() for words in said for sign in words)


def test_a_takes_key_follows_the_language_of_its_instruction_where_the_engine_follows_words() -> None:
    def key(backend: Backend, written_in: str | None) -> str:
        voice = Voice(id="a", gender=Gender.MALE, age=Age.ADULT, licence="CC0-1.0", consent="synthetic")
        style = Style(instruction="Traurig.", written_in=written_in)
        delivery = Delivery(emotion="sad", intensity=1.6, style=style)
        line = Line(text="Well.", language="de", voice=voice, delivery=delivery, seed=1)
        return SpeakStage(backend, Folder("memory://no-clips")).key(line)

    server, espeak = (
        Backend(backend="openai_speech", settings={"model": "m", "instructions": True}),
        Backend(backend="espeak"),
    )
    assert key(server, "de") != key(server, None)
    assert key(espeak, "de") == key(espeak, None)
