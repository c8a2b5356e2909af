"""What an engine can do against what a pack asks."""

from pipeline.speak.casting import can_speak, emotions, out_of_reach, with_speakable_voices
from pipeline.speak.speaker import Abilities
from schemas.pack import Pack
from schemas.voice import Clip, Style

ABLE = Abilities(languages=("en",), prosody=True, named_voices=True)


def with_deliveries(pack: Pack, **styles: Style) -> Pack:
    return pack.model_copy(update={"deliveries": {**pack.deliveries, **styles}})


def test_the_shipped_pack_asks_nothing_that_engines_of_either_kind_cannot_do(empathy: Pack) -> None:
    assert not list(out_of_reach(empathy, ABLE, "engine"))
    assert not list(out_of_reach(empathy, Abilities(instruction=True, clips=True), "engine"))


def test_emotions_that_reach_the_engine_by_no_means_are_listed(empathy: Pack) -> None:
    words_only = with_deliveries(empathy, sad=Style(instruction="Speak sadly."), angry=Style(instruction="Shout."))
    assert list(out_of_reach(words_only, ABLE, "engine")) == [
        "engine follows prosody; the pack says none for sad, angry"
    ]
    deaf = Abilities(clips=True)
    (complaint,) = out_of_reach(empathy, deaf, "engine")
    assert complaint.startswith("engine follows no delivery at all; the pack says none for sad, happy")


def test_an_emotion_that_the_settings_have_words_for_needs_none_in_the_pack(empathy: Pack) -> None:
    plain = with_deliveries(empathy, sad=Style(prosody=empathy.deliveries["sad"].prosody))
    told = Abilities(instruction=True, instructed=frozenset({"sad"}))
    assert not list(out_of_reach(plain, told, "engine"))
    assert list(out_of_reach(plain, Abilities(instruction=True), "engine"))


def test_a_clip_in_each_emotion_is_a_means_if_every_voice_has_it(empathy: Pack) -> None:
    able = Abilities(clips=True, emotion_clips=True)
    clips = {name: Clip(audio="a.wav", transcript="So.", digest="d") for name in emotions(empathy)}
    voices = tuple(voice.model_copy(update={"clips": clips}) for voice in empathy.voices)
    assert not list(out_of_reach(empathy.model_copy(update={"voices": voices}), able, "engine"))
    assert list(out_of_reach(empathy.model_copy(update={"voices": (*voices, empathy.voices[0])}), able, "engine"))


def test_languages_and_emotions_that_it_does_not_know_are_listed(empathy: Pack) -> None:
    able = Abilities(languages=("zh",), emotions=("neutral", "sad"), prosody=True)
    first, second = out_of_reach(empathy, able, "engine")
    assert first == "engine speaks zh only; the pack asks for en"
    assert second.startswith("engine knows the emotions neutral, sad only; the pack asks for happy")


def test_a_voice_is_spoken_by_name_or_from_its_clip(empathy: Pack) -> None:
    named, clip = empathy.voices[0], Clip(audio="a.wav", transcript="So.", digest="d")
    cloned = named.model_copy(update={"engines": {}, "clips": {"neutral": clip}})
    assert can_speak(ABLE, "espeak", named)
    assert not can_speak(ABLE, "cosyvoice", named)
    assert not can_speak(ABLE, "espeak", cloned)
    assert can_speak(Abilities(clips=True), "cosyvoice", cloned)
    seed = cloned.model_copy(update={"clips": {"sad": clip}})
    assert not can_speak(Abilities(clips=True), "cosyvoice", seed)
    assert can_speak(Abilities(clips=True, emotion_clips=True), "cosyvoice", seed)
    mixed = empathy.model_copy(update={"voices": (named, cloned)})
    assert with_speakable_voices(mixed, ABLE, "espeak").voices == (named,)
