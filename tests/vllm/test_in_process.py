"""The writer `vllm`: the engine in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine.failure import Failure
from pipeline.write import vllm
from pipeline.write.vllm import VllmWriter
from pipeline.write.writer import Commission
from schemas.dialogue import Written
from schemas.pack import Pack
from tests.vllm.small_engine import small
from tests.vllm.sorting import assert_sound, sort

pytestmark = pytest.mark.vllm


@pytest.fixture(scope="module")
def writer(empathy: Pack, weights: Path) -> Iterator[VllmWriter]:
    writer = vllm.build(small(weights), empathy)
    yield writer
    writer.engine.close()


@pytest.fixture(scope="module")
def outcomes(writer: VllmWriter, commissions: list[Commission]) -> list[Written | Failure]:
    return list(writer.write(commissions))


def text(outcome: Written | Failure) -> str:
    return outcome.reason if isinstance(outcome, Failure) else outcome.dialogue.model_dump_json()


def test_every_dialogue_that_the_engine_wrote_and_was_accepted_is_valid_and_failures_say_why(
    outcomes: list[Written | Failure], commissions: list[Commission]
) -> None:
    assert_sound(sort(commissions, outcomes))


def test_it_writes_what_a_server_with_the_same_weights_writes(
    outcomes: list[Written | Failure], served: list[Written | Failure]
) -> None:
    assert [text(outcome) for outcome in outcomes] == [text(outcome) for outcome in served]


def test_the_same_commission_gives_the_same_text_alone_and_among_others(
    writer: VllmWriter, outcomes: list[Written | Failure], commissions: list[Commission]
) -> None:
    number = next(number for number, outcome in enumerate(outcomes) if isinstance(outcome, Written))
    (again,) = writer.write([commissions[number]])
    assert text(again) == text(outcomes[number])


def test_what_all_prompts_begin_with_is_read_from_the_cache(outcomes: list[Written | Failure]) -> None:
    later = [outcome.usage for outcome in outcomes[-10:] if isinstance(outcome, Written)]
    assert all(usage.cached_tokens > usage.prompt_tokens / 2 for usage in later)


def test_a_batch_that_is_broken_off_leaves_the_engine_ready(
    writer: VllmWriter, outcomes: list[Written | Failure], commissions: list[Commission]
) -> None:
    next(writer.write(commissions))  # and no further: nobody holds the iterator
    (again,) = writer.write(commissions[:1])
    assert text(again) == text(outcomes[0])
