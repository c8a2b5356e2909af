"""A budget is what may be spent: told before it is begun if it cannot do, and never begun upon once it is spent."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows import budget as budgets
from flows.budget import HOURS, REQUESTS, Purse, refuse_out_of_reach
from flows.goal import Goal
from flows.progress import Tally
from flows.road import Needs, Road
from flows.session import open_road
from flows.spent import Spent
from flows.until import Until
from flows.workplaces import idle_workplaces
from pipeline.config.run import load_run, shipped
from pipeline.engine.errors import UsageError
from pipeline.engine.ledger import Entry, write_part
from pipeline.engine.storage import Folder
from pipeline.plan.briefs import Planner
from pipeline.shard.row import Decided
from pipeline.write.writer import Commissions
from schemas.brief import Brief
from schemas.dialogue import Dialogue, Turn, Usage, Written
from schemas.judgement import Judgement
from schemas.slices import Slice
from schemas.take import TakeRecord
from schemas.voice import Role
from tests.conftest import CommandLine
from tests.flows.test_road import Player, train_brief
from tests.servers.orders import Order
from tests.servers.running import CHAT_MODEL, Running, running

RUN_FILE = shipped("run.yaml")
TURN = Turn(role=Role.USER, text="Well.", emotion="sad", intensity=1.0)


@pytest.fixture
def ledgers(tmp_path: Path) -> Folder:
    return Folder(str(tmp_path / "ledger"))


def put(ledgers: Folder, stage: str, *entries: Entry) -> None:
    write_part(ledgers.below(stage), stage, entries)


def text(key: str, requests: int) -> Entry:
    return Entry(key, Written(dialogue=Dialogue(turns=(TURN,)), usage=Usage(requests=requests)).model_dump_json())


def take(key: str, seconds: float) -> Entry:
    record = TakeRecord(sample_rate=16000, duration=seconds, words=(), engine="none", digest=key, size=9)
    return Entry(key, record.model_dump_json(), b"sound")


def purse(ledgers: Folder, part: Slice | None = None, **budget: float) -> Purse:
    server = "write={backend: openai, settings: {base_url: 'http://127.0.0.1:9/v1', model: tiny}}"
    run = load_run(RUN_FILE, ["size=3", server, *(f"budget.{key}={value}" for key, value in budget.items())])
    return Purse.of(run, Spent(ledgers), Goal(slice=part or Slice()))


def allows(one: Purse, under_way: int = 0) -> bool:
    return asyncio.run(one.allows(under_way, Tally(3)))


def wants(stage: str) -> Needs:
    run = load_run(RUN_FILE)
    brief = Planner(run.speakable, 7, run.config.shard.splits).briefs(0, 1)[0]
    return Needs(write=[Commissions(run.speakable).of(brief)]) if stage == "write" else Needs()


def test_all_that_the_ledgers_hold_is_counted_once_failures_too(ledgers: Folder) -> None:
    spent = Spent(ledgers)
    put(ledgers, "write", text("a", 2), Entry("b", Usage(requests=4).model_dump_json(), reason="no usable reply"))
    put(
        ledgers,
        "judge",
        Entry("a", Judgement(scores={"x": 1}, reason="So.", usage=Usage(requests=1)).model_dump_json()),
    )
    put(ledgers, "speak", take("a", 3.0), take("b", 5.0), Entry("c", reason="the engine gave no audio"))
    spent.read()
    assert (spent.requests, spent.texts, spent.judgements) == (7, 1, 1)
    assert (spent.speech, spent.takes, spent.seconds_a_take) == (8.0, 2, 4.0)
    spent.read()
    assert spent.requests == 7
    put(ledgers, "write", text("c", 1))  # another driver's
    assert spent.read().requests == 8


def test_nothing_is_read_where_nothing_is_limited(ledgers: Folder) -> None:
    put(ledgers, "write", text("a", 1000))
    one = purse(ledgers)
    assert allows(one, under_way=1000)
    assert one.spent.requests == 0
    assert one.told() == ""


def test_dialogues_begin_while_what_is_spent_and_under_way_is_less_than_the_budget(ledgers: Folder) -> None:
    put(ledgers, "write", text("a", 4), text("b", 2))  # three requests each
    one = purse(ledgers, requests=12)
    assert allows(one, under_way=1)
    assert not allows(one, under_way=2)
    assert one.told() == "6 of 12 requests"


def test_each_driver_of_a_slice_takes_the_others_to_have_as_much_under_way(ledgers: Folder) -> None:
    put(ledgers, "write", text("a", 4), text("b", 2))
    assert not allows(purse(ledgers, Slice(number=1, count=3), requests=12), under_way=1)


def test_a_budget_is_over_once_it_is_spent_and_nothing_is_under_way(ledgers: Folder) -> None:
    one = purse(ledgers, requests=6)
    put(ledgers, "write", text("a", 4), text("b", 2))
    assert not one.refuses(wants("write"))
    assert allows(one), "what is there already may still be taken up"
    assert one.refuses(wants("write")) == {REQUESTS}
    assert not one.refuses(wants("score"))
    assert allows(one, under_way=50)


def test_what_has_just_ended_is_under_way_until_it_is_counted(ledgers: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "LAG", 0.3)
    put(ledgers, "write", text("a", 4), text("b", 2))
    one = purse(ledgers, requests=9)
    one.ended()
    assert not allows(one, under_way=1)
    assert allows(one)
    assert one.over == set(), "it waited, and found that less was spent than it had taken for granted"


def test_hours_are_those_of_all_takes_and_end_what_is_to_be_written_too(ledgers: Folder) -> None:
    one = purse(ledgers, speech_hours=1)
    put(ledgers, "speak", take("a", 3600.0))
    assert allows(one)
    assert one.over == {HOURS}
    assert one.refuses(wants("write")) == {HOURS}


def test_where_a_budget_is_spent_failures_stay_as_they_were_when_it_ran_out(tmp_path: Path, ledgers: Folder) -> None:
    one = purse(ledgers, requests=9, speech_hours=1)
    assert one.spent_stages() == set()
    put(ledgers, "speak", take("a", 3600.0))
    assert one.spent_stages() == {"write", "judge", "speak"}

    run, folder = load_run(RUN_FILE), Folder(str(tmp_path / "run"))
    road = open_road(run, folder, idle_workplaces(run.config))
    brief, player = train_brief(road), Player(road, lambda _: True)
    player._make(needed(road, brief))
    lines = needed(road, brief).speak
    first = next(line for line in lines if line.delivery.intensity > 0)  # no plain rendering
    failed = Entry(road.memos.speak.stage.key(first), reason="the engine gave no audio")
    road.memos.speak.ledger.take_in(write_part(road.memos.speak.ledger.folder, "speak", [failed]))
    player._make(Needs(speak=[line for line in lines if line != first]))
    assert player.fate(brief).accepted, "with another try"

    assert isinstance(open_road(run, folder, idle_workplaces(run.config)).resolve(brief), Needs)
    packed = open_road(run, folder, idle_workplaces(run.config), final={"speak"}).resolve(brief)
    assert isinstance(packed, Decided)
    assert packed.accepted


def needed(road: Road, brief: Brief) -> Needs:
    needs = road.resolve(brief)
    assert isinstance(needs, Needs)
    return needs


def test_texts_alone_cost_no_speech() -> None:
    run = load_run(RUN_FILE, ["budget.speech_hours=3", "budget.requests=50"])
    assert budgets.limits(run.config.budget, Until.WRITE) == {REQUESTS: 50}


def test_takes_that_come_out_longer_than_thought_put_a_run_out_of_reach_before_it_goes_on(ledgers: Folder) -> None:
    run = load_run(RUN_FILE, ["size=10", "budget.speech_hours=0.1"])
    refuse_out_of_reach(run, Spent(ledgers))
    put(ledgers, "speak", take("a", 30.0))
    with pytest.raises(
        UsageError, match=r"^budget.speech_hours: 10 dialogues .* \(53 takes of 30.0 s\), .* 0.1: raise"
    ):
        refuse_out_of_reach(run, Spent(ledgers))
    put(ledgers, "speak", take("b", 400.0))
    refuse_out_of_reach(run, Spent(ledgers))  # it is spent: nothing begins, and what there is may be packed


@pytest.mark.parametrize("command", ["check", "plan", "generate"])
def test_a_budget_that_cannot_reach_is_told_with_its_line_and_nothing_is_started(
    warmline: CommandLine, command: str
) -> None:
    assert warmline("init", "mine").returncode == 0
    file = warmline.folder / "mine" / "run.yaml"
    file.write_text(file.read_text().replace("  briefs: 3.0", "  speech_hours: 0.01\n  briefs: 3.0"))
    line = next(number for number, one in enumerate(file.read_text().splitlines(), 1) if "speech_hours: 0.01" in one)
    refused = warmline(command, "mine/run.yaml")
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"warmline: mine/run.yaml:{line}: budget.speech_hours: 30 dialogues that all pass")
    assert refused.stderr.count("\n") == 1
    assert not (warmline.folder / "runs").exists()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running("chat") as chat:
        yield chat


def test_a_run_stops_at_its_requests_and_goes_on_when_they_are_raised(warmline: CommandLine, server: Running) -> None:
    settings = f"{{base_url: '{server.base_url}', model: {CHAT_MODEL}, requests: 1}}"
    write = f"write={{backend: openai, settings: {settings}}}"
    command = ["generate", str(RUN_FILE), "--out", "out", "--until", "write", "--set", write]
    server.order(Order(fault="cut_off", every=2))  # each second reply is of no use
    assert warmline(*command, "--set", "size=6").returncode == 0
    assert len(server.asked()) == 12

    short = warmline(*command, "--set", "size=60", "--set", "budget.requests=64")

    assert short.returncode == 3, short.stderr
    spent = len(server.asked())
    assert 64 <= spent <= 66
    assert f"short of the 60 wanted: budget.requests spent ({spent} of 64 requests); raise it" in short.stdout
    assert re.search(r"^  \w+ +\d+ of \d+$", short.stdout, re.MULTILINE)
    assert f"spent {spent} of 64 requests" in warmline("status", "out").stdout

    server.order()
    raised = warmline(*command, "--set", "size=60", "--set", "budget.requests=200")
    assert raised.returncode == 0, raised.stderr
    assert "out: 60 dialogues written" in raised.stdout
    assert len(server.asked()) == spent + 60 - spent // 2, "what was written is not written again"


@pytest.mark.slow
def test_when_speech_is_spent_what_is_there_is_packed(warmline: CommandLine, finished_run: Path) -> None:
    out = warmline.copy_of(finished_run)
    command = ["generate", str(RUN_FILE), "--out", str(out), "--set", "size=5"]
    takes = spoken(out)
    hours = sum(json.loads(value)["duration"] for value in takes) / 3600

    short = warmline(*command, "--set", f"budget.speech_hours={hours}")
    assert short.returncode == 3, short.stderr
    rows = pq.ParquetDataset(out / "corpus" / "data").read(columns=["id"]).num_rows
    assert 0 < rows <= 4
    assert takes == spoken(out), "nothing was begun"
    assert f"{rows} dialogues" in short.stdout
    assert "budget.speech_hours spent" in short.stdout

    raised = warmline(*command, "--set", "budget.speech_hours=9")
    assert raised.returncode == 0, raised.stderr
    assert pq.ParquetDataset(out / "corpus" / "data").read(columns=["id"]).num_rows == 5


def spoken(out: Path) -> list[str]:
    values = pq.ParquetDataset(out / "ledger" / "speak").read(columns=["value"]).column("value")
    return [value for value in values.to_pylist() if value]
