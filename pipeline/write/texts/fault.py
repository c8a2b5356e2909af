"""Why a text will not do."""

from dataclasses import dataclass

_LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True)
class TextFault:
    """One reason. `turn` counts from 0 (None: the dialogue as a whole); `check` is the key of TextRules, mostly."""

    turn: int | None
    check: str
    message: str


def quoted(piece: str) -> str:
    """A piece of the text as a message shows it: on one line, not too long, in quotes.

    >>> quoted("**you**")
    "'**you**'"
    """
    line = " ".join(piece.split())
    return f"'{line}'" if len(line) <= _LONGEST_QUOTE else f"'{line[: _LONGEST_QUOTE - 1]}…'"
