"""The README of an export: what it is, what is in it, and the trainer's own command."""

from collections import Counter
from collections.abc import Sequence

from pipeline.export.format import Facts

LEFT_OUT = "left_out.jsonl"


def page(model: str, facts: Facts, kinds: Sequence[str], what: str, command: str) -> str:
    """The whole page. `command` may use $OUT, where the export lies."""
    commands = [f"OUT={facts.out}", *command.splitlines()]
    lines = [f"# For {model}", "", what, "", *(f"    {line}" for line in commands), "", *_table(facts)]
    for name in kinds:
        if kind := facts.kinds.get(name):
            codebook = f", revision {kind.revision}" if kind.revision else ""
            lines += ["", f"Units: {name}, {kind.rate:g} a second out of {kind.size}, {kind.source}{codebook}."]
    lines += [
        "",
        *_left_out(facts),
        "",
        "Made by Warmline out of its corpus; the corpus's own page tells the rest.",
        "",
    ]
    return "\n".join(lines)


def _table(facts: Facts) -> list[str]:
    rows = [
        f"| {split} | {made.dialogues} | {made.records} | {made.seconds / 3600:.2f} |"
        for split, made in facts.made.items()
    ]
    return ["| split | dialogues in the corpus | records here | hours |", "| --- | --- | --- | --- |", *rows]


def _left_out(facts: Facts) -> list[str]:
    left = [one for made in facts.made.values() for one in made.left_out]
    if not left:
        return ["Nothing was left out."]
    reasons = Counter(one.check for one in left)
    return [f"Left out, each with its reason in `{LEFT_OUT}`: {len(left)}", ""] + [
        f"- {reason}: {count}" for reason, count in reasons.most_common()
    ]
