"""What a run costs at the least, if all passes at once: worked out from the weights, without drawing."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor

from pipeline.plan.briefs import Planner
from pipeline.plan.cells import likelihood
from schemas.brief import Kind
from schemas.frozen import Seconds
from schemas.pack import Pack
from schemas.run import RunConfig

SECONDS_A_TAKE: Seconds = 6.0
"""What a take lasts, as long as none was measured."""

_PHRASEBOOK = "phrasebook"
_HOUR = 3600.0
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Expense:
    """Requests to language models, and takes."""

    requests: float
    takes: float


def least(config: RunConfig, planner: Planner) -> Expense:
    """What `size` dialogues cost if each reply does and each take passes: an expectation, so a plan may draw less."""
    requests, takes = 0.0, 0.0
    members = planner.pack.contrast.members if planner.pack.contrast else 1
    for (kind, turns), share in likelihood(planner.rules, ("kind", "turns")).items():
        dialogues = share * config.size
        takes += dialogues * int(turns) / (2 if kind == Kind.TEXT_INPUT else 1)
        requests += dialogues / members * requests_a_text(config, planner.pack, int(turns))
        requests += dialogues * (config.judge is not None and kind != Kind.INSTRUCTION)
    return Expense(requests, takes)


def requests_a_text(config: RunConfig, pack: Pack, turns: int) -> int:
    """What a language model is asked for a text of so many turns, or for a whole contrast set."""
    if config.write.backend == _PHRASEBOOK or pack.writing is None:
        return 0
    if pack.contrast is not None:
        return 1 + pack.contrast.members
    return 1 if len(pack.writing.steps) == 1 else turns


def over_budget(
    config: RunConfig, planner: Planner, seconds_a_take: Seconds = SECONDS_A_TAKE
) -> Iterator[tuple[str, str]]:
    """Budgets that the run cannot do with: the key, and what is needed, what there is, and the mend."""
    budget, needed = config.budget, least(config, planner)
    requests, hours = floor(needed.requests + _ROUNDING), needed.takes * seconds_a_take / _HOUR
    if budget.requests is not None and budget.requests < requests:
        yield "requests", _too_little(config, "requests", f"{requests} requests", budget.requests)
    if budget.speech_hours is not None and budget.speech_hours < hours:
        what = f"{hours:.3g} hours of speech ({needed.takes:.0f} takes of {seconds_a_take:.1f} s)"
        yield "speech_hours", _too_little(config, "speech_hours", what, budget.speech_hours)


def _too_little(config: RunConfig, key: str, needed: str, given: float) -> str:
    return (
        f"budget.{key}: {config.size} dialogues that all pass at once take about {needed}, and there are {given:g}: "
        "raise it, or lower `size`"
    )
