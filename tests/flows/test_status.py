"""What status tells of a run is what packing makes of it."""

from pathlib import Path

from flows.frozen_run import freeze
from flows.session import open_corpus, open_road
from flows.status import status_lines
from flows.walk import empty
from flows.workplaces import idle_workplaces
from pipeline.config.run import LoadedRun, load_run, shipped
from pipeline.engine.storage import Folder
from tests.flows.test_road import Player

SIZE = 5


def made(run: LoadedRun, folder: Folder) -> tuple[int, int, dict[str, int]]:
    """Everything that the corpus has room for, by somebody who says the same in every dialogue: how many came in."""
    road, corpus = open_road(run, folder, idle_workplaces(run.config)), open_corpus(run, folder)
    player, filling, rejected = Player(road, lambda _: True), empty(road), 0
    for brief in road.planner.briefs(0, 40 * SIZE):
        cell = filling.cell(brief)
        if filling.has_room(cell) and not filling.is_spent(cell):
            filling.begun[cell] += 1
            fate = corpus.take_in(player.fate(brief))
            rejected += not fate.accepted
            if fate.accepted:
                filling.take(cell)
    corpus.abandon()
    return corpus.accepted, rejected, dict(corpus.whole.rejected)


def test_status_turns_away_what_packing_turns_away(tmp_path: Path) -> None:
    run, folder = load_run(shipped("run.yaml"), [f"size={SIZE}", "budget.speech_hours=2.5"]), Folder(str(tmp_path))
    freeze(folder, run)
    accepted, rejected, reasons = made(run, folder)
    assert reasons["text.near_duplicates"] > 0

    lines = list(status_lines(folder.url))

    assert f"{accepted} accepted, {rejected} rejected, 0 under way or to be made" in lines
    told = [line for line in lines if line.startswith("  rejected when packed, for ")]
    assert sorted(told) == sorted(f"  rejected when packed, for {check}: {count}" for check, count in reasons.items())
    assert not [line for line in lines if line.startswith("  rejected for ")]


def test_status_tells_what_of_the_budget_is_spent(tmp_path: Path) -> None:
    run, folder = load_run(shipped("run.yaml"), [f"size={SIZE}", "budget.speech_hours=2.5"]), Folder(str(tmp_path))
    freeze(folder, run)
    assert "spent 0 of 2.5 hours of speech" in list(status_lines(folder.url))
