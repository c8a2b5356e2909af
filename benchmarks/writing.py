"""1,000 dialogues from a local chat server: `python -m benchmarks.writing [--answers 1s|200ms|tail|faults|kill|all]`.

`warmline generate --until write` as a user runs it, one driver process, against a server of 64 places in a process of
its own. The time is the server's: from the first request that came to the last answer that went. Beside it, in the same
run: what the places allow, or a client that costs nothing; and bare loops over the same requests. CPU is the client's.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil

from benchmarks.chat_server import PLACES, ROWS, SEED, Stats, ideal

RUN_FILE = Path(__file__).parent.parent / "prompts" / "run.yaml"
LOOPS: Mapping[str, str] = {
    "httpx": "bare loop: openai, httpx",
    "aiohttp": "bare loop: openai[aiohttp]",
    "raw": "bare loop: aiohttp",
}
BOUNDS: Mapping[str, float] = {"1s": 1.05, "200ms": 1.2, "tail": 1.05}
MOST_EXTRA, MOST_AGAIN = 300, 10

_FAULT_TIMEOUT = 5.0
_KILLS, _KILL_AT, _KILL_STEP = 5, 350, 77
_LOOK_EVERY = 0.05


@dataclass(frozen=True)
class Served:
    """A server at work."""

    url: str

    def stats(self) -> Stats:
        """What it has seen so far."""
        return Stats(**json.loads(urlopen(f"{self.url.removesuffix('/v1')}/stats").read()))  # noqa: S310


@contextmanager
def served(answers: str) -> Iterator[Served]:
    """Start a chat server in a process of its own, and end it with the block."""
    command = [sys.executable, "-m", "benchmarks.chat_server", "--answers", answers]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise AssertionError("it has a pipe")
        yield Served(f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/v1")
    finally:
        process.kill()
        process.wait()


def generate(url: str, out: Path, timeout: float) -> psutil.Popen:
    """Start the command line, in a process group of its own."""
    settings = {"model": "m", "base_url": url, "requests": PLACES, "timeout": timeout}
    overrides = [f"size={ROWS}", f"seed={SEED}", "write.backend=openai"]
    overrides += [f"write.settings.{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "flows.command_line", "generate", str(RUN_FILE), "--out", str(out)]
    command += ["--until", "write", *(word for override in overrides for word in ("--set", override))]
    quiet = subprocess.DEVNULL
    return psutil.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)


@dataclass(frozen=True)
class Measured:
    """One client's run: what the server saw, and the client's CPU seconds meanwhile."""

    stats: Stats
    cpu: float

    @property
    def seconds(self) -> float:
        """First request to last answer."""
        return self.stats.last - self.stats.first

    def line(self, name: str, allowed: float) -> str:
        """The figures in a line."""
        share = f"{self.seconds:6.2f} s  {self.seconds / allowed:5.2f} ×" if allowed else f"{self.seconds:6.2f} s"
        return f"  {name:<28}{share}   CPU {1000 * self.cpu / max(1, self.stats.requests):.2f} ms a request"


def written(answers: str, timeout: float = 120.0) -> Measured:
    """The real thing, first request to last."""
    with served(answers) as server, tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        process = generate(server.url, Path(folder) / "run", timeout)
        before = after = 0.0
        while process.poll() is None and server.stats().briefs < ROWS:
            after = _cpu(process)
            before = before if server.stats().requests else after
            time.sleep(_LOOK_EVERY)
        if process.wait():
            raise SystemExit(f"the run ended with {process.returncode}")
        return Measured(server.stats(), after - before)


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def loop(kind: str, answers: str) -> Measured:
    """A bare loop over the same requests."""
    with served(answers) as server:
        command = [sys.executable, "-m", "benchmarks.chat_loops", kind, server.url]
        cpu = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return Measured(server.stats(), float(cpu))


def compare(answers: str) -> bool:
    """One distribution of answers, the writer and the bare loops; whether the writer is inside its bound."""
    allowed = ideal(answers)
    what = "a client that costs nothing" if answers == "tail" else f"what {PLACES} places allow"
    print(f"{ROWS} dialogues, answers {answers}: {what}: {allowed:.2f} s; asked of the writer: {BOUNDS[answers]:.2f} ×")
    writer = written(answers)
    print(writer.line("warmline generate", allowed), flush=True)
    for kind, name in LOOPS.items():
        print(loop(kind, answers).line(name, allowed), flush=True)
    return writer.seconds <= BOUNDS[answers] * allowed


def under_faults() -> bool:
    """5% HTTP 500, 2% bad JSON, 1% hangs, bursts of 429 with Retry-After: is everything written, at what cost."""
    measured = written("faults", timeout=_FAULT_TIMEOUT)
    stats = measured.stats
    extra = stats.requests - ROWS
    print(f"{ROWS} dialogues, answers of 200 ms, faults {stats.faults}: at most {MOST_EXTRA} extra requests asked")
    print(f"  {stats.briefs} written, {extra} extra requests, {measured.seconds:.1f} s", flush=True)
    return stats.briefs >= ROWS and extra <= MOST_EXTRA


def killed() -> bool:
    """SIGKILL in the middle, then the same command again: which answered requests are asked again; several times."""
    print(f"{ROWS} dialogues, answers of 200 ms, SIGKILL: at most {MOST_AGAIN} answered requests asked again")
    good = [_killed(_KILL_AT + number * _KILL_STEP) for number in range(_KILLS)]
    return all(good)


def _killed(after: int) -> bool:
    with served("200ms") as server, tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        out = Path(folder) / "run"
        process = generate(server.url, out, 120.0)
        while server.stats().answered < after:
            time.sleep(_LOOK_EVERY)
        killed_at = time.monotonic()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        gone = 1000 * (time.monotonic() - killed_at)
        answered = server.stats().answered
        if generate(server.url, out, 120.0).wait():
            raise SystemExit("the second run failed")
        stats = server.stats()
    before = sum(at <= killed_at for at in stats.again)
    print(
        f"  after {answered} answers: {before} asked again, {stats.briefs} written; "
        f"{len(stats.again) - before} more were sent to the killed process in the {gone:.0f} ms until it was gone",
        flush=True,
    )
    return before <= MOST_AGAIN and stats.briefs == ROWS


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures; the exit code says whether all are inside their bounds."""
    kinds = [*BOUNDS, "faults", "kill"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", default="all", choices=[*kinds, "all"])
    asked = parser.parse_args(arguments).answers
    good = True
    for kind in kinds if asked == "all" else [asked]:
        good &= compare(kind) if kind in BOUNDS else under_faults() if kind == "faults" else killed()
    sys.exit(not good)


if __name__ == "__main__":
    main()
