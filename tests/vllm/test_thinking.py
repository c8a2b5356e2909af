"""A model that thinks before it answers; and what happens when its engine dies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine.errors import WarmlineError
from pipeline.write import vllm
from pipeline.write.vllm import VllmWriter
from pipeline.write.writer import Commission
from schemas.pack import Pack
from tests.vllm.small_engine import small
from tests.vllm.sorting import assert_valid, sort
from tests.vllm.traces import below, engines, log_of

pytestmark = pytest.mark.vllm


@pytest.fixture(scope="module")
def thinker(empathy: Pack, weights: Path) -> Iterator[VllmWriter]:
    settings = small(weights, tries=4, reasoning_parser="deepseek_r1", template_variables={"thinking": True})
    writer = vllm.build(settings, empathy)
    yield writer
    writer.engine.close()


def test_thoughts_are_kept_apart_and_what_follows_them_has_the_right_shape(
    thinker: VllmWriter, commissions: list[Commission]
) -> None:
    some = commissions[:12]
    written = sort(some, thinker.write(some))
    assert len(written.accepted) > len(some) / 3
    for item, dialogue in written.accepted:
        assert_valid(item, dialogue)
        assert "exchanges" not in "".join(dialogue.reasoning)
        assert "</think>" not in "".join(dialogue.reasoning)
    assert sum(bool(dialogue.reasoning) for _, dialogue in written.accepted) > len(written.accepted) / 2


def test_an_engine_that_dies_stops_the_run(thinker: VllmWriter, commissions: list[Commission]) -> None:
    begun = thinker.write(commissions)
    next(begun)
    for engine in engines(below()):
        engine.kill()
    with pytest.raises(WarmlineError, match=r"vllm stopped while it ran .*tiny: its process ended") as raised:
        list(begun)
    log_of(raised.value).unlink()
