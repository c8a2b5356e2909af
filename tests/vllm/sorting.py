"""What a model wrote, sorted; and what must hold of every dialogue that was accepted."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.engine.failure import Failure
from pipeline.write.writer import Commission
from schemas.dialogue import Usage, Written
from schemas.voice import Role

LONGEST = 400
"""Characters of a turn, as the pack has it."""


@dataclass(frozen=True)
class Sorted:
    """Each commission with what came of it."""

    accepted: list[tuple[Commission, Written]]
    failed: list[Failure]
    reasons: list[str]
    """Of single tries, also those after which another one did."""


def sort(commissions: Sequence[Commission], outcomes: Iterable[Written | Failure]) -> Sorted:
    """Every commission has its outcome: none is lost."""
    accepted, failed, reasons = [], [], []
    for item, outcome in zip(commissions, outcomes, strict=True):
        if isinstance(outcome, Failure):
            failed.append(outcome)
            reasons.append(outcome.reason)
        else:
            accepted.append((item, outcome))
            reasons += outcome.failed_tries
    return Sorted(accepted, failed, reasons)


def assert_sound(written: Sorted) -> None:
    """Most is accepted, and valid; what is not says why; and raw control characters are among what was caught."""
    print(f"{len(written.accepted)} accepted, {len(written.failed)} failed; tries that failed: {written.reasons}")
    assert len(written.accepted) > len(written.failed)
    for item, dialogue in written.accepted:
        assert_valid(item, dialogue)
    for failure in written.failed:
        assert_counted(failure)
    assert any("control character" in reason for reason in written.reasons), "the weights lost their fault"


def assert_valid(item: Commission, written: Written) -> None:
    """A dialogue as it was commissioned, and nothing in it that cannot be spoken."""
    turns = written.dialogue.turns
    assert len(turns) == item.turns
    assert [turn.role for turn in turns] == [Role.USER, Role.ASSISTANT] * (item.turns // 2)
    assert {turn.emotion for turn in turns[::2]} == {item.user.emotion}
    assert {turn.emotion for turn in turns[1::2]} == {item.assistant.emotion}
    for turn in turns:
        assert 0 < len(turn.text) <= LONGEST
        assert turn.text == turn.text.strip()
        assert any(letter.isalnum() for letter in turn.text)
        assert not [sign for sign in turn.text if unicodedata.category(sign) in {"Cc", "Co", "Cs", "Cn"}]
        assert not set(turn.text) & set("[]{}<>*_#`")
    assert written.usage.completion_tokens >= sum(len(turn.text.split()) for turn in turns) / 8


def assert_counted(failure: Failure) -> None:
    """A failure says why, and what it cost."""
    assert failure.reason.startswith("no usable dialogue in ")
    assert isinstance(failure.spent, Usage)
    assert failure.spent.requests > 0
