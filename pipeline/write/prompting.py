"""Prompts of a pack's writing steps: what their templates may use, and what is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from pipeline.engine.templates import Checked
from pipeline.write.writer import Commission
from schemas.brief import Character, Kind
from schemas.dialogue import Turn
from schemas.languages import language_name
from schemas.pack import Pack, Situation, Writing
from schemas.voice import Age, Gender, Role

Path = tuple[str | int, ...]
Option = TypeVar("Option")

OF_ALL = ("languages", "longest_turn")
"""What a system template may use: it must come out the same for every request, or no prefix cache can hold it."""

OF_BRIEF = (
    *("language", "language_name", "kind", "situation", "about", "user", "assistant", "turns", "exchanges", "draw"),
    *("arc", "words", "members", "longest_turn"),
)
_OF_EXCHANGE = ("exchange", "history", "user_emotion", "reply_emotion")
OF_STEP: Mapping[str, tuple[str, ...]] = {
    "dialogue": OF_BRIEF,
    "query": (*OF_BRIEF, *_OF_EXCHANGE),
    "reply": (*OF_BRIEF, *_OF_EXCHANGE, "query", "open_emotions"),
}
_ORDERS = (("dialogue",), ("query", "reply"))
_SIDES = dict.fromkeys(("user", "assistant"), tuple(Character.model_fields))


def of_all(pack: Pack, writing: Writing) -> dict[str, object]:
    """What templates may know of the pack."""
    languages = [language_name(language) for language, weight in pack.languages.items() if weight > 0]
    return {"languages": languages, "longest_turn": writing.longest_turn}


def of_brief(item: Commission, writing: Writing) -> dict[str, object]:
    """What a prompt may know of its brief."""
    return {
        "longest_turn": writing.longest_turn,
        "language": item.language,
        "language_name": language_name(item.language),
        "kind": str(item.kind),
        "arc": str(item.arc),
        "words": item.words,
        "members": item.members,
        "situation": item.situation.id,
        "about": item.situation.about,
        "user": item.user,
        "assistant": item.assistant,
        "turns": item.turns,
        "exchanges": item.turns // 2,
        "draw": _Draw(item.text_seed),
    }


@dataclass(frozen=True)
class _Draw:
    """`draw("opening", [...])` in a template: one of the options, always the same for one brief."""

    seed: int

    def __call__(self, name: str, options: Sequence[Option]) -> Option:
        luck = blake2b(f"{self.seed}\x1f{name}".encode(), digest_size=8).digest()
        return options[int.from_bytes(luck) % len(options)]


def complaints(writing: Writing) -> Iterator[tuple[Path, str]]:
    """What is wrong with a pack's writing, each with its path in the pack, from `writing` on."""
    order = tuple(step.gives for step in writing.steps)
    if order not in _ORDERS:
        yield (
            ("writing", "steps"),
            f"{' and '.join(order)}: a dialogue is written in one step that gives `dialogue`, "
            "or in two, `query` and then `reply`",
        )
    for number, step in enumerate(writing.steps):
        if step.names_emotion and step.gives != "reply":
            yield ("writing", "steps", number, "names_emotion"), "only a step that gives `reply` names its emotion"
        path = ("writing", "steps", number)
        system = Checked(step.system, OF_ALL, "the step's prompt", OF_STEP[step.gives], _SIDES)
        prompt = Checked(step.prompt, OF_STEP[step.gives], "the step's system", OF_ALL, _SIDES)
        sample = _sample(writing)
        yield from (((*path, "system"), fault) for fault in system.faults(sample))
        yield from (((*path, "prompt"), fault) for fault in prompt.faults(sample))


def _sample(writing: Writing) -> dict[str, object]:
    """A brief to try templates on."""
    user = Character(gender=Gender.FEMALE, age=Age.YOUNG, emotion="sad", intensity=1.0)
    assistant = Character(gender=Gender.MALE, age=Age.ADULT, emotion="neutral", intensity=1.0)
    item = Commission(
        language="en",
        kind=Kind.DIALOGUE,
        situation=Situation(id="sample", about="A sample.", emotions={"sad": 1.0}),
        user=user,
        assistant=assistant,
        turns=4,
        text_seed=0,
    )
    turns = [
        Turn(role=role, text="Hello.", emotion=side.emotion, intensity=side.intensity)
        for role, side in ((Role.USER, user), (Role.ASSISTANT, assistant))
    ]
    more: dict[str, object] = {"languages": ["English"], "exchange": 2, "history": turns, "query": "Hello."}
    more |= {"user_emotion": "sad", "reply_emotion": "neutral", "open_emotions": ("neutral",)}
    return of_brief(item, writing) | more
