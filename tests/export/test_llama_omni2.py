"""The conversations of LLaMA-Omni2, held to what its inference does with them, and to the tokenizers library."""

import json
from pathlib import Path
from typing import NotRequired, TypedDict

import pytest
import soundfile
from datasets import load_dataset
from tokenizers import Tokenizer

from flows.export import export_lines
from pipeline.engine.errors import UsageError
from pipeline.export.format import ExportSettings, Part
from pipeline.export.llama_omni2 import build, line_faults
from schemas.voice import Role, Split
from tests.export.corpora import Said, Talk, talk, units_of, write_corpus
from tests.export.text_tokenizers import write_tokenizer

QUESTION = "My cat is ill."
ANSWER = "I am so sorry. What happened to her? Let us call the vet together."
CHINESE = "我很好，谢谢你。" * 4
TALKS = [
    talk(1, QUESTION, ANSWER),
    Talk(2, (Said(Role.USER, "我的猫病了。"), Said(Role.ASSISTANT, CHINESE, seconds=2.0)), language="zh"),
    talk(3, QUESTION, ANSWER, "Yes.", "Good."),
    Talk(5, (Said(Role.USER, QUESTION), Said(Role.ASSISTANT, ANSWER, seconds=9.0))),
    Talk(6, (Said(Role.USER, QUESTION), Said(Role.ASSISTANT, CHINESE, seconds=0.6)), language="zh"),
]


class Step(TypedDict):
    text: NotRequired[str]
    tokens: NotRequired[list[int]]
    units: NotRequired[list[int]]
    marker: NotRequired[str]


Turn = TypedDict(
    "Turn",
    {"from": str, "text": str, "speech": str, "units": NotRequired[list[int]], "interleaved": NotRequired[list[Step]]},
)


class Row(TypedDict):
    id: str
    conversation: list[Turn]


