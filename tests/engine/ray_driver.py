"""A driver for the tests that kill one: `python -m tests.engine.ray_driver FOLDER [ADDRESS]` squares slowly."""

import asyncio
import sys
from pathlib import Path

from pipeline.engine.ledger import Ledger
from pipeline.engine.memo import Memo
from pipeline.engine.ray_pool import RayPool, connected
from pipeline.engine.storage import Folder
from schemas.run import RayCluster, RayShare
from tests.engine.counting_stage import CountingStage


def drive(folder: Path, address: str | None) -> None:
    """Square many numbers on two actors, five a second each: a minute's work, to be killed in its midst."""
    with connected(RayCluster(address=address)):
        pool = RayPool(2, RayShare(cpus=0.5))
        ledger = Ledger(Folder(str(folder / "ledger")), "squares").open()
        try:
            memo = Memo(CountingStage(folder / "log", seconds=0.2), ledger, pool, 2)
            asyncio.run(memo.make(range(100, 700)))
        finally:
            pool.close()


if __name__ == "__main__":
    drive(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
