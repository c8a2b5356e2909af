"""A pack that extends another: what comes of both, where faults are said to be, and that a copy of it is the same."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from flows.frozen_run import changes, freeze, thaw
from pipeline.config.pack import load_pack
from pipeline.config.run import copy_pack, load_run
from pipeline.engine.storage import Folder
from schemas.pack import Pack
from tests.config.small_pack import faults, write_child, write_small

EMBEDDED = """\
size: 4
write: {backend: phrasebook}
speak: {backend: espeak}
score: {asr: {backend: pocketsphinx}, ser: {backend: prosody}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_small(tmp_path / "small")


@pytest.fixture
def folder(small: Path) -> Path:
    """Beside the pack that is to be extended."""
    return small.parent / "child"


def child(folder: Path, lines: str) -> Pack:
    return load_pack(write_child(folder, lines)).pack


def test_a_child_without_changes_is_its_parent_under_another_name(folder: Path, small: Path) -> None:
    assert child(folder, "") == load_pack(small).pack.model_copy(update={"name": "child"})


def test_mappings_are_merged_deeply_and_null_takes_a_key_out(folder: Path) -> None:
    made = child(folder, "deliveries: {sad: {prosody: {rate: 0.5, pitch: null}}}\n")
    assert (made.deliveries["sad"].prosody.rate, made.deliveries["sad"].prosody.pitch) == (0.5, 0.0)
    assert made.deliveries["sad"].instruction == "Sadly."
    assert set(made.deliveries) == {"neutral", "sad", "happy"}


def test_plain_lists_are_replaced(folder: Path) -> None:
    assert child(folder, "reference_texts: {en: [One., Two.]}\n").reference_texts == {"en": ("One.", "Two.")}


@pytest.mark.parametrize(
    ("table", "drawn"),
    [
        ("{sad: 9, rest: parent}", {"sad": 9, "happy": 1, "neutral": 1}),
        ("{sad: 9, rest: 0}", {"sad": 9, "happy": 0, "neutral": 0}),
        ("{neutral: 1, happy: 2, sad: 3}", {"sad": 3, "happy": 2, "neutral": 1}),
        ("{sad: 9, happy: 0, rest: parent}", {"sad": 9, "happy": 0, "neutral": 1}),
    ],
)
def test_a_table_says_what_becomes_of_the_options_that_it_leaves_out(
    folder: Path, table: str, drawn: dict[str, float]
) -> None:
    made = child(folder, f"user_emotions: {table}\n")
    assert dict(made.user_emotions) == drawn
    assert list(made.user_emotions) == list(drawn), "the parent's order is kept"


def test_null_takes_an_option_out_so_that_it_is_not_even_known(folder: Path) -> None:
    made = child(
        folder,
        "turns: {2: null, rest: parent}\ndeliveries: {happy: null}\nreply_emotions: {happy: null}\n"
        "user_emotions: {happy: null, rest: parent}\nsituations: [{id: sun, remove: true}]\n",
    )
    assert (dict(made.turns), dict(made.user_emotions)) == ({4: 1}, {"sad": 3, "neutral": 1})


def test_a_table_that_leaves_options_out_and_does_not_say_so_is_a_fault(folder: Path) -> None:
    write_child(folder, "turns: {2: 1}\nuser_emotions: {sad: 9}\n")
    assert faults(folder) == [
        f"{folder}/pack.yaml:3: turns leaves out 4 of the pack it extends: add `rest: parent` to keep their weights, "
        "or `rest: 0` to draw them no more",
        f"{folder}/pack.yaml:4: user_emotions leaves out happy, neutral of the pack it extends: add `rest: parent` to "
        "keep their weights, or `rest: 0` to draw them no more",
    ]


def test_options_that_are_numbers_are_compared_as_numbers(folder: Path) -> None:
    assert dict(child(folder, "intensities: {1: 5}\n").intensities) == {1.0: 5}


def test_lists_of_things_with_ids_are_merged_by_id(folder: Path) -> None:
    made = child(
        folder,
        "situations:\n"
        "  - {id: snow, about: It snows., emotions: {happy: 1}}\n"
        "  - {id: rain, about: It pours., emotions: {sad: 1, neutral: 2}}\n"
        "  - {id: sun, remove: true}\n",
    )
    assert [(one.id, one.about) for one in made.situations] == [("rain", "It pours."), ("snow", "It snows.")]


def test_includes_of_a_child_are_merged_before_it_is_put_over_its_parent(folder: Path) -> None:
    write_child(folder, "include: [more.yaml]\n")
    (folder / "more.yaml").write_text("situations: [{id: sun, about: It burns., emotions: {happy: 1}}]\n")
    assert [one.about for one in load_pack(folder).pack.situations] == ["It rains.", "It burns."]


def test_chains_reach_to_their_end(folder: Path) -> None:
    write_child(folder, "user_emotions: {sad: 5, rest: parent}\n")
    grandchild = write_child(folder.parent / "grandchild", "user_emotions: {happy: 6, rest: parent}\n", "../child")
    assert dict(load_pack(grandchild).pack.user_emotions) == {"sad": 5, "happy": 6, "neutral": 1}


def test_a_pack_that_ships_is_extended_by_its_name(folder: Path, empathy: Pack) -> None:
    made = load_pack(write_child(folder, "", extends="empathy")).pack
    assert made.voices == empathy.voices


@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        ("deliveries: {sad: {prosody: {rate: fast}}}\n", "child/pack.yaml:3", "rate must be a number, not 'fast'"),
        ("\nuser_emotion: {sad: 1}\n", "child/pack.yaml:4", "user_emotion is not a key here: did you mean user_emot"),
        ("turns: {2: 1, 5: 1, rest: 0}\n", "child/pack.yaml:3", "5 turns: must be even"),
        ("user_emotions: {sad: 1, rest: all}\n", "child/pack.yaml:3", "rest must be `parent` (they keep their weights"),
        (
            "user_emotions: {sda: null, rest: parent}\n",
            "child/pack.yaml:3",
            "sda: null takes out what the pack it exte",
        ),
        ("phrasebok: null\n", "child/pack.yaml:3", "phrasebok: null takes out what the pack it extends does not have"),
        ("name: null\n", "child/pack.yaml:3", "'name' stands a second time"),
        ("voices:\n  - {id: tom, remove: true}\n", "child/pack.yaml:4", "the pack it extends has no tom: there is:"),
        ("voices:\n  - {id: lily, remove: false}\n", "child/pack.yaml:4", "write {id: lily, remove: true} and no more"),
        (
            "voices:\n  - {id: lily, remove: true, weight: 2}\n",
            "child/pack.yaml:4",
            "write {id: lily, remove: true} and no more",
        ),
        (
            "situations:\n  - {id: sun, remove: true}\n  - {id: sun, about: x, emotions: {happy: 1}}\n",
            "child/pack.yaml:5",
            "sun stands a second time (first in ",
        ),
        ("voices:\n  - {id: lily, age: adult}\n", "child/pack.yaml:4", "voices[0].gender is missing"),
        ("voices:\n  - {id: lily, remove: true}\n", "small/pack.yaml:14", "no user voice is young"),
        ("user_emotions: {happy: null, rest: parent}\n", "small/situations.yaml:3", "happy is not defined in user_emo"),
        ("include: [../small/voices.yaml]\n", "child/pack.yaml:3", "is not inside the pack's folder"),
    ],
)
def test_a_fault_is_at_the_line_that_holds_it_in_the_child_or_in_the_parent(
    folder: Path, lines: str, place: str, message: str
) -> None:
    write_child(folder, lines)
    found = faults(folder)
    assert any(fault.startswith(f"{folder.parent / place}: ") and message in fault for fault in found), found


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("../smal", "extends: no pack at "),
        ("../smal", "packs that ship: "),
        ("[empathy]", "extends must be the name of a pack that ships, or a folder: ../other"),
        ("null", "extends must be the name of a pack that ships"),
        (".", "extends goes round in a circle: "),
    ],
)
def test_a_parent_that_cannot_be_is_a_fault_of_that_line(folder: Path, extends: str, message: str) -> None:
    write_child(folder, "", extends)
    (found,) = faults(folder)
    assert found.startswith(f"{folder}/pack.yaml:2: ")
    assert message in found


