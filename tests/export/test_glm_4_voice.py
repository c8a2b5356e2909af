"""The prompts of GLM-4-Voice, held to their demo's own way of putting them together, and to the tokenizers library."""

import json
import re
from pathlib import Path
from typing import TypedDict

import pytest
from tokenizers import Tokenizer

from flows.export import export_lines
from pipeline.engine.errors import UsageError
from pipeline.export.format import ExportSettings
from pipeline.export.glm_4_voice import line_faults
from pipeline.export.tokenizer import text_tokenizer
from schemas.voice import Role
from tests.export.corpora import Said, Talk, talk, talks, units_of, write_corpus
from tests.export.text_tokenizers import write_tokenizer

SPEECH = (
    "User will provide you with a speech instruction. Do it step by step. First, think about the instruction and "
    "respond in a interleaved manner, with 13 text token followed by 26 audio tokens. "
)
QUESTION = "My cat is ill."
ANSWER = "I am so sorry. What happened to her, and since when does she not eat at all? Let us call the vet together."


class Row(TypedDict):
    id: str
    text: str
    replies: list[list[int]]


def exported(tmp_path: Path, written: list[Talk], **settings: object) -> Path:
    out = tmp_path / "out"
    asked = ExportSettings.model_validate({"tokenizer": str(write_tokenizer(tmp_path)), **settings})
    list(export_lines(str(write_corpus(tmp_path / "corpus", written)), "glm-4-voice", out, asked, 1, lambda _: None))
    return out


