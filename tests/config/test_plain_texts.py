"""Texts that voices are compared by: in each language of the pack, or a fault at its line."""

from pathlib import Path

import pytest

from pipeline.config.pack import load_pack
from pipeline.config.run import shipped, shipped_packs
from pipeline.speak.retake import reference_lines
from schemas.pack import Pack
from tests.config.small_pack import faults, write_child, write_small


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a pack that extends the small one, in English and in Mandarin as it is spoken on Taiwan."""
    write_small(tmp_path / "small")
    return tmp_path / "child"


MANDARIN = """\
languages:
  en: 1
  zh-TW: 1
voices: [{id: an, gender: female, age: adult, languages: [zh-TW], roles: [user, assistant], engines: {espeak: {}},
  licence: x, consent: x}]
"""


def test_a_voice_says_in_each_language_the_texts_of_that_language(folder: Path) -> None:
    pack = load_pack(write_child(folder, f"{MANDARIN}reference_texts: {{zh: [窗外下着雨。]}}\n")).pack
    said = {
        language: [one.text for one in reference_lines(pack, pack.voices[0], language)] for language in pack.languages
    }
    assert said == {"en": ["The bus stops at the corner."], "zh-TW": ["窗外下着雨。"]}


def test_a_language_without_reference_texts_is_a_fault_at_its_line(folder: Path) -> None:
    assert faults(write_child(folder, MANDARIN)) == [
        f"{folder}/pack.yaml:5: zh-TW has no reference texts, and its voices speak no other's: "
        "give it some that fit any feeling: reference_texts: {zh-TW: [TEXT, TEXT]}"
    ]


@pytest.mark.parametrize("key", ["reference_texts", "calibration_texts"])
@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("[One., Two.]", "must say which language its texts are in: {en: [A text., Another.]}"),
        ("{en: []}", "must not be empty"),
        ("{em: [One.]}", "em is no language of the pack: there is: en"),
    ],
)
def test_texts_that_no_voice_would_say_in_its_language_are_a_fault(
    folder: Path, key: str, texts: str, message: str
) -> None:
    (found,) = faults(write_child(folder, f"{key}: {texts}\n"))
    assert found.startswith(f"{folder}/pack.yaml:3: ")
    assert message in found


def test_texts_to_calibrate_by_are_the_reference_texts_where_a_language_has_none(empathy: Pack) -> None:
    pack = empathy.model_copy(
        update={"reference_texts": {"en": ("A.",), "zh": ("乙。",)}, "calibration_texts": {"en": ("B.",)}}
    )
    assert (pack.calibrations_in("en"), pack.calibrations_in("zh")) == (("B.",), ("乙。",))


def test_the_shipped_packs_are_compared_by_chinese_texts_in_chinese() -> None:
    for name in shipped_packs():
        pack = load_pack(shipped(name)).pack
        for language in pack.languages:
            for text in (*pack.references_in(language), *pack.calibrations_in(language)):
                assert text.isascii() == (language == "en"), (name, language, text)