def test_faults_of_child_and_parent_come_at_once(folder: Path, small: Path) -> None:
    (small / "situations.yaml").write_text("situations: [\n")
    write_child(folder, "include: [missing.yaml]\nturns: {2: 1}\n")
    places = [fault.split(": ")[0].removeprefix(f"{folder.parent}/") for fault in faults(folder)]
    assert places == ["child/pack.yaml:3", "child/pack.yaml:4", "small/situations.yaml:2"]


def test_a_circle_is_told_in_full(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    write_child(one, "", "../two")
    write_child(two, "", "../three")
    write_child(three, "", "../two")
    assert f"{three}/pack.yaml:2: extends goes round in a circle: {two} → {three} → {two}" in faults(one)


def test_a_child_has_a_name_of_its_own(folder: Path) -> None:
    folder.mkdir()
    (folder / "pack.yaml").write_text("extends: ../small\n")
    assert faults(folder) == [f"{folder}/pack.yaml: name is missing: a pack that extends another has its own"]


def test_extends_and_include_stand_in_the_manifest_only(small: Path) -> None:
    (small / "voices.yaml").write_text(f"extends: empathy\n{(small / 'voices.yaml').read_text()}")
    assert faults(small) == [f"{small}/voices.yaml:1: extends may stand in pack.yaml only"]


def test_rest_and_remove_mean_nothing_in_a_pack_that_extends_none(small: Path) -> None:
    manifest = small / "pack.yaml"
    manifest.write_text(manifest.read_text().replace("  neutral: 1\n", "  neutral: 1\n  rest: parent\n", 1))
    (small / "situations.yaml").write_text("situations: [{id: sun, remove: true}]\n")
    found = "\n".join(faults(small))
    assert "user_emotions.rest must be a number, not 'parent'" in found
    assert "remove is not a key here" in found


@pytest.mark.parametrize("extends", ["../small", "'../small'  # mine"])
def test_a_copy_of_the_files_is_the_same_pack_and_so_is_a_copy_of_the_copy(folder: Path, extends: str) -> None:
    (folder.parent / "small/prompt.jinja").write_text("Write {{ turns }} turns in {{ language }}.")
    with (folder.parent / "small/pack.yaml").open("a") as manifest:
        manifest.write("writing: {steps: [{gives: dialogue, system: Be kind., prompt: prompt.jinja}]}\n")
    write_child(folder, "turns: {2: 3, rest: parent}\n", extends)
    grandchild = write_child(folder.parent / "grandchild", "languages: {en: 2}\n", "../child")
    made = load_pack(grandchild)
    copies = [folder.parent / "first/pack", folder.parent / "second/pack"]

    copy_pack(grandchild, copies[0])
    copy_pack(copies[0], copies[1])

    assert (copies[0] / "parent/parent/prompt.jinja").is_file()
    assert {copy: load_pack(copy).digest for copy in copies} == dict.fromkeys(copies, made.digest)
    assert {load_pack(copy).pack == made.pack for copy in copies} == {True}


def test_a_runs_copy_is_the_pack_as_used(folder: Path) -> None:
    write_child(folder, "turns: {2: 3, 4: 1, rest: 0}\n", extends="empathy")
    (folder.parent / "run.yaml").write_text(f"pack: child\n{EMBEDDED}")
    run = load_run(folder.parent / "run.yaml")
    place = Folder(str(folder.parent / "RUN"))

    freeze(place, run)
    thawed = thaw(place)

    assert thawed is not None
    assert (thawed.pack.digest, thawed.pack.pack) == (run.pack.digest, run.pack.pack)
    assert changes(thawed, run) == []
    (folder / "pack.yaml").write_text("name: child\nextends: empathy\nturns: {2: 3, rest: 0}\n")
    assert [str(one) for one in changes(thawed, load_run(folder.parent / "run.yaml"))] == ["pack file pack.yaml"]


def test_the_documented_example_is_what_it_says(folder: Path, empathy: Pack) -> None:
    page = (Path(__file__).parents[2] / "docs/packs.md").read_text()
    lines = re.search(r"^    name: shorter\n(    .*\n)+", page, flags=re.MULTILINE)
    assert lines is not None
    folder.mkdir()
    (folder / "pack.yaml").write_text(dedent(lines[0]))

    made = load_pack(folder).pack

    assert dict(made.user_emotions) == {**empathy.user_emotions, "sad": 6}
    assert {turns for turns, weight in made.turns.items() if weight > 0} == {2, 4}
    assert [voice.id for voice in made.voices] == [voice.id for voice in empathy.voices if voice.id != "lily"]


def test_the_name_of_the_parents_copy_is_not_for_the_childs_own_files(folder: Path) -> None:
    write_child(folder, "include: [parent/more.yaml]\n")
    (folder / "parent").mkdir()
    (folder / "parent/more.yaml").write_text("description: Mine.\n")
    (found,) = faults(folder)
    assert "parent/more.yaml: the folder parent is kept for the pack that this one extends: rename it" in found


def test_an_edit_of_the_parent_changes_the_childs_digest(folder: Path, small: Path) -> None:
    write_child(folder, "")
    before = load_pack(folder).digest
    (small / "pack.yaml").write_text((small / "pack.yaml").read_text().replace("sad: 3", "sad: 4"))
    assert load_pack(folder).digest != before
