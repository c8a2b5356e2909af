from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.corpus import Corpus
from flows.whole_corpus import WholeCorpus
from pipeline.engine.storage import Folder
from pipeline.shard.row import Decided, SpokenTurn
from pipeline.write.texts.earlier_texts import EarlierTexts
from schemas.scores import Scores
from schemas.text_rules import NearDuplicateLimits
from schemas.voice import Split
from tests.shard.decided_dialogues import MAKER, decided, rejected


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(Folder(str(tmp_path / "corpus")), MAKER, 1e9)


@pytest.fixture
def ledger(tmp_path: Path) -> Folder:
    return Folder(str(tmp_path / "ledger"))


def rows(tmp_path: Path, name: str) -> list[str]:
    table = pq.read_table(tmp_path / "corpus" / name)
    found: list[str] = table.column("id").to_pylist()
    return found


def test_dialogues_go_to_their_splits_and_rejected_ones_beside_with_reasons(
    corpus: Corpus, ledger: Folder, tmp_path: Path
) -> None:
    for index, split in enumerate(Split):
        corpus.take_in(decided(ledger, index, split))
    corpus.take_in(rejected(decided(ledger, 3)))
    corpus.close()
    assert [rows(tmp_path, f"data/{split}-00000.parquet") for split in Split] == [["d-0"], ["d-1"], ["d-2"]]
    table = pq.read_table(tmp_path / "corpus" / "rejected" / "rejected-00000.parquet")
    assert table.column("reasons").to_pylist() == [[{"turn": -1, "check": "wer", "message": "misheard"}]]
    assert table.column("turns").to_pylist()[0][0]["audio"]["bytes"][:4] == b"fLaC"


def test_a_query_that_another_split_has_is_left_out_there(corpus: Corpus, ledger: Folder) -> None:
    corpus.take_in(decided(ledger, 0, Split.TRAIN, text="My dog died"))
    same_split = corpus.take_in(decided(ledger, 1, Split.TRAIN, text="My dog -- DIED!"))
    leaked = corpus.take_in(decided(ledger, 2, Split.TEST, text="my dog died"))
    assert same_split.accepted
    assert [one.reason.check for one in leaked.objections] == ["leak"]
    assert corpus.accepted == 2
    corpus.abandon()


def test_one_recording_for_two_texts_is_found_out_over_the_whole_corpus(corpus: Corpus, ledger: Folder) -> None:
    first = decided(ledger, 0)
    other = decided(ledger, 1)
    twice = replace(other, turns=(_sounding_like(other, first), other.turns[1]))
    assert corpus.take_in(first).accepted
    assert [(one.turn, one.reason.check) for one in corpus.take_in(twice).objections] == [(0, "waveform")]
    corpus.abandon()


def test_a_text_too_like_an_earlier_one_goes_and_a_rejected_one_has_no_claim(ledger: Folder, tmp_path: Path) -> None:
    limits = NearDuplicateLimits()
    corpus = Corpus(Folder(str(tmp_path / "corpus")), MAKER, 1e9, WholeCorpus(EarlierTexts(limits)))
    said = "She left the porch light on for him every night of that long winter"
    refused = rejected(decided(ledger, 0, text=said))
    first, again = decided(ledger, 1, text=said), decided(ledger, 2, text=f"{said} ,")
    other = decided(ledger, 3, text="Nobody had told the baker that the road was closed until Monday")
    assert not corpus.take_in(refused).accepted
    assert corpus.take_in(first).accepted
    (why,) = corpus.take_in(again).objections
    assert (why.reason.check, "like the earlier dialogue d-1" in why.reason.message) == ("text.near_duplicates", True)
    assert corpus.take_in(other).accepted
    member = replace(decided(ledger, 4, text=f"{said} !"), brief=again.brief.model_copy(update={"member": 1}))
    assert corpus.take_in(member).accepted, "members of a contrast set share their words"
    corpus.abandon()


def _sounding_like(one: Decided, model: Decided) -> SpokenTurn:
    scores, heard = one.turns[0].scores, model.turns[0].scores
    assert isinstance(scores, Scores)
    assert isinstance(heard, Scores)
    return replace(one.turns[0], scores=scores.model_copy(update={"sound": heard.sound}))
