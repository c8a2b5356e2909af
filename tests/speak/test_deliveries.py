"""A delivery in each language, and the sounds that a text may hold: what reaches the line, and what its key follows."""

import pytest

from pipeline.engine.storage import Folder
from pipeline.speak.casting import abilities_of, out_of_reach, unknown_tags
from pipeline.speak.cosyvoice_prompts import Way, prompt
from pipeline.speak.cosyvoice_settings import Settings, VoiceSettings
from pipeline.speak.retake import rendering
from pipeline.speak.speaker import Abilities
from pipeline.speak.stage import SpeakStage
from schemas.pack import Pack
from schemas.run import Backend
from schemas.take import Line
from schemas.voice import Clip, Prosody, Style, StyleOfLanguage, Voice

COSYVOICE = Backend(backend="cosyvoice", settings={"checkout": "c", "model": "m", "version": 3})
ESPEAK = Backend(backend="espeak")
SAD = Style(
    prosody=Prosody(rate=0.8, pitch=-2.0),
    instruction="Sadly.",
    languages={"zh": StyleOfLanguage(prosody=Prosody(rate=0.9, pitch=0.0), instruction="请悲伤地说。")},
)


def key(backend: Backend, line: Line) -> str:
    return SpeakStage(backend, Folder("memory://no-clips")).key(line)


def spoken(pack: Pack, style: Style, language: str = "en", who: Voice | None = None) -> Line:
    changed = pack.model_copy(update={"deliveries": {**pack.deliveries, "sad": style}})
    return rendering(changed, who or pack.voices[0], language, "sad", "Hello.", 1)


def test_a_language_changes_the_fields_that_it_names_and_no_others() -> None:
    chinese = Style(prosody=Prosody(rate=0.9, pitch=0.0), instruction="请悲伤地说。", written_in="zh")
    assert SAD.for_language("zh") == chinese
    assert SAD.for_language("en") == Style(prosody=SAD.prosody, instruction="Sadly.")
    slower = SAD.model_copy(update={"languages": {"zh": StyleOfLanguage(prosody=Prosody(range=0.5))}})
    assert slower.for_language("zh") == Style(prosody=Prosody(rate=0.8, pitch=-2.0, range=0.5), instruction="Sadly.")


def test_no_words_in_a_language_are_none_and_not_those_of_another() -> None:
    assert Style(instruction="Sadly.", languages={"zh": StyleOfLanguage(instruction="")}).for_language("zh") == Style()


def test_a_line_has_the_delivery_of_its_language_alone(empathy: Pack) -> None:
    assert spoken(empathy, SAD, "zh").delivery.style == SAD.for_language("zh")


@pytest.mark.parametrize("backend", [ESPEAK, COSYVOICE])
def test_a_takes_key_follows_the_delivery_of_its_language_and_nothing_else(empathy: Pack, backend: Backend) -> None:
    plain = Style(prosody=SAD.prosody, instruction="Sadly.")
    tagged = SAD.model_copy(update={"tags": ("sigh",)})
    assert key(backend, spoken(empathy, tagged)) == key(backend, spoken(empathy, plain))
    louder = SAD.model_copy(update={"languages": {"en": StyleOfLanguage(prosody=Prosody(volume=1.5), instruction="!")}})
    assert key(backend, spoken(empathy, louder)) != key(backend, spoken(empathy, plain))


def test_a_clips_language_is_in_the_key_only_where_it_is_said(empathy: Pack) -> None:
    clip = Clip(audio="a.wav", transcript="So.", digest="d")
    keys = [
        key(COSYVOICE, spoken(empathy, SAD, who=empathy.voices[0].model_copy(update={"clips": {"neutral": one}})))
        for one in (clip, clip.model_copy(update={"audio": "parent/a.wav"}), clip.model_copy(update={"language": "zh"}))
    ]
    assert keys[0] == keys[1] != keys[2]


def test_cosyvoice_does_not_go_on_from_a_clip_in_another_language(empathy: Pack) -> None:
    clips = {"neutral": Clip(audio="a.wav", transcript="So.", digest="d", language="zh")}
    who = empathy.voices[0].model_copy(update={"clips": clips})
    settings = Settings.model_validate(COSYVOICE.settings)
    ways = []
    for language in ("en", "zh"):
        line = rendering(empathy, who, language, "neutral", "Hello.", 1)
        made = prompt(line, VoiceSettings(clips_in="en"), settings)
        ways.append(made and made.way)
    assert ways == [Way.INSTRUCTED, Way.ZERO_SHOT], "the clip's own language goes before clips_in"


def test_a_voice_without_a_neutral_clip_is_cloned_from_that_of_the_emotion_and_from_no_other(empathy: Pack) -> None:
    who = empathy.voices[0].model_copy(update={"clips": {"sad": Clip(audio="a.wav", transcript="So.", digest="d")}})
    settings = Settings.model_validate(COSYVOICE.settings)
    sad, angry = (rendering(empathy, who, "en", emotion, "Hello.", 1) for emotion in ("sad", "angry"))
    made = prompt(sad, VoiceSettings(), settings)
    assert made is not None
    assert (made.way, made.clip) == (Way.ZERO_SHOT, who.clips["sad"])
    assert prompt(angry, VoiceSettings(), settings) is None


def test_each_engine_says_which_tags_it_renders(empathy: Pack) -> None:
    tagged = empathy.model_copy(update={"deliveries": {**empathy.deliveries, "sad": Style(tags=("sigh", "sob"))}})
    found = {
        name: list(unknown_tags(tagged, abilities_of(one), name)) for name, one in (("e", ESPEAK), ("c", COSYVOICE))
    }
    assert [path for path, _ in found["e"]] == [("deliveries", "sad", "tags", 0), ("deliveries", "sad", "tags", 1)]
    (only,) = found["c"]
    assert only[0] == ("deliveries", "sad", "tags", 1)
    assert only[1].startswith("c does not render [sob]: there is: accent, breath")
    server = Backend(backend="openai_speech", settings={"model": "m", "tags": ["sigh", "sob"]})
    assert not list(unknown_tags(tagged, abilities_of(server), "s"))


def test_tags_that_a_server_is_said_to_render_change_no_key(empathy: Pack) -> None:
    servers = [Backend(backend="openai_speech", settings={"model": "m", "tags": tags}) for tags in ([], ["sigh"])]
    one, other = (key(server, spoken(empathy, SAD)) for server in servers)
    assert one == other


def test_a_delivery_has_to_reach_the_engine_in_every_language_that_is_drawn(empathy: Pack) -> None:
    silent = Style(instruction="Sadly.", languages={"zh": StyleOfLanguage(instruction="", prosody=Prosody(rate=0.9))})
    pack = empathy.model_copy(
        update={"languages": {"en": 1, "zh": 1}, "deliveries": {**empathy.deliveries, "sad": silent}}
    )
    able = Abilities(instruction=True)
    assert list(out_of_reach(pack, able, "e")) == ["e follows instructions; the pack says none for sad"]
    assert not list(out_of_reach(pack.model_copy(update={"languages": {"en": 1, "zh": 0}}), able, "e"))
