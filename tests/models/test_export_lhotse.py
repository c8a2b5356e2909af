"""Lhotse reads the `lhotse` export. It needs torch to be imported."""

from pathlib import Path

import numpy as np
import pytest

from flows.export import export_lines
from pipeline.export.format import ExportSettings
from tests.export.corpora import RATE, talks, units_of, write_corpus

pytestmark = pytest.mark.models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    corpus = write_corpus(tmp_path / "corpus", talks(8), ["s3"], rows_a_shard=3)
    list(export_lines(str(corpus), "lhotse", tmp_path / "out", ExportSettings(), 1, lambda _: None))
    return tmp_path / "out" / "train"


def test_lhotse_reads_dialogues_as_cuts_of_two_channels(folder: Path) -> None:
    lhotse = pytest.importorskip("lhotse")
    cuts = list(lhotse.CutSet.from_shar(in_dir=folder))
    assert [cut.id for cut in cuts] == [one.id for one in talks(8)]
    for cut in cuts:
        lhotse.validate(cut)
        assert cut.load_audio().shape == (2, cut.num_samples)


def test_lhotse_cuts_them_into_turns_of_one_channel(folder: Path) -> None:
    lhotse = pytest.importorskip("lhotse")
    turns = list(lhotse.CutSet.from_shar(in_dir=folder).trim_to_supervisions())
    said = [(one, place) for one in talks(8) for place in range(len(one.turns))]
    assert len(turns) == len(said)
    for turn, (one, place) in zip(turns, said, strict=True):
        (supervision,) = turn.supervisions
        (audio,) = turn.load_audio()
        assert np.argmax(np.abs(np.fft.rfft(audio))) * RATE / len(audio) == pytest.approx(220 + 40 * place, abs=1)
        assert supervision.text == one.turns[place].text
        assert supervision.custom["role"] == one.turns[place].role
        assert supervision.custom["units"]["s3"] == units_of(one.number, place, one.turns[place].seconds, "s3")
        words = [item.symbol for item in supervision.alignment["word"]]
        assert words == one.turns[place].text.split()