def exported(tmp_path: Path, written: list[Talk], **settings: object) -> Path:
    out = tmp_path / "out"
    asked = {"tokenizer": str(write_tokenizer(tmp_path)), "prefix": f"{out}/", **settings}
    corpus = str(write_corpus(tmp_path / "corpus", written, kinds=["s3"]))
    list(export_lines(corpus, "llama-omni2", out, ExportSettings.model_validate(asked), 1, lambda _: None))
    return out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of TALKS; the tokenizer lies beside it."""
    return exported(tmp_path_factory.mktemp("omni"), TALKS)


def rows(made: Path) -> list[Row]:
    return [json.loads(line) for line in (made / "train.jsonl").read_text(encoding="utf-8").splitlines()]


def as_the_speech_model_reads(tokens: list[int], units: list[int]) -> list[tuple[str, list[int]]]:
    """What their speech model has in front of it after a reply: three tokens, ten units, …, and after the last `<sep>`.

    Written from the loop of their generation, which counts the token that ends the reply among the three, and hands on
    fewer than three once it was said. Where the units are over first, the rest of the text is read at once.
    """
    seen: list[tuple[str, list[int]]] = []
    while len(tokens) > 3 and units:
        seen += [("text", tokens[:3]), ("units", units[:10])]
        tokens, units = tokens[3:], units[10:]
    seen += [("text", tokens), ("sep", [])]
    return [*seen, ("units", units)] if units else seen


def as_read(step: Step) -> tuple[str, list[int]]:
    if "tokens" in step:
        return "text", step["tokens"]
    return ("units", step["units"]) if "units" in step else (step["marker"].strip("<>"), [])


def test_every_dialogue_is_a_line_with_the_keys_of_their_questions(made: Path) -> None:
    assert [row["id"] for row in rows(made)] == [one.id for one in TALKS]
    for row, said in zip(rows(made), TALKS, strict=True):
        assert [turn["from"] for turn in row["conversation"]] == ["human", "gpt"] * (len(said.turns) // 2)
        assert [turn["text"] for turn in row["conversation"]] == [turn.text for turn in said.turns]
        for turn, spoken in zip(row["conversation"], said.turns, strict=True):
            info = soundfile.info(turn["speech"])
            assert (info.samplerate, info.channels, info.subtype) == (16000, 1, "PCM_16")
            assert info.frames / 16000 == pytest.approx(spoken.seconds, abs=0.001)


def test_a_reply_is_interleaved_as_their_speech_model_reads_it(made: Path) -> None:
    tokenizer = Tokenizer.from_file(str(made.parent / "tokenizer.json"))
    end = tokenizer.encode("<|im_end|>").ids
    for row, said in zip(rows(made), TALKS, strict=True):
        for place in range(1, len(said.turns), 2):
            turn, spoken = row["conversation"][place], said.turns[place]
            assert turn["units"] == units_of(said.number, place, spoken.seconds, "s3")
            seen = [as_read(step) for step in turn["interleaved"]]
            tokens = [*tokenizer.encode(spoken.text).ids, *end]
            assert seen == as_the_speech_model_reads(tokens, turn["units"])


def test_questions_are_what_their_inference_asserts(made: Path) -> None:
    questions = json.loads((made / "train-questions.json").read_text(encoding="utf-8"))
    assert [item["id"] for item in questions] == [one.id for one in TALKS]
    for item in questions:
        assert len(item["conversation"]) % 2 == 1
        for place, turn in enumerate(item["conversation"]):
            assert Path(turn["speech"]).is_file() if place % 2 == 0 else turn["text"]


def test_datasets_reads_the_lines(made: Path, tmp_path: Path) -> None:
    read = load_dataset("json", data_files=str(made / "train.jsonl"), split="train", cache_dir=str(tmp_path))
    assert read["id"] == [one.id for one in TALKS]
    assert read[2]["conversation"][3]["units"] == units_of(3, 3, 1.5, "s3")


def test_what_the_model_cannot_take_is_left_out_with_its_reason(tmp_path: Path) -> None:
    wrong = [
        Talk(0, (Said(Role.USER, QUESTION, typed=True), Said(Role.ASSISTANT, ANSWER)), kind="text_input"),
        Talk(1, (Said(Role.USER, QUESTION, seconds=31.0), Said(Role.ASSISTANT, ANSWER))),
        talk(2, QUESTION, "Bye.<|im_end|>"),
        talk(3, QUESTION, " "),
        Talk(4, (Said(Role.USER, QUESTION), Said(Role.ASSISTANT, ANSWER, seconds=31.0))),
    ]
    out = exported(tmp_path, wrong, longest=60)
    assert [row["id"][-1] for row in rows(out)] == ["4"]
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [
        ("0", 0, "typed"),
        ("1", 0, "long"),
        ("2", 1, "marker"),
        ("3", 1, "text"),
    ]


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    path = write_tokenizer(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("<|im_end|>", "<|eot_id|>"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"has no token <\|im_end\|>: name the one of LLaMA-Omni2"):
        build(ExportSettings(tokenizer=str(path)))


@pytest.mark.parametrize(
    ("wrong", "by", "complaint"),
    [
        ('"gpt"', '"human"', "take turns"),
        ('"marker": "<sep>"', '"units": []', "last text"),
        ('"speech": "', '"speech": "x', "cannot be read"),
        ('"text": "I am so sorry.', '"text": "Sorry.', "give back"),
        ('"id"', '"name"', "required"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(made: Path, wrong: str, by: str, complaint: str) -> None:
    line = (made / "train.jsonl").read_text(encoding="utf-8").splitlines()[0]
    part = Part(made, Split.TRAIN, 0, ExportSettings(prefix=f"{made}/"))
    assert not list(line_faults(json.loads(line), part))
    assert wrong in line
    found = list(line_faults(json.loads(line.replace(wrong, by)), part))
    assert any(complaint in fault for fault in found), found
