"""Several drivers make one corpus, each its slice of the plan; then it is packed. Real processes, one run folder."""

import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.goal import Goal
from flows.lock import hold
from pipeline.engine.storage import Folder
from tests.conftest import SHIPPED, CommandLine

Done = subprocess.CompletedProcess[str]

PLAN = ("generate", str(SHIPPED / "run.yaml"), "--set", "size=4", "--out", "out")
"""Of the same plan as `finished_run`, which is made by one driver."""


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def keys(run: Path) -> Counter[str]:
    """Every result on disk, of every stage."""
    return Counter(
        f"{part.parent.name} {key}"
        for part in (run / "ledger").glob("*/part-*.parquet")
        for key in pq.read_table(part, columns=["key"]).column("key").to_pylist()
    )


def refusal(done: Done) -> str:
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()


@contextmanager
def standing_still(process: "subprocess.Popen[str]") -> Iterator[None]:
    """A driver that is at work, but gets no further."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def wait_for_scores(run: Path) -> None:
    """Until the first takes of dialogues, not only those that voices are compared with, are kept and scored."""
    until = time.monotonic() + 300
    while not list(run.glob("ledger/score.sound/part-*")):
        assert time.monotonic() < until, "no score in five minutes"
        time.sleep(0.05)


@dataclass(frozen=True)
class Story:
    """What was seen of a run that two drivers made, of which one was killed and started again."""

    run: Path
    status: Done
    twin: Done
    early_packing: Done
    other_seed: Done
    second: Done
    again: Done
    made_before_packing: Counter[str]
    packing: Done


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Story]:
    warmline = CommandLine(tmp_path_factory.mktemp("slices"), environment)
    run = warmline.folder / "out"
    one, two = (warmline.start(*PLAN, "--slice", f"{number}/2") for number in (1, 2))
    try:
        wait_for_scores(run)
        one.kill()
        with standing_still(two):
            status = warmline("status", "out")
            twin = warmline(*PLAN, "--slice", "2/2")
            early_packing = warmline(*PLAN)
            other_seed = warmline(*PLAN, "--slice", "1/2", "--set", "seed=8")
        output, errors = two.communicate(timeout=300)
        second = Done(two.args, two.returncode, output, errors)
        again = warmline(*PLAN, "--slice", "1/2")
        made = keys(run)
        yield Story(run, status, twin, early_packing, other_seed, second, again, made, warmline(*PLAN))
    finally:
        for process in (one, two):
            process.kill()
            process.communicate()


@pytest.mark.slow
def test_slices_and_then_the_whole_make_the_same_bytes_as_one_driver(story: Story, finished_run: Path) -> None:
    for done in (story.second, story.again, story.packing):
        assert done.returncode == 0, done.stderr
    assert files(story.run / "corpus") == files(finished_run / "corpus")


@pytest.mark.slow
def test_nothing_is_made_twice_nor_by_the_packing_driver(story: Story, finished_run: Path) -> None:
    assert set(story.made_before_packing.values()) == {1}
    assert keys(story.run) == story.made_before_packing, "the packing driver had something left to make"
    assert keys(finished_run) <= keys(story.run)
    more = {key.split()[0] for key in keys(story.run) - keys(finished_run)}
    assert more <= {"speak"}, "but for voices that may have to stand in, no more than one driver makes"


@pytest.mark.slow
def test_a_driver_says_what_its_slice_came_to_and_what_packs_the_corpus(story: Story) -> None:
    result, *_, then = story.again.stdout.splitlines()
    assert result.startswith("out, slice 1/2: 2 dialogues")
    assert then.startswith("when all 2 slices are done: warmline generate ")
    assert then.endswith("--out out --set size=4")
    assert story.packing.stdout.startswith("out/corpus: 4 dialogues")


@pytest.mark.slow
def test_status_tells_of_all_slices_while_they_are_made(story: Story) -> None:
    assert story.status.returncode == 0, story.status.stderr
    title, fates, *ledgers = story.status.stdout.splitlines()
    assert title == "out: pack empathy, seed 7, 4 dialogues wanted"
    accepted, rejected, to_be_made = map(int, re.findall(r"\d+", fates))
    assert accepted + to_be_made == 4
    assert rejected == 0
    assert to_be_made > 0, "one slice was killed, the other stands still"
    assert any(line.startswith("  speak: ") for line in ledgers)


@pytest.mark.slow
def test_a_second_driver_of_a_slice_is_refused_in_one_line(story: Story) -> None:
    assert refusal(story.twin).endswith("out is being made by another process: wait for it, or stop it first")
    assert "slice 2/2 of " in refusal(story.twin)


@pytest.mark.slow
def test_the_corpus_is_not_packed_while_slices_are_made(story: Story) -> None:
    assert "slices of out are being made: wait for them, or stop them first" in refusal(story.early_packing)


@pytest.mark.slow
def test_a_slice_of_another_run_is_refused(story: Story) -> None:
    assert "this folder holds another run (pack empathy, seed 7; you ask for" in refusal(story.other_seed)


def test_a_slice_is_refused_while_the_whole_is_made(warmline: CommandLine) -> None:
    with hold(Folder(str(warmline.folder / "out")), Goal(), print):
        assert "out is being made as a whole by another process" in refusal(warmline(*PLAN, "--slice", "1/2"))


@pytest.mark.parametrize("words", ["0/3", "4/3", "x", "1", "-1/3", "1/0"])
def test_what_is_no_slice_is_wrong_usage_with_the_mend(warmline: CommandLine, words: str) -> None:
    assert refusal(warmline(*PLAN, f"--slice={words}")) == (
        f"warmline: --slice '{words}' is no slice: write i/n with i from 1 to n, such as 3/16"
    )


@pytest.mark.slow
def test_the_voices_plain_manner_can_be_rendered_beforehand(warmline: CommandLine, story: Story) -> None:
    done = warmline(*PLAN, "--until", "voices")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("out: the voices' plain manner is rendered")
    rendered = keys(warmline.folder / "out")
    assert {key.split()[0] for key in rendered} == {"speak"}
    assert len(rendered) >= 2 * 2, "a voice of each side, and two texts"
    assert rendered <= keys(story.run), "the slices need no others"


def test_more_slices_than_dialogues_leave_a_driver_without_work(warmline: CommandLine) -> None:
    done = warmline(*PLAN, "--slice", "6/6")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("out, slice 6/6: 0 dialogues")
    assert {key.split()[0] for key in keys(warmline.folder / "out")} == {"speak"}, "what all slices share"