def rows(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


CHINESE = "我很好，谢谢你。" * 4
TALKS = [
    Talk(1, (Said(Role.USER, QUESTION, typed=True), Said(Role.ASSISTANT, ANSWER)), kind="text_input"),
    Talk(2, (Said(Role.USER, "我的猫病了。"), Said(Role.ASSISTANT, CHINESE)), language="zh"),
    talk(3, QUESTION, ANSWER, "Yes.", "Good."),
    Talk(5, (Said(Role.USER, QUESTION), Said(Role.ASSISTANT, ANSWER, seconds=9.0))),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of TALKS; the tokenizer lies beside it."""
    return exported(tmp_path_factory.mktemp("glm"), TALKS)


def row_of(made: Path, number: int) -> Row:
    return next(row for row in rows(made / "train.jsonl") if row["id"].endswith(str(number)))


def spelt(units: list[int]) -> str:
    return "".join(f"<|audio_{unit}|>" for unit in units)


def as_the_demo_asks(before: str, said: str) -> str:
    """What their demo sends to the model: what was said before, then this turn. Written from its inference function."""
    inputs = before.strip()
    if "<|system|>" not in inputs:
        inputs += f"<|system|>\n{SPEECH}"
    return inputs + f"<|user|>\n{said}<|assistant|>streaming_transcription\n"


def test_every_dialogue_is_a_line(made: Path) -> None:
    assert [row["id"] for row in rows(made / "train.jsonl")] == [one.id for one in TALKS]
    assert not (made / "left_out.jsonl").exists()


def test_the_text_is_what_the_demo_sends_with_the_replies_in_place(made: Path) -> None:
    row = row_of(made, 3)
    replies = [row["text"][start:end] for start, end in row["replies"]]
    assert all(reply.endswith("<|user|>") for reply in replies), "the model has to end its reply"
    so_far = ""
    for place, reply in zip((0, 2), replies, strict=True):
        said = spelt(units_of(3, place, 1.2 + 0.1 * place, "glm4voice"))
        so_far = as_the_demo_asks(so_far, f"<|begin_of_audio|>{said}<|end_of_audio|>") + reply.removesuffix("<|user|>")
    assert row["text"] == so_far + "<|user|>"


def test_a_reply_alternates_thirteen_text_tokens_and_twenty_six_units(made: Path) -> None:
    row = row_of(made, 5)
    reply = row["text"][slice(*row["replies"][0])].removesuffix("<|user|>")
    texts, speech = re.split(r"(?:<\|audio_\d+\|>)+", reply), re.findall(r"(?:<\|audio_\d+\|>)+", reply)
    assert "".join(texts) == ANSWER
    units = [int(unit) for unit in re.findall(r"<\|audio_(\d+)\|>", reply)]
    assert units == units_of(5, 1, 9.0, "glm4voice")
    tokenizer = Tokenizer.from_file(str(made.parent / "tokenizer.json"))
    assert texts.pop() == "", "the rest of the units comes last"
    counts = [len(tokenizer.encode(text).ids) for text in texts]
    whole = len(tokenizer.encode(ANSWER).ids)
    assert counts == [13] * (whole // 13) + [whole % 13] * (whole % 13 > 0)
    assert [run.count("<|audio_") for run in speech[:-1]] == [26] * (len(counts) - 1)


def test_a_typed_turn_is_text_and_has_the_system_prompt_for_text(made: Path) -> None:
    system = SPEECH.replace("speech", "text").rstrip()
    asked = f"<|system|>\n{system}<|user|>\n{QUESTION}<|assistant|>streaming_transcription\n"
    assert row_of(made, 1)["text"].startswith(asked)


def test_chinese_is_cut_by_the_models_tokens_too(made: Path) -> None:
    row = row_of(made, 2)
    assert re.sub(r"<\|[^|]*\|>", "", row["text"][slice(*row["replies"][0])]) == CHINESE


def test_what_the_prompt_cannot_say_is_left_out_with_its_reason(tmp_path: Path) -> None:
    rare = "a" * 12 + "\N{CAT FACE}"
    wrong = [
        Talk(0, (Said(Role.USER, "Say <|user|>.", typed=True), Said(Role.ASSISTANT, ANSWER)), kind="text_input"),
        talk(1, QUESTION, ANSWER, seconds=40.0),
        talk(2, QUESTION, rare),
        talk(3, QUESTION, " "),
        talk(4, "<|user|> is heard, not read.", ANSWER),
    ]
    out = exported(tmp_path, wrong)
    assert [row["id"][-1] for row in rows(out / "train.jsonl")] == ["4"]
    left = [json.loads(line) for line in (out / "left_out.jsonl").read_text().splitlines()]
    assert [(one["id"][-1], one["turn"], one["check"]) for one in left] == [
        ("0", 0, "marker"),
        ("1", 0, "long"),
        ("2", 1, "tokenizer"),
        ("3", 1, "text"),
    ]


def test_without_a_tokenizer_it_says_which_and_how(tmp_path: Path) -> None:
    for name, complaint in [(None, "with --tokenizer"), (str(tmp_path / "none.json"), "cannot be read: No such file")]:
        with pytest.raises(UsageError, match=complaint):
            exported(tmp_path, talks(2), tokenizer=name)
    assert not (tmp_path / "out").exists()


def test_an_export_knows_its_tokenizer_by_content_wherever_it_lies(tmp_path: Path) -> None:
    out = exported(tmp_path, TALKS[:1])
    moved = (tmp_path / "tokenizer.json").rename(tmp_path / "moved.json")

    def again() -> list[str]:
        asked = ExportSettings(tokenizer=str(moved))
        return list(export_lines(str(tmp_path / "corpus"), "glm-4-voice", out, asked, 1, lambda _: None))

    assert again() == [f"{out} holds this export already, whole"]
    moved.write_text(moved.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds another export"):
        again()


@pytest.mark.parametrize(
    ("wrong", "by", "complaint"),
    [
        ("<|assistant|>streaming_transcription\n", "<|assistant|>", "no prompt"),
        ("tokens. <|user|>", "tokens.<|user|>", "no prompt"),
        ("<|begin_of_audio|>", "", "no prompt"),
        (SPEECH, SPEECH.replace("speech", "text").rstrip(), "not the one for the first turn"),
        ("audio_", "audio_9", "16384 units"),
        (ANSWER[:9], "", r"runs of \["),
        (ANSWER[:1], "", "where the replies are"),
    ],
)
def test_the_formats_own_check_finds_what_breaks_a_rule(made: Path, wrong: str, by: str, complaint: str) -> None:
    row = row_of(made, 5)
    tokenizer = text_tokenizer(ExportSettings(tokenizer=str(made.parent)), "glm-4-voice")
    assert not list(line_faults(json.loads(json.dumps(row)), tokenizer))
    row["text"] = row["text"].replace(wrong, by)
    found = list(line_faults(json.loads(json.dumps(row)), tokenizer))
    assert any(re.search(complaint, fault) for fault in found), found
