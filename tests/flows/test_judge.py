"""The judge on the road: what it thinks of a text decides whether the text is spoken, and nothing is judged twice."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from pydantic import JsonValue

from flows.frozen_run import Change
from flows.judgements import text_to_judge
from flows.road import Needs, Road
from flows.session import announce, open_corpus, open_road
from flows.status import status_lines
from flows.workplaces import idle_workplaces
from pipeline.config.run import load_run, shipped
from pipeline.engine.ledger import Entry, write_part
from pipeline.engine.storage import Folder
from pipeline.shard.row import Decided
from pipeline.write.stage import WriteStage
from pipeline.write.writer import Commissions
from schemas.brief import Kind
from schemas.dialogue import Dialogue, Turn
from schemas.judgement import Judgement
from schemas.run import Backend
from schemas.text_rules import Bounds
from schemas.voice import Role, Split
from tests.conftest import CommandLine
from tests.flows.test_road import Player, train_brief
from tests.packs import shipping
from tests.servers.orders import Order
from tests.servers.running import CHAT_MODEL, Running, running

if TYPE_CHECKING:
    from pipeline.judge.judge import Text

NOWHERE = "judge={backend: openai, settings: {base_url: 'http://127.0.0.1:9/v1', model: tiny}}"
GOOD = {"emotional_reaction": 1, "interpretation": 1, "exploration": 0}
SIZE = 6
WRITERS: Sequence[tuple[str, Mapping[str, JsonValue]]] = (("phrasebook", {}), ("openai", {"model": "tiny"}))


class JudgedPlayer(Player):
    """Also judges, always alike; and fails where it has no scores."""

    def __init__(self, road: Road, scores: Mapping[str, int] | None) -> None:
        super().__init__(road, lambda _: True)
        self.scores = scores
        self.judged: list[Text] = []

    def _make(self, needs: Needs) -> None:
        super()._make(needs)
        memo = self.road.memos.judge
        for text in needs.judge:
            assert memo is not None
            self.judged.append(text)
            told = Judgement(scores=self.scores, reason="It only says sorry.") if self.scores is not None else None
            value, reason = (told.model_dump_json(), None) if told else (None, "no usable judgement in 4 tries")
            entry = Entry(memo.stage.key(text), value, reason=reason)
            memo.ledger.take_in(write_part(memo.ledger.folder, "judge", [entry]))


def road_of(folder: Path, *overrides: str) -> Road:
    run = load_run(shipped("run.yaml"), [NOWHERE, *overrides])
    return open_road(run, Folder(str(folder)), idle_workplaces(run.config))


@pytest.fixture
def road(tmp_path: Path) -> Road:
    return road_of(tmp_path)


def checks(fate: Decided) -> Sequence[tuple[int, str, str]]:
    return [(one.turn, one.reason.check, one.reason.message) for one in fate.objections]


def test_a_text_is_judged_before_it_is_spoken_and_then_spoken(road: Road) -> None:
    brief, player = train_brief(road), JudgedPlayer(road, GOOD)
    first = road.resolve(brief)
    assert isinstance(first, Needs)
    player._make(first)
    second = road.resolve(brief)
    assert isinstance(second, Needs)
    assert second
    assert (len(second.judge), second.write, second.speak) == (1, [], [])
    fate = player.fate(brief)
    assert fate.accepted
    assert len(player.judged) == 1
    assert player.judged[0].turns == tuple(turn.turn for turn in fate.turns)
    assert player.judged[0].user.emotion == brief.user.emotion


def test_scores_under_the_least_reject_the_text_unspoken_with_score_and_reason(road: Road) -> None:
    player = JudgedPlayer(road, {"emotional_reaction": 0, "interpretation": 0, "exploration": 2})
    fate = player.fate(train_brief(road))
    assert checks(fate) == [
        (-1, "judge.emotional_reaction", "0, less than 1: It only says sorry."),
        (-1, "judge.interpretation", "0, less than 1: It only says sorry."),
    ]
    assert player.lines == []
    assert [turn.take for turn in fate.turns] == [None] * 4


def test_a_judge_that_fails_rejects_the_text_and_says_why(road: Road) -> None:
    player = JudgedPlayer(road, None)
    assert checks(player.fate(train_brief(road))) == [(-1, "judge", "no usable judgement in 4 tries")]
    assert player.lines == []


def test_until_write_ends_with_the_judgement(road: Road) -> None:
    brief, player = train_brief(road), JudgedPlayer(road, GOOD)
    while isinstance(needs := road.text(brief), Needs):
        player._make(needs)
    assert isinstance(needs, Dialogue)
    assert (len(player.judged), player.lines) == (1, [])


def test_a_text_that_the_rules_object_to_is_not_judged(tmp_path: Path) -> None:
    road = road_of(tmp_path)
    rules = road.pack.texts.model_copy(update={"characters": Bounds(least=200)})
    player = JudgedPlayer(replace(road, judged=replace(road.judged, rules=rules)), GOOD)
    fate = player.fate(train_brief(road))
    assert {check for _, check, _ in checks(fate)} == {"text.characters"}
    assert player.judged == []


def test_a_general_instruction_is_not_judged(tmp_path: Path) -> None:
    road = road_of(tmp_path)
    brief = train_brief(road).model_copy(update={"kind": Kind.INSTRUCTION, "turns": 4})
    player = JudgedPlayer(road, None)
    assert player.fate(brief).accepted
    assert player.judged == []


def test_without_a_judge_nothing_is_judged(tmp_path: Path) -> None:
    run = load_run(shipped("run.yaml"))
    road = open_road(run, Folder(str(tmp_path)), idle_workplaces(run.config))
    player = JudgedPlayer(road, None)
    assert player.fate(train_brief(road)).accepted
    assert "judge" not in [ledger.stage for ledger in road.memos.ledgers]


def test_another_least_score_decides_anew_and_needs_no_new_judgement(tmp_path: Path) -> None:
    brief = train_brief(road_of(tmp_path))
    assert JudgedPlayer(road_of(tmp_path), GOOD).fate(brief).accepted
    again = road_of(tmp_path)
    assert again.pack.rubric is not None
    rubric = again.pack.rubric.model_copy(update={"least": {"exploration": 1}})
    pickier = replace(again, pack=again.pack.model_copy(update={"rubric": rubric}))
    fate = pickier.resolve(brief)
    assert isinstance(fate, Decided)
    assert checks(fate) == [(-1, "judge.exploration", "0, less than 1: It only says sorry.")]


def test_what_is_to_be_judged_is_announced(road: Road) -> None:
    player = JudgedPlayer(road, GOOD)
    for brief in [one for one in road.planner.briefs(0, 40) if one.split is Split.TRAIN][:3]:
        needs = road.resolve(brief)
        assert isinstance(needs, Needs)
        player._make(needs)
    said = " ".join(announce([Change("judge.settings.model", "tiny", "small")], road))
    assert " texts, 3 judgements, " in said


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running("chat") as chat:
        yield chat


def test_a_run_judges_each_text_once_through_faults_and_repeats_nothing(warmline: CommandLine, server: Running) -> None:
    settings = f"{{base_url: '{server.base_url}', model: {CHAT_MODEL}, patience: 20}}"
    judge = f"judge={{backend: openai, settings: {settings}}}"
    command = ("generate", str(shipped("run.yaml")), "--out", "out", "--until", "write", "--set", f"size={SIZE}")
    server.order(Order(fault="status", status=503, retry_after=0.1, times=1), Order(fault="cut_off", first=1, times=1))

    made = warmline(*command, "--set", judge)

    assert made.returncode == 0, made.stderr
    assert f"out: {SIZE} dialogues written, 0 could not be" in made.stdout
    asked = server.asked()
    assert {one.fault for one in asked} == {"status", "cut_off", None}
    lines = list(status_lines(str(warmline.folder / "out")))
    told = next(line for line in lines if line.startswith("judge: "))
    judged = next(line for line in lines if line.startswith("  judge: "))
    count = int(judged.split()[1])
    assert count >= SIZE
    assert told.startswith(f"judge: {count + 1} replies, 1 of no use; ")
    assert len(asked) == count + 2
    assert not list((warmline.folder / "out" / "ledger").glob("score*/part-*"))

    server.order()
    again = warmline(*command, "--set", judge)

    assert again.returncode == 0, again.stderr
    assert len(server.asked()) == len(asked)


def test_a_rejection_by_the_judge_is_kept_with_its_reason_and_the_rows_name_the_judge(tmp_path: Path) -> None:
    run = load_run(shipped("run.yaml"), [NOWHERE])
    corpus = open_corpus(run, Folder(str(tmp_path)))
    road = open_road(run, Folder(str(tmp_path)), idle_workplaces(run.config))
    fate = JudgedPlayer(road, GOOD | {"interpretation": 0}).fate(train_brief(road))

    corpus.take_in(fate)
    corpus.close()

    (file,) = (tmp_path / "corpus" / "rejected").rglob("*.parquet")
    (row,) = pq.read_table(file).to_pylist()
    assert [one["check"] for one in row["reasons"]] == ["judge.interpretation"]
    assert row["provenance"]["judge"] == "openai tiny"


def test_rows_have_what_the_judge_gave_accepted_or_not_and_nothing_where_nobody_judged(tmp_path: Path) -> None:
    marks = GOOD | {"exploration": 2}
    told = [{"scale": scale, "score": mark} for scale, mark in marks.items()]
    for name, overrides, scores, given in (
        ("passed", [NOWHERE], marks, told),
        ("failed", [NOWHERE], marks | {"interpretation": 0}, None),
        ("unjudged", [], marks, None),
    ):
        run, folder = load_run(shipped("run.yaml"), overrides), Folder(str(tmp_path / name))
        corpus, road = open_corpus(run, folder), open_road(run, folder, idle_workplaces(run.config))
        corpus.take_in(JudgedPlayer(road, scores).fate(train_brief(road)))
        corpus.close()
        (file,) = (tmp_path / name / "corpus").rglob("*.parquet")
        (row,) = pq.read_table(file).to_pylist()
        if name == "unjudged":
            assert row["judgement"] is None
        elif name == "failed":
            assert {one["scale"]: one["score"] for one in row["judgement"]["scores"]} == scores
            assert not corpus.marks
        else:
            assert row["judgement"] == {"scores": given, "reason": "It only says sorry."}
            assert corpus.marks == Counter(marks.items())


def test_each_member_of_a_contrast_set_is_judged_as_itself() -> None:
    contrast = shipping.pack("contrast")
    members, orders = shipping.briefs("contrast", 3), Commissions(contrast)
    turns = tuple(Turn(role=role, text="Well.", emotion="sad", intensity=1.0) for role in Role)
    texts = [text_to_judge(brief, orders.of(brief), Dialogue(turns=turns)) for brief in members]
    assert [text.user.emotion for text in texts] == [brief.user.emotion for brief in members]
    assert len({text.user.emotion for text in texts}) == 3


def test_an_edit_of_the_rubric_writes_nothing_anew(road: Road) -> None:
    pack = road.pack
    assert pack.rubric is not None
    edited = pack.model_copy(update={"rubric": pack.rubric.model_copy(update={"system": "Judge strictly."})})
    item = road.commissions.of(train_brief(road))
    writers = [Backend(backend=name, settings=settings) for name, settings in WRITERS]
    keys = {WriteStage(writer, one).key(item) for writer in writers for one in (pack, edited)}
    assert len(keys) == len(WRITERS)
