"""What a run costs at the least, and budgets that cannot pay for it."""

import re
from collections.abc import Iterator

import pytest

from flows.diff import Made
from pipeline.config.run import LoadedRun, load_run, shipped
from pipeline.engine.storage import Folder
from pipeline.plan.briefs import Planner
from pipeline.plan.expense import least, over_budget
from schemas.brief import Kind
from schemas.pack import Writing, WritingStep
from schemas.run import Backend, Budget

SERVER = Backend(backend="openai", settings={"base_url": "http://127.0.0.1:9/v1", "model": "tiny"})


def planner(run: LoadedRun) -> Planner:
    return Planner(run.speakable, run.config.seed, run.config.shard.splits)


def test_the_least_is_what_the_plan_takes_if_all_passes_at_once() -> None:
    run = load_run(shipped("run.yaml"), ["size=400"])
    made = Made.by(run, Folder("memory://nowhere"))
    needed = least(run.config, planner(run))
    assert needed.takes == pytest.approx(len(made.lines), rel=0.05)
    assert needed.requests == 0, "the phrasebook asks nobody"


def test_typed_turns_are_no_takes_and_instructions_are_not_judged() -> None:
    run = load_run(shipped("opens2s.yaml"), ["size=2100"])
    needed = least(run.config, planner(run))
    assert needed.takes == pytest.approx(2 * 2000 + 100)
    assert needed.requests == pytest.approx(2 * 2100)
    judged = least(run.config.model_copy(update={"judge": SERVER}), planner(run))
    assert judged.requests - needed.requests == pytest.approx(1100)


def test_a_contrast_set_is_one_query_and_a_reply_for_each_member() -> None:
    run = load_run(shipped("contrast.yaml"), ["size=300"])
    members = planner(run).pack.contrast
    assert members is not None
    judged = 300 if run.config.judge is not None else 0
    assert least(run.config, planner(run)).requests == pytest.approx(300 + 300 / members.members + judged)


def test_writing_by_turns_is_a_request_a_turn() -> None:
    run = load_run(shipped("run.yaml"), ["size=400"])
    config = run.config.model_copy(update={"write": SERVER})
    once = least(config, planner(run))
    assert once.requests == pytest.approx(400)
    steps = tuple(WritingStep(gives=gives, system="s", prompt="p") for gives in ("query", "reply"))
    pack = run.speakable.model_copy(update={"writing": Writing(steps=steps), "kinds": {Kind.DIALOGUE: 1.0}})
    by_turns = least(config, Planner(pack, 7, run.config.shard.splits))
    assert by_turns.requests == pytest.approx(by_turns.takes)


def told(**budget: float) -> Iterator[tuple[str, str]]:
    run = load_run(shipped("run.yaml"), ["size=100"])
    config = run.config.model_copy(update={"write": SERVER, "budget": Budget.model_validate(budget)})
    return over_budget(config, planner(run))


def test_what_is_just_enough_is_no_fault() -> None:
    assert list(told(requests=100, speech_hours=0.9)) == []


def test_each_budget_that_cannot_reach_is_told_with_what_is_needed() -> None:
    faults = dict(told(requests=99, speech_hours=0.5))
    assert faults["requests"] == (
        "budget.requests: 100 dialogues that all pass at once take about 100 requests, and there are 99: "
        "raise it, or lower `size`"
    )
    assert "take about 0.879 hours of speech (527 takes of 6.0 s), and there are 0.5" in faults["speech_hours"]


@pytest.mark.parametrize("name", ["one-gpu", "eight-gpus", "opens2s", "empathy-en-zh"])
def test_the_budget_that_a_shipped_run_file_has_in_a_comment_can_be_met(name: str) -> None:
    commented = re.search(r"^# budget: (\{.*?\})", shipped(f"{name}.yaml").read_text(), re.MULTILINE)
    assert commented
    run = load_run(shipped(f"{name}.yaml"), [f"budget={commented.group(1)}"])
    needed = least(run.config, planner(run))
    assert run.config.budget.requests is not None
    assert 1.5 * needed.requests < run.config.budget.requests < 4 * needed.requests
