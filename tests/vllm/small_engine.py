"""The settings of an engine for tests, and a program that runs one until it is killed: `… small_engine WEIGHTS`."""

import signal
import sys
from pathlib import Path

from pydantic import JsonValue

from pipeline.config.pack import load_pack
from pipeline.plan.briefs import Planner
from pipeline.write import vllm
from pipeline.write.vllm import Settings
from pipeline.write.writer import Commission, Commissions
from schemas.dialogue import Written
from schemas.pack import Pack
from schemas.run import Shares

BRIEFS = 40
LOADED = "loaded"
WROTE = "wrote"

_PACK = Path(__file__).parents[2] / "prompts" / "empathy"


def small(weights: Path, **more: JsonValue) -> Settings:
    """Quick to load, and of a context that the tiny model's cache holds."""
    given = {"model": str(weights), "dtype": "float32", "enforce_eager": True, "max_model_len": 8192, "tries": 2}
    return Settings.model_validate(given | more)


def briefed(pack: Pack) -> list[Commission]:
    """What is to be written."""
    commissions = Commissions(pack)
    return [commissions.of(brief) for brief in Planner(pack, 7, Shares()).briefs(0, BRIEFS)]


def main(weights: Path) -> None:
    """Write a dialogue for each line of standard input, as a worker does: deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pack = load_pack(_PACK).pack
    writer = vllm.build(small(weights), pack)
    print(LOADED, flush=True)
    for item, _ in zip(briefed(pack), sys.stdin, strict=False):
        (written,) = writer.write([item])
        print(WROTE if isinstance(written, Written) else written.reason, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
