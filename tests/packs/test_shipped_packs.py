"""The packs that ship: without faults, each with a run file, and none that ends where it was not meant to."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from flows.start import check_path
from pipeline.config.run import load_run, shipped
from pipeline.config.source import FaultsError
from schemas.voice import Role
from tests.packs.shipping import IN_CHINESE, NAMES, pack, run_file


def test_the_packs_of_the_readme_ship() -> None:
    assert NAMES == ["contrast", "contrast-age", "contrast-gender", "empathy", "empathy-en-zh", "opens2s"]


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_and_its_run_file_have_no_faults(name: str) -> None:
    assert "no faults" in check_path(shipped(name))
    assert load_run(shipped(run_file(name))).pack.pack.name == name


@pytest.mark.parametrize("name", NAMES)
def test_a_packs_header_says_how_to_check_copy_draw_and_make_it(name: str) -> None:
    header = (shipped(name) / "pack.yaml").read_text(encoding="utf-8").partition("\n\n")[0]
    for command in (rf"check prompts/{name}\b", rf"init \S+ --pack {name}\b", rf"plan prompts/{run_file(name)}"):
        assert re.search(f"^#   warmline {command}", header, flags=re.MULTILINE), command


@pytest.mark.parametrize("name", IN_CHINESE)
def test_a_pack_in_chinese_is_refused_by_backends_that_know_english_only(name: str) -> None:
    embedded = ("write.backend=phrasebook", "speak.backend=espeak", "score.asr.backend=pocketsphinx")
    with pytest.raises(FaultsError) as refused:
        load_run(shipped("run.yaml"), [f"pack={name}", *embedded])
    said = str(refused.value)
    for backend in ("phrasebook", "pocketsphinx"):
        assert f"{backend} knows en only; the pack asks for zh" in said


@pytest.mark.parametrize("name", NAMES)
def test_no_speaker_of_a_server_is_in_two_splits_or_on_both_sides(name: str) -> None:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for voice in pack(name).voices:
        if "openai_speech" in voice.engines:
            places[str(voice.engines["openai_speech"]["voice"])] |= {
                "replies" if role is Role.ASSISTANT else str(voice.split) for role in voice.roles
            }
    assert {speaker: where for speaker, where in places.items() if len(where) > 1} == {}


@pytest.mark.parametrize("name", IN_CHINESE)
def test_every_emotion_has_an_instruction_in_either_language(name: str) -> None:
    for emotion, style in pack(name).deliveries.items():
        english, chinese = style.for_language("en").instruction, style.for_language("zh").instruction
        assert re.fullmatch(r"[ -~]{20,}", english), emotion
        assert sum("\u4e00" <= sign <= "\u9fff" for sign in chinese) > 10, emotion
        assert max(len(english), len(chinese)) < 200, emotion


@pytest.mark.parametrize("file", ["run.yaml", "one-gpu.yaml", "eight-gpus.yaml", "empathy-en-zh.yaml", "opens2s.yaml"])
def test_the_judge_that_a_run_file_leaves_out_is_right_once_its_comment_is_taken_away(
    file: str, tmp_path: Path
) -> None:
    text = shipped(file).read_text(encoding="utf-8")
    block = re.compile(r"^# judge:.*\n(?:^#   .*\n)*", flags=re.MULTILINE)
    (found,) = block.findall(text)
    shown = re.sub("^# ", "", found, flags=re.MULTILINE)
    (tmp_path / "run.yaml").write_text(text.replace(found, shown), encoding="utf-8")
    judge = load_run(tmp_path / "run.yaml").config.judge
    assert judge is not None
    assert judge.backend == "openai"


@pytest.mark.parametrize("file", ["one-gpu.yaml", "eight-gpus.yaml", "empathy-en-zh.yaml", "opens2s.yaml"])
def test_the_units_that_a_run_file_names_for_training_are_right_in_the_place_of_the_embedded_ones(
    file: str, tmp_path: Path
) -> None:
    text = re.sub(r"^units:.*\n", "", shipped(file).read_text(encoding="utf-8"), flags=re.MULTILINE)
    (tmp_path / "run.yaml").write_text(text.replace("# units: [", "units: ["), encoding="utf-8")
    (kind,) = load_run(tmp_path / "run.yaml").config.units
    assert (kind.backend, kind.rate, kind.size) == ("glm4voice", 12.5, 16384)
