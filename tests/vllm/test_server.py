"""A real vLLM server, asked through the writer `openai`."""

import pytest

from pipeline.engine.errors import WarmlineError
from pipeline.engine.failure import Failure
from pipeline.write.writer import Commission
from schemas.dialogue import Written
from schemas.pack import Pack
from tests.vllm.asking import ask
from tests.vllm.sorting import assert_sound, sort

pytestmark = pytest.mark.vllm


def test_every_dialogue_that_a_server_wrote_and_was_accepted_is_valid_and_failures_say_why(
    served: list[Written | Failure], commissions: list[Commission]
) -> None:
    assert_sound(sort(commissions, served))


def test_what_all_prompts_begin_with_is_in_the_servers_cache_and_counted(served: list[Written | Failure]) -> None:
    later = [outcome.usage for outcome in served[-10:] if isinstance(outcome, Written)]
    assert all(usage.cached_tokens > usage.prompt_tokens / 2 for usage in later)


def test_a_model_that_the_server_does_not_have_stops_the_run(
    empathy: Pack, server: str, commissions: list[Commission]
) -> None:
    with pytest.raises(WarmlineError, match=r"large.* does not exist"):
        ask(empathy, server, commissions[:1], model="large")
