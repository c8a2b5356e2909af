"""The prompts of a pack's rubric: what their templates may use, and what is wrong with them."""

import re
from collections.abc import Iterator, Mapping

from pipeline.engine.backends import nearest
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.templates import Checked, Prompts
from pipeline.judge.judge import Text
from schemas.brief import Character
from schemas.dialogue import Turn
from schemas.judgement import Rubric
from schemas.languages import language_name
from schemas.voice import Age, Gender, Role

REASON = "reason"

OF_ALL = ("scales",)
"""What the system template may use: it must come out the same for every request."""

OF_TEXT = ("language", "language_name", "situation", "about", "user", "assistant", "turns", "scales")
_SIDES = dict.fromkeys(("user", "assistant"), tuple(Character.model_fields))
_NAME = re.compile(r"[a-z][a-z0-9_]*")

Path = tuple[str | int, ...]
Complaint = tuple[Path, str]


def prompts_of(rubric: Rubric) -> Prompts:
    """The rubric's prompts, made ready."""
    return Prompts.of(rubric.system, rubric.prompt, {"scales": rubric.scales})


def identity(rubric: Rubric) -> str:
    """What all judgements depend on in the pack; not the least scores, which are held against what is kept."""
    system = prompts_of(rubric).system
    read = rubric.model_copy(update={"system": system}).model_dump(mode="json", exclude={"least"})
    return fingerprint(read, list(rubric.scales))


def of_text(text: Text, rubric: Rubric) -> dict[str, object]:
    """What a prompt may know of its dialogue."""
    return {
        "language": text.language,
        "language_name": language_name(text.language),
        "situation": text.situation,
        "about": text.about,
        "user": text.user,
        "assistant": text.assistant,
        "turns": text.turns,
        "scales": rubric.scales,
    }


def complaints(rubric: Rubric) -> Iterator[Complaint]:
    """What is wrong with a pack's rubric, each with its path in the pack."""
    for name in rubric.scales:
        if not _NAME.fullmatch(name) or name == REASON:
            yield (
                ("rubric", "scales", name),
                f"{name} cannot be a scale's name: letters a to z, digits, _; not reason",
            )
    for name in rubric.least:
        if name not in rubric.scales:
            yield ("rubric", "least", name), f"{name} is none of the scales: {nearest(name, rubric.scales)}"
    sample: Mapping[str, object] = of_text(_SAMPLE, rubric)
    templates = {
        "system": Checked(rubric.system, OF_ALL, "the rubric's prompt", OF_TEXT, _SIDES),
        "prompt": Checked(rubric.prompt, OF_TEXT, "the rubric's system", OF_ALL, _SIDES),
    }
    for key, template in templates.items():
        yield from ((("rubric", key), fault) for fault in template.faults(sample))


_SAMPLE = Text(
    language="en",
    situation="sample",
    about="A sample.",
    user=Character(gender=Gender.FEMALE, age=Age.YOUNG, emotion="sad", intensity=1.0),
    assistant=Character(gender=Gender.MALE, age=Age.ADULT, emotion="neutral", intensity=1.0),
    turns=tuple(Turn(role=role, text="Hello.", emotion="sad", intensity=1.0) for role in Role),
)
"""A dialogue to try templates on."""
