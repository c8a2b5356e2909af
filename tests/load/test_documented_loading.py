"""The page's own code runs."""

import re
from pathlib import Path

import pytest

from tests.export.corpora import talks, write_corpus
from tests.export.text_tokenizers import write_tokenizer

PAGE = Path(__file__).parent.parent.parent / "docs" / "loading.md"


@pytest.fixture
def blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The page's Python, where there is a corpus and a tokenizer as it names them."""
    write_corpus(tmp_path / "runs" / "demo", talks(20))
    (tmp_path / "model").mkdir()
    write_tokenizer(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_first_example_goes_through_an_epoch(blocks: list[str]) -> None:
    names: dict[str, object] = {}
    exec(blocks[0], names)  # noqa: S102 -- it is what the page says
    assert str(names["saved"]).count('"epoch":1') == 1
    assert len(names["learnt"]) > 20  # type: ignore[arg-type]


@pytest.mark.models
def test_the_second_makes_batches(blocks: list[str]) -> None:
    pytest.importorskip("torch")
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)  # noqa: S102 -- it is what the page says
    assert set(names["batch"]) == {  # type: ignore[call-overload]
        "input_ids",
        "attention_mask",
        "labels",
        "audio",
        "audio_lengths",
        "audio_places",
    }
