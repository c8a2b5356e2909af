"""Bad packs: each fault has its file, its line and a mend, and all come at once."""

from pathlib import Path

import pytest

from pipeline.config.pack import load_pack
from pipeline.config.run import copy_pack, shipped
from pipeline.config.source import FaultsError


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    copy_pack(shipped("empathy"), tmp_path / "pack")
    return tmp_path / "pack"


def line_of(file: Path, text: str) -> int:
    return next(number for number, line in enumerate(file.read_text().splitlines(), start=1) if text in line)


def faults(pack: Path) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        load_pack(pack)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("pack.yaml", "  sad: 3\n", "  sad: -3\n", "user_emotions.sad should be greater than or equal to 0, not -3"),
        ("pack.yaml", "  sad: 3\n", "  sad: often\n", "user_emotions.sad must be a number, not 'often'"),
        ("pack.yaml", "  sad: 3\n", "  sad: .nan\n", "user_emotions.sad"),
        ("pack.yaml", "  sad: 3\n", "  sadd: 3\n", "sadd is not defined in deliveries: did you mean sad?"),
        ("pack.yaml", "  sad: 3\n", "  sad: 3\n  sad: 4\n", "'sad' stands a second time"),
        ("pack.yaml", "turns: {2: 1, 4: 4, 6: 4, 8: 2}", "turns: {2: 0, 4: 0}", "all weights are 0"),
        ("pack.yaml", "turns: {2: 1, 4: 4", "turns: {3: 1, 4: 4", "3 turns: must be even"),
        ("pack.yaml", "intensities:", "intensitys:", "intensitys is not a key here: did you mean intensities?"),
        ("pack.yaml", "  age: {adult: 1}", "  age: {adlut: 1}", "cannot be 'adlut': did you mean adult?"),
        ("pack.yaml", "  age: {adult: 1}", "  age: {elderly: 1}", "no assistant voice is elderly"),
        ("pack.yaml", "languages: {en: 1}", "languages: {en: 1", "broken YAML"),
        ("pack.yaml", "languages: {en: 1}", "languages: {en: 1, zh: 1}", "no user voice speaks zh"),
        ("pack.yaml", "  - voices.yaml", "  - voces.yaml", "voces.yaml is not in"),
        ("pack.yaml", "  - voices.yaml", "  - ../voices.yaml", "is not inside the pack's folder"),
        ("situations/sad.yaml", "My {{ pet }} died", "My {{ pett }} died", "asks for 'pett'"),
        ("situations/sad.yaml", "My {{ pet }} died", "My {{ pet died", "broken Jinja"),
        ("situations/sad.yaml", "I lost my {{ pet }}", "我的 {{ pet }}", "'我' is no letter of English"),
        ("situations/sad.yaml", "  - id: pet_died", "  - id: Pet Died", "should match pattern"),
        (
            "situations/sad.yaml",
            "emotions: {sad: 1}",
            "emotions: {gloomy: 1}",
            "gloomy is not defined in user_emotions",
        ),
    ],
)
def test_a_fault_names_its_file_and_line_and_says_what_to_mend(
    pack: Path, name: str, old: str, new: str, expected: str
) -> None:
    file = pack / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    found = faults(pack)
    assert any(expected in fault for fault in found), found
    place, _, _ = next(fault for fault in found if expected in fault).partition(": ")
    shown, _, line = place.rpartition(":")
    assert shown == str(file), "the fault names the file that holds it"
    if expected not in {"broken YAML"}:
        assert abs(int(line) - line_of(file, new.splitlines()[-1].strip())) <= 3


def test_all_faults_come_at_once_in_the_order_of_the_files(pack: Path) -> None:
    manifest = pack / "pack.yaml"
    text = manifest.read_text().replace("  sad: 3", "  sad: x").replace("turns: {2: 1", "turns: {two: 1")
    manifest.write_text(text.replace("name: empathy", "name: Em Pathy"))
    found = faults(pack)
    assert [("name" in found[0]), ("sad" in found[1]), ("turns" in found[2])] == [True, True, True]
    assert len(found) == 3


def test_ids_must_differ(pack: Path) -> None:
    voices = pack / "voices.yaml"
    first, second = [line for line in voices.read_text().splitlines() if line.strip().startswith("- id:")][:2]
    voices.write_text(voices.read_text().replace(second, first, 1))
    assert any("is taken already" in fault for fault in faults(pack))


def test_an_empty_pack_and_a_missing_one_say_so(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text("# nothing yet\n")
    assert faults(tmp_path) == [f"{tmp_path / 'pack.yaml'}: is empty"]
    assert "cannot be read" in faults(tmp_path / "nowhere")[0]


def test_python_objects_in_yaml_are_refused(pack: Path) -> None:
    manifest = pack / "pack.yaml"
    manifest.write_text(manifest.read_text().replace("seed", "seed") + "\nevil: !!python/object/apply:os.getcwd []\n")
    assert any("evil" in fault or "broken YAML" in fault for fault in faults(pack))


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path: Path) -> None:
    levels = "\n".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}, *a{n}, *a{n}]" for n in range(40))
    (tmp_path / "pack.yaml").write_text(f"a0: &a0 [x]\n{levels}\n")
    assert any("alias" in fault for fault in faults(tmp_path))
