"""A result that could not be had, with its reason."""

from dataclasses import dataclass

from schemas.frozen import Frozen


@dataclass(frozen=True)
class Failure:
    """Stands in a result's place; it is written to the ledger and tried again in the next run.

    `spent` is what the failed tries cost, if that is counted.

    >>> Failure("the engine gave no audio").reason
    'the engine gave no audio'
    """

    reason: str
    spent: Frozen | None = None
