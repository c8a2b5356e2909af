"""A result that could not be had, with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Stands in a result's place; it is written to the ledger and tried again in the next run.

    >>> Failure("the engine gave no audio").reason
    'the engine gave no audio'
    """

    reason: str
