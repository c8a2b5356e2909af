"""What a model is given of a dialogue, and where it is to learn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.corpus.reading import shards
from pipeline.corpus.rows import Dialogue, UnitKind
from pipeline.engine.errors import UsageError
from pipeline.interleave.text_tokens import Words
from pipeline.load.encoder import Encoder, Example, ExampleError
from pipeline.load.vocabulary import UserAs, Vocabulary
from schemas.recipe import PRESETS, Recipe
from schemas.voice import Role
from tests.export.corpora import Said, Talk, talk, units_of, write_corpus
from tests.load.encoding import AUDIO, OVER, REPLY, SEP, UNITS, USER, VOCABULARY, encoder, tokenizer

TEXTS = ["My cat is ill.", "I am so sorry, what happened to her?", "She does not eat.", "Let us call the vet, then."]


def read(folder: Path, written: Talk, kinds: tuple[str, ...] = ("glm4voice",)) -> Dialogue:
    (dialogue,) = (one for shard in shards(str(write_corpus(folder, [written], kinds))) for one in shard.dialogues())
    return dialogue


@pytest.fixture
def dialogue(tmp_path: Path) -> Dialogue:
    return read(tmp_path / "corpus", talk(3, *TEXTS))


def text_ids(folder: Path, text: str) -> list[int]:
    return [piece.token for piece in tokenizer(folder).cut(text) if piece.token is not None]


def units_in(example: Example) -> list[int]:
    return [int(one) - UNITS for one in example.ids if one >= UNITS]


def test_each_reply_is_an_example_with_all_that_was_said_before_it(dialogue: Dialogue, tmp_path: Path) -> None:
    first, second = encoder(tmp_path)(dialogue)
    assert (first.turn, second.turn) == (1, 3)
    assert first.dialogue == second.dialogue == dialogue.id
    np.testing.assert_array_equal(second.ids[: len(first.ids)], first.ids)
    assert list(first.ids[:4]) == [USER, AUDIO, OVER, REPLY]
    assert first.ids[-1] == OVER
    assert not second.loss[: len(first.ids)].any(), "an earlier reply is learnt in its own example, and only there"


def test_text_and_units_of_a_reply_are_all_there_in_the_recipes_spans(dialogue: Dialogue, tmp_path: Path) -> None:
    example = next(encoder(tmp_path)(dialogue))
    reply = list(example.ids[4:-1])
    expected_text, expected_units = text_ids(tmp_path, TEXTS[1]), units_of(3, 1, 1.3, "glm4voice")
    assert [one for one in reply if one < UNITS] == expected_text
    assert [one - UNITS for one in reply if one >= UNITS] == expected_units
    kinds = "".join("T" if one < UNITS else "U" for one in reply)
    assert kinds.startswith("TTTTUUUUUUUUTTTTUUUUUUUU")


def test_loss_is_on_the_replys_text_and_units_and_on_nothing_else(dialogue: Dialogue, tmp_path: Path) -> None:
    first, second = encoder(tmp_path)(dialogue)
    for example, text, place in ((first, TEXTS[1], 1), (second, TEXTS[3], 3)):
        learnt = example.ids[example.loss]
        assert len(learnt) == len(text_ids(tmp_path, text)) + len(dialogue.turns[place].units["glm4voice"])
        assert not set(learnt.tolist()) & {USER, REPLY, OVER, AUDIO}


def test_a_whole_dialogue_is_one_example_with_loss_on_each_reply(dialogue: Dialogue, tmp_path: Path) -> None:
    first, second = encoder(tmp_path)(dialogue)
    (whole,) = encoder(tmp_path, whole=True)(dialogue)
    np.testing.assert_array_equal(whole.ids, second.ids)
    np.testing.assert_array_equal(whole.loss[: len(first.loss)], first.loss)
    np.testing.assert_array_equal(whole.loss[len(first.loss) :], second.loss[len(first.loss) :])
    assert len(whole.audio) == 2


def test_markers_are_learnt_only_if_asked(dialogue: Dialogue, tmp_path: Path) -> None:
    plain = next(encoder(tmp_path, preset="llama-omni2")(dialogue))
    asked = next(encoder(tmp_path, learn_markers=True, preset="llama-omni2")(dialogue))
    np.testing.assert_array_equal(plain.ids, asked.ids)
    assert SEP in plain.ids
    assert set(asked.ids[asked.loss & ~plain.loss].tolist()) == {SEP, OVER}
    assert not asked.loss[:4].any(), "the user's turn and what begins the reply are never learnt"


def test_the_users_sound_is_float32_at_the_rate_asked_and_its_place_is_known(
    dialogue: Dialogue, tmp_path: Path
) -> None:
    _, second = encoder(tmp_path)(dialogue)
    assert [sound.dtype for sound in second.audio] == [np.float32] * 2
    assert [len(sound) for sound in second.audio] == [round(1.2 * 16000), round(1.4 * 16000)]
    assert second.sample_rate == 16000
    np.testing.assert_array_equal(second.ids[second.places], [AUDIO, AUDIO])
    spectrum = np.abs(np.fft.rfft(second.audio[0]))
    assert np.argmax(spectrum) * 16000 / len(second.audio[0]) == pytest.approx(220, abs=1), "the tone of the corpus"


def test_the_user_can_be_units_or_text(dialogue: Dialogue, tmp_path: Path) -> None:
    as_units, as_text = (next(encoder(tmp_path, user=user)(dialogue)) for user in (UserAs.UNITS, UserAs.TEXT))
    said = units_of(3, 0, 1.2, "glm4voice")
    assert list(as_units.ids[: len(said) + 2]) == [USER, *(UNITS + unit for unit in said), OVER]
    words = text_ids(tmp_path, TEXTS[0])
    assert list(as_text.ids[: len(words) + 2]) == [USER, *words, OVER]
    assert as_units.audio == as_text.audio == ()
    assert len(as_units.places) == 0
    assert not as_units.loss[: len(said) + 3].any()


def test_a_typed_turn_is_text_however_the_model_hears(tmp_path: Path) -> None:
    typed = Talk(1, (Said(Role.USER, "My cat is ill.", typed=True), Said(Role.ASSISTANT, "Oh no.")), kind="text_input")
    example = next(encoder(tmp_path)(read(tmp_path / "typed", typed)))
    words = text_ids(tmp_path, "My cat is ill.")
    assert list(example.ids[: len(words) + 2]) == [USER, *words, OVER]
    assert example.audio == ()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_gives_all_text_and_units_of_every_reply(dialogue: Dialogue, tmp_path: Path, preset: str) -> None:
    counted = "words" if preset == "moshi" else "tokenizer.json"
    recipe = Recipe.model_validate({"preset": preset, "tokenizer": counted})
    markers = [marker for marker in recipe.markers.model_dump().values() if marker]
    ids = {marker: (600 + number, 700) for number, marker in enumerate(dict.fromkeys(markers))}
    model = Vocabulary.model_validate({**VOCABULARY.model_dump(), "markers": ids})
    for example, place in zip(Encoder(recipe, tokenizer(tmp_path), model)(dialogue), (1, 3), strict=True):
        turn = dialogue.turns[place]
        learnt = example.ids[example.loss].tolist()
        assert [one - UNITS for one in learnt if one >= UNITS] == list(turn.units["glm4voice"])
        assert len([one for one in learnt if one < UNITS]) >= len(turn.text.split())
        assert not {600, 700} & set(learnt)
        assert (700 in example.ids) == bool(markers)


def test_codebooks_have_codes_of_their_own(dialogue: Dialogue, tmp_path: Path) -> None:
    kinds = {"glm4voice": UnitKind("r1", 12.5, 16384, "re-encoded", codebooks=2)}
    turns = [replace(turn, units={"glm4voice": (1, 2, 3, 4)}) for turn in dialogue.turns]
    example = next(encoder(tmp_path)(replace(dialogue, kinds=kinds, turns=tuple(turns))))
    assert units_in(example) == [1, 16384 + 2, 3, 16384 + 4]


def test_the_recipes_kind_is_taken_and_else_the_corpuss_first(tmp_path: Path) -> None:
    both = read(tmp_path / "both", talk(3, *TEXTS[:2]), ("s3", "glm4voice"))
    assert units_in(next(encoder(tmp_path)(both))) == units_of(3, 1, 1.3, "s3")
    assert units_in(next(encoder(tmp_path, units="glm4voice")(both))) == units_of(3, 1, 1.3, "glm4voice")


def test_what_cannot_be_encoded_names_the_dialogue_the_turn_and_why(dialogue: Dialogue, tmp_path: Path) -> None:
    with pytest.raises(ExampleError, match="test-7-0000003, turn 1: the corpus has no units of kind s3, only glm"):
        list(encoder(tmp_path, units="s3")(dialogue))
    wrong = replace(dialogue.turns[1], units={"glm4voice": (3, 16384)})
    with pytest.raises(ExampleError, match="turn 1: units of glm4voice from 3 to 16384, and there are 16384 codes"):
        list(encoder(tmp_path)(replace(dialogue, turns=(dialogue.turns[0], wrong))))
    silent = replace(dialogue.turns[0], flac=None)
    with pytest.raises(ExampleError, match="turn 0: the turn has no audio"):
        list(encoder(tmp_path)(replace(dialogue, turns=(silent, dialogue.turns[1]))))
    untimed = [replace(turn, words=()) for turn in dialogue.turns]
    with pytest.raises(ExampleError, match="turn 1: there are no word times to cut the units at"):
        list(encoder(tmp_path, preset="moshi", tokenizer="words")(replace(dialogue, turns=tuple(untimed))))


def test_an_id_that_is_needed_and_not_given_is_asked_for(tmp_path: Path) -> None:
    recipe, model = Recipe.model_validate({"preset": "llama-omni2"}), tokenizer(tmp_path)
    with pytest.raises(UsageError, match="the recipe's marker '<sep>' has no id: add it to the"):
        Encoder(recipe, model, Vocabulary(first_unit=1000, audio=1))
    with pytest.raises(UsageError, match=r"no id stands for the user's audio: set the vocabulary's `audio`"):
        Encoder(Recipe(), model, Vocabulary(first_unit=1000))
    with pytest.raises(UsageError, match="words have no ids: give the encoder the model's tokenizer"):
        Encoder(Recipe(), Words(), VOCABULARY)
