"""Whether each turn is as long as the pack wants it."""

from collections.abc import Iterator, Sequence

from pipeline.write.texts.fault import TextFault
from pipeline.write.texts.said import Said
from schemas.text_rules import Bounds, TextRules


def length_faults(said: Sequence[Said], language: str, rules: TextRules) -> Iterator[TextFault]:  # noqa: ARG001
    """Turns too short or too long, in characters and, where asked, in words."""
    for one in said:
        yield from _outside(one, "characters", len(one.text.strip()), rules.characters)
        if rules.words is not None:
            yield from _outside(one, "words", len(one.tokens), rules.words)


def _outside(one: Said, unit: str, length: int, bounds: Bounds) -> Iterator[TextFault]:
    if length < bounds.least:
        yield TextFault(one.number, unit, f"{length} {unit}, less than {bounds.least}")
    elif bounds.most is not None and length > bounds.most:
        yield TextFault(one.number, unit, f"{length} {unit}, more than {bounds.most}")
