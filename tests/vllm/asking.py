"""Commissions written by the server, through the writer `openai`."""

import asyncio
from collections.abc import Sequence

from pipeline.engine.failure import Failure
from pipeline.engine.stage import Outcome
from pipeline.write.stage import AsyncWriteRunner, WriteStage
from pipeline.write.writer import Commission
from schemas.dialogue import Written
from schemas.pack import Pack
from schemas.run import Backend
from tests.vllm.server import MODEL


def ask(pack: Pack, url: str, commissions: Sequence[Commission], model: str = MODEL) -> list[Written | Failure]:
    """All at once, two tries for each."""
    stage = WriteStage(Backend(backend="openai", settings={"base_url": url, "model": model, "tries": 2}), pack)

    async def write() -> list[Outcome[Written] | Failure]:
        runner = stage.build()
        assert isinstance(runner, AsyncWriteRunner)
        try:
            return await asyncio.gather(*map(runner.run_one, commissions))
        finally:
            await runner.close()

    return [outcome.value if isinstance(outcome, Outcome) else outcome for outcome in asyncio.run(write())]
