"""A real vLLM server, asked through the writer `openai`."""

import asyncio

import pytest

from pipeline.engine.errors import WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.stage import Outcome
from pipeline.write.stage import AsyncWriteRunner, WriteStage
from pipeline.write.writer import Commission
from schemas.dialogue import Written
from schemas.pack import Pack
from schemas.run import Backend
from tests.vllm.server import MODEL
from tests.vllm.sorting import assert_counted, assert_valid, sort

pytestmark = pytest.mark.vllm


def ask(pack: Pack, url: str, commissions: list[Commission], model: str = MODEL) -> list[Outcome[Written] | Failure]:
    stage = WriteStage(Backend(backend="openai", settings={"base_url": url, "model": model, "tries": 2}), pack)

    async def write() -> list[Outcome[Written] | Failure]:
        runner = stage.build()
        assert isinstance(runner, AsyncWriteRunner)
        try:
            return await asyncio.gather(*map(runner.run_one, commissions))
        finally:
            await runner.close()

    return asyncio.run(write())


def test_every_dialogue_that_a_server_wrote_and_was_accepted_is_valid_and_failures_say_why(
    empathy: Pack, server: str, commissions: list[Commission]
) -> None:
    written = sort(commissions, ask(empathy, server, commissions))
    print(f"{len(written.accepted)} accepted, {len(written.failed)} failed; tries that failed: {written.reasons}")
    assert len(written.accepted) > len(commissions) / 2
    assert written.reasons, "random weights say something unspeakable now and then: nothing was looked at"
    for item, dialogue in written.accepted:
        assert_valid(item, dialogue)
    for failure in written.failed:
        assert_counted(failure)


def test_a_model_that_the_server_does_not_have_stops_the_run(
    empathy: Pack, server: str, commissions: list[Commission]
) -> None:
    with pytest.raises(WarmlineError, match=r"large.* does not exist"):
        ask(empathy, server, commissions[:1], model="large")
