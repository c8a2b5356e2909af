"""Whether a text is what its brief asks for: so much said in a turn, and only sounds that the turn's emotion has."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.write.texts.fault import TextFault
from pipeline.write.texts.said import hear, unit_of
from pipeline.write.writer import Commission, Tags, sounds_of
from schemas.brief import Kind
from schemas.dialogue import Dialogue, Turn
from schemas.text_rules import TextRules
from schemas.voice import Role

_TAG = re.compile(r"\[([^\[\]]+)\]")


@dataclass(frozen=True)
class Asked:
    """What a brief asks of its text.

    `words` bounds a turn, in `unit`; None: anything goes. `tags` are the pack's inline sounds, by emotion; turns of the
    user that are `typed` may hold none.
    """

    words: tuple[int, int] | None = None
    unit: str = "words"
    tags: Tags = field(default_factory=dict)
    typed: bool = False


def asked_of(item: Commission, tags: Tags) -> Asked:
    """What a commission asks; `tags` are all of the pack's, since a reply may have named its emotion itself."""
    return Asked(item.words, unit_of(item.language), tags, typed=item.kind is Kind.TEXT_INPUT)


def brief_faults(dialogue: Dialogue, asked: Asked, rules: TextRules) -> Iterator[TextFault]:
    """Turns that are not as asked, each with what was asked and what came.

    >>> turn = Turn(role="user", text="[laughter] No.", emotion="sad", intensity=1.0)
    >>> asked = Asked(words=(4, 8), tags={"happy": ("laughter",), "sad": ("sigh",)})
    >>> for fault in brief_faults(Dialogue(turns=(turn,)), asked, TextRules()):
    ...     print(fault.check, fault.message)
    length 1 words, asked for 4 to 8 (with length_tolerance 1.5 that is 3 to 12)
    tags [laughter] is no sound of sad, which has [sigh]
    """
    if asked.words is not None and rules.length_tolerance is not None:
        yield from _lengths(dialogue, asked.words, asked, rules.length_tolerance)
    if asked.tags:
        for number, turn in enumerate(dialogue.turns):
            yield from _sounds(number, turn, asked)


def _lengths(dialogue: Dialogue, words: tuple[int, int], asked: Asked, tolerance: float) -> Iterator[TextFault]:
    fewest, most = words
    for one in hear(dialogue, sounds_of(asked.tags)):
        count = len(one.tokens)
        if count * tolerance < fewest or count > most * tolerance:
            least, largest = -int(-fewest // tolerance), int(most * tolerance)
            limits = f"with length_tolerance {tolerance:g} that is {least} to {largest}"
            yield TextFault(one.number, "length", f"{count} {asked.unit}, asked for {fewest} to {most} ({limits})")


def _sounds(number: int, turn: Turn, asked: Asked) -> Iterator[TextFault]:
    typed = asked.typed and turn.role is Role.USER
    own = asked.tags[turn.emotion] if turn.emotion in asked.tags and not typed else ()
    for tag in dict.fromkeys(_TAG.findall(turn.text)):
        if tag in own or tag not in sounds_of(asked.tags):
            continue  # brackets that hold no sound of the pack are a stage direction
        there = "has " + " ".join(f"[{name}]" for name in own) if own else "has none"
        wrong = "stands in a turn that is typed" if typed else f"is no sound of {turn.emotion}, which {there}"
        yield TextFault(number, "tags", f"[{tag}] {wrong}")
