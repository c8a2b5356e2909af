"""Whether a turn can be trained on, whatever the format."""

from dataclasses import dataclass

from pipeline.corpus.rows import Turn
from schemas.frozen import Seconds


@dataclass(frozen=True)
class Objection:
    """The rule that a turn breaks, and how."""

    check: str
    message: str


def unusable(turn: Turn, shortest: Seconds, longest: Seconds) -> Objection | None:
    """Why a turn cannot be taken, or None. A typed turn has no length."""
    if not turn.text.strip():
        return Objection("text", "the turn has no text")
    if turn.flac is None:
        return None
    if turn.duration < shortest:
        return Objection("short", f"{turn.duration:.2f} s of sound; less than {shortest:g} s is dropped in training")
    if turn.duration > longest:
        return Objection("long", f"{turn.duration:.2f} s of sound, more than {longest:g} s (--longest)")
    return None


def unusable_units(turn: Turn, kind: str, codes: int) -> Objection | None:
    """Why a turn's units of that kind cannot be taken by a model with so many codes, or None."""
    units = turn.units.get(kind)
    if not units:
        return Objection("units", f"the turn has no units of kind {kind}")
    if not 0 <= min(units) <= max(units) < codes:
        return Objection("units", f"units of {kind} from {min(units)} to {max(units)}; the model has {codes} codes")
    return None


def unusable_words(turn: Turn) -> Objection | None:
    """Why a model whose special tokens look like <|this|> cannot take the turn's text, or None.

    Trainers tokenize the text together with the special tokens that they put around it.
    """
    at = turn.text.find("<|")
    if at >= 0:
        return Objection("marker", f"the text holds {turn.text[at : at + 20]!r}, which begins a special token")
    return None
