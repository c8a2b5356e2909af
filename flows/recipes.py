"""`warmline recipes`: what each recipe makes of one turn of a corpus, to be seen before training on it."""

from collections.abc import Iterator
from itertools import islice
from textwrap import wrap

from pipeline.corpus.reading import shards
from pipeline.corpus.rows import Dialogue, Turn, UnitKind
from pipeline.engine.errors import UsageError
from pipeline.interleave.spans import AlignmentError, deinterleave, interleave
from schemas.recipe import PRESETS, Recipe, Span
from schemas.voice import Role

_WIDTH = 116
_LOOKED_AT = 20
_LINE = 60


def recipe_lines(place: str, kind: str | None) -> Iterator[str]:
    """A reply of a line's length out of the corpus's first dialogues, and every preset drawn on it.

    Units are of `kind`, or the first. A run of units is drawn as its number; a marker as it is spelt.
    """
    dialogues = islice((one for shard in shards(place) for one in shard.dialogues()), _LOOKED_AT)
    found = [(dialogue, *_reply(dialogue, kind)) for dialogue in dialogues]
    if not found:
        raise UsageError(f"{place} holds no dialogue yet")
    dialogue, turn, name = min(found, key=lambda each: _unlike_a_line(each[1]))
    units = turn.units[name]
    yield f"{dialogue.id}: {turn.text!r}, {turn.duration:.2f} s, {len(units)} units of {name}"
    for preset in PRESETS:
        recipe = Recipe.model_validate({"preset": preset})
        yield from _drawn(preset, turn, units, dialogue.kinds[name], recipe)


def _reply(dialogue: Dialogue, kind: str | None) -> tuple[Turn, str]:
    name = kind or next(iter(dialogue.kinds), None)
    found = [turn for turn in dialogue.turns if turn.role is Role.ASSISTANT and name in turn.units]
    if name is None or not found:
        raise UsageError(f"{dialogue.id} has no units of kind {name}; it has {', '.join(dialogue.kinds) or 'none'}")
    return min(found, key=_unlike_a_line), name


def _unlike_a_line(turn: Turn) -> int:
    return abs(len(turn.text) - _LINE)


def _drawn(preset: str, turn: Turn, units: tuple[int, ...], kind: UnitKind, recipe: Recipe) -> Iterator[str]:
    try:
        steps = interleave(turn.text, units, recipe, times=turn.words, rate=kind.rate)
    except AlignmentError as error:
        yield f"{preset}: {error}"
        return
    if deinterleave(steps) != (turn.text, units):
        raise AssertionError(f"{preset} does not give back what went in")
    yield f"{preset}:"
    yield from wrap(" ".join(map(_step, steps)), _WIDTH, initial_indent="    ", subsequent_indent="    ")


def _step(step: Span) -> str:
    """One step: text in quotation marks, a run of units as how many they are, a marker as it is spelt.

    >>> _step(Span(text=" Oh.")), _step(Span(units=(4, 9))), _step(Span(marker="<sep>"))
    ('"Oh."', '[2]', '<sep>')
    """
    if step.units:
        return f"[{len(step.units)}]"
    return f'"{step.text.strip()}"' if step.text else step.marker.strip()
