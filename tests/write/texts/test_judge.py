"""The judge as a whole: never raises, passes what the embedded writer writes, turns off key by key."""

import time
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.plan.briefs import Planner
from pipeline.write import phrasebook
from pipeline.write.phrasebook import Settings
from pipeline.write.texts.earlier_texts import EarlierTexts, sketches_of
from pipeline.write.texts.judge import judge
from pipeline.write.texts.keep_clean import KeptClean
from pipeline.write.writer import Commissions
from schemas.dialogue import Written
from schemas.pack import Pack
from schemas.run import Shares
from schemas.text_rules import TextRules
from tests.write.texts.dialogues import DEFAULT, dialogue, faults

OFF = TextRules.model_validate(
    {
        "language": False,
        "characters": {"least": 0, "most": None},
        "spoken": False,
        "digits": True,
        "refusals": False,
        "roles": False,
        "repetition": None,
        "near_duplicates": None,
        "personal_data": False,
        "crisis": "allow",
    }
)
PIECES = st.sampled_from(
    [
        "*",
        "**",
        "(",
        ")",
        "[laughter]",
        "<",
        "I can't ",
        "sorry, ",
        "kill myself ",
        "five ",
        "1",
        "@",
        "我",
        "想死",
        "：",
        "\n",
        ". ",
    ]
)
TEXTS = st.lists(
    st.text(min_size=1, max_size=60) | st.lists(PIECES, min_size=1, max_size=12).map("".join), min_size=1, max_size=6
)


@given(TEXTS, st.sampled_from(["en", "zh", "ja", "de", "ru", "xx"]))
def test_no_text_makes_it_raise(texts: list[str], language: str) -> None:
    kept = KeptClean(["a text of some length to stay clear of"])
    found = judge(dialogue(*texts), language, DEFAULT, frozenset({"laughter"}), kept)
    assert all(fault.turn is None or fault.turn < len(texts) for fault in found)
    assert all(fault.message and "\n" not in fault.message for fault in found)
    assert found == judge(dialogue(*texts), language, DEFAULT, frozenset({"laughter"}), kept)
    assert not judge(dialogue(*texts), language, OFF)


def test_all_faults_are_told_at_once() -> None:
    found = faults(
        "**Hi**, call five five five one two three four.",
        "As an AI language model, I can't assist. 加油加油加油加油加油",
    )
    assert [(one.turn, one.check) for one in found] == [
        (0, "spoken"),
        (1, "refusals"),
        (1, "refusals"),
        (1, "repetition"),
        (0, "personal_data"),
    ]


def test_all_that_the_phrasebook_writes_passes_and_quickly(empathy: Pack) -> None:
    commissions = Commissions(empathy)
    briefs = Planner(empathy, 7, Shares()).briefs(0, 300)
    writer = phrasebook.build(Settings(), empathy)
    written = [
        one.dialogue for one in writer.write([commissions.of(brief) for brief in briefs]) if isinstance(one, Written)
    ]
    assert len(written) == len(briefs)
    started = time.process_time()
    assert not [(one, found) for one in written if (found := judge(one, "en", DEFAULT))]
    assert time.process_time() - started < 0.003 * len(written)
    assert DEFAULT.near_duplicates is not None
    earlier = EarlierTexts(DEFAULT.near_duplicates)
    for brief, one in zip(briefs, written, strict=True):
        assert not list(earlier.faults(sketches_of(one, "en")))
        earlier.add(brief.id, sketches_of(one, "en"))


def test_every_key_of_the_rules_is_described_for_editors() -> None:
    schema = TextRules.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    keys = [(name, key) for model in models for name, key in model["properties"].items()]
    assert len(keys) > 20
    assert not [name for name, key in keys if "description" not in key]


def test_the_keys_in_the_docs_are_the_defaults() -> None:
    page = (Path(__file__).parents[3] / "docs" / "texts.md").read_text()
    block = page[page.index("    texts:\n") : page.index("| key | default |")]
    shown = TextRules.model_validate(yaml.safe_load(block)["texts"])
    assert len(shown.keep_clean.files) == 2
    assert shown.model_copy(update={"keep_clean": DEFAULT.keep_clean}) == DEFAULT
    assert not [key for key in TextRules.model_fields if f"`{key}`" not in page]
