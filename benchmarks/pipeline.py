"""What the pipeline costs beside the bare engines: `python -m benchmarks.pipeline [--dialogues 200]`.

Everything is measured in one go on one machine, and the figure that counts is a ratio, since machines are shared and
noisy: the wall time of a run ÷ (the CPU seconds that the bare engines need for the same items, alone in one process ÷
cores).
"""

import argparse
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import psutil
import pyarrow.parquet as pq

from flows.frozen_run import thaw
from flows.listeners import Listeners
from flows.road import Memos, Road
from flows.session import open_road
from flows.status import status_lines
from flows.walk import walk
from flows.workplaces import cores, idle_workplaces
from pipeline.engine.failure import Failure
from pipeline.engine.memo import Found, Memo
from pipeline.engine.stage import Item, Result, Runner
from pipeline.engine.storage import Folder

_LOOK_EVERY = 2.0
RUN_FILE = Path(__file__).parent.parent / "prompts" / "run.yaml"


@dataclass
class Watched:
    """A finished process tree: seconds until its first take was on disk, wall seconds, CPU seconds, peak bytes."""

    first_take: float
    wall: float
    cpu: float
    peak: int


def command(out: Path, dialogues: int) -> list[str]:
    """The command line of a run."""
    return [
        *(sys.executable, "-m", "flows.command_line", "generate", str(RUN_FILE), "--out", str(out)),
        *("--set", f"size={dialogues}"),
    ]


def watch(out: Path, dialogues: int) -> Watched:
    """Run to the end, looking at the whole process tree every other second: to look costs a core some 50 ms."""
    started = time.monotonic()
    process = psutil.Popen(command(out, dialogues), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first_take, peak = 0.0, 0
    cpu: dict[int, float] = {}
    looked = started
    while process.poll() is None:
        time.sleep(0.1)
        if not first_take and any((out / "ledger" / "speak").glob("part-*.parquet")):
            first_take = time.monotonic() - started
        if time.monotonic() - looked < _LOOK_EVERY:
            continue
        looked, resident = time.monotonic(), 0
        for one in _tree(process):
            try:
                resident += one.memory_full_info().pss
                cpu[one.pid] = sum(one.cpu_times()[:2]) + _children_not_seen(one)
            except psutil.Error:
                continue
        peak = max(peak, resident)
    if process.returncode:
        raise SystemExit(f"the run ended with {process.returncode}")
    return Watched(first_take, time.monotonic() - started, sum(cpu.values()), peak)


def _children_not_seen(process: psutil.Process) -> float:
    """CPU seconds of the forks that speak one line each and are gone before anyone looks."""
    times = process.cpu_times()
    speaks = "espeak_process" in " ".join(process.cmdline())
    return float(times.children_user + times.children_system) if speaks else 0.0


def _tree(process: psutil.Popen) -> Iterator[psutil.Process]:
    try:
        yield from [psutil.Process(process.pid), *process.children(recursive=True)]
    except psutil.Error:
        return


@dataclass
class Observed(Memo[Item, Result]):
    """A memo that notes which items were looked up and found."""

    items: dict[str, Item] = field(default_factory=dict)

    @classmethod
    def of(cls, memo: Memo[Item, Result]) -> "Observed[Item, Result]":
        """The same memo, with notes."""
        return cls(memo.stage, memo.ledger, memo.pool, memo.workers)

    def look(self, item: Item) -> Found[Result] | Failure | None:
        """Look it up, and note it."""
        found = super().look(item)
        if isinstance(found, Found):
            self.items[found.key] = item
        return found

    def engine_seconds(self) -> float:
        """CPU seconds of the bare engine for what was noted, in this process and its children."""
        runner = cast("Runner[Item, Result]", self.stage.build())  # the embedded backends compute
        before = _cpu()
        for _ in runner.run(list(self.items.values())):
            pass
        return _cpu() - before


def bare_engines(out: Path) -> dict[str, float]:
    """CPU seconds of each engine alone, for every item that a finished run made: found by replaying it."""
    run = thaw(Folder(str(out)))
    if run is None:
        raise SystemExit(f"{out} holds no run")
    road = open_road(run, Folder(str(out)), idle_workplaces(run.config))
    memos = road.memos
    write, speak, hear = Observed.of(memos.write), Observed.of(memos.speak), Observed.of(memos.listeners.hear)
    feel, sound = Observed.of(memos.listeners.feel), Observed.of(memos.listeners.sound)
    units = {name: Observed.of(memo) for name, memo in memos.units.items()}
    replay(replace(road, memos=Memos(write, speak, Listeners(hear, feel, sound), dict(units))))
    costs = {"write": write.engine_seconds(), "speak": speak.engine_seconds(), "asr": hear.engine_seconds()}
    costs |= {"ser": feel.engine_seconds(), "sound": sound.engine_seconds()}
    return costs | {name: memo.engine_seconds() for name, memo in units.items()}


def replay(road: Road) -> None:
    """Walk a finished run's plan to where its size was reached."""
    for _ in walk(road):
        pass


def _cpu() -> float:
    """CPU seconds of this process and its children, those still running included."""
    me = psutil.Process()
    running = sum(sum(child.cpu_times()[:4]) for child in me.children(recursive=True))
    own, reaped = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return running + own.ru_utime + own.ru_stime + reaped.ru_utime + reaped.ru_stime


def audio_seconds(out: Path) -> float:
    """Seconds of speech in the corpus."""
    total = 0.0
    for shard in sorted((out / "corpus" / "data").glob("*.parquet")):
        for batch in pq.ParquetFile(shard).iter_batches(32, columns=["turns.list.element.duration"]):
            total += sum(turn["duration"] for row in batch.column("turns").to_pylist() for turn in row)
    return total


def made_twice_after_a_kill(out: Path, dialogues: int, after: float) -> tuple[int, int]:
    """Kill a run after `after` seconds, finish it, and count: takes made, and takes of them made a second time."""
    process = subprocess.Popen(command(out, dialogues), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run(command(out, dialogues), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    keys: list[str] = []
    for part in (out / "ledger" / "speak").glob("part-*.parquet"):
        keys += pq.read_table(part, columns=["key"]).column("key").to_pylist()
    return len(keys), len(keys) - len(set(keys))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, default=200)
    parser.add_argument("--memory", type=int, nargs=2, default=(50, 500), help="sizes to compare peak memory at")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="warmline-bench-"))
    try:
        run = watch(folder / "main", options.dialogues)
        engines = bare_engines(folder / "main")
        ideal = sum(engines.values()) / cores()
        print(f"dialogues              {options.dialogues}")
        print(f"audio seconds          {audio_seconds(folder / 'main'):.0f}")
        print(f"what passed            {next(line for line in status_lines(str(folder / 'main')) if 'WER' in line)}")
        print(f"wall seconds           {run.wall:.1f}")
        print(f"CPU seconds            {run.cpu:.1f}")
        print(f"bare engines, CPU s    {sum(engines.values()):.1f}  { ({k: round(v, 1) for k, v in engines.items()}) }")
        print(f"wall ÷ (bare ÷ {cores()})      {run.wall / ideal:.2f}")
        print(f"start-up seconds       {run.first_take:.1f}   (until the first takes are on disk)", flush=True)
        for size in options.memory:
            print(f"peak MB at {size:<4}        {watch(folder / f'memory-{size}', size).peak / 1e6:.0f}", flush=True)
        takes, twice = made_twice_after_a_kill(folder / "killed", 24, after=run.first_take + 3.0)
        print(f"takes made twice       {twice} of {takes}, after one kill")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
