"""Prompts of a pack's writing steps: what their templates may use, and what is wrong with them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from pipeline.engine.templates import Checked, names_in
from pipeline.write.texts.said import unit_of
from pipeline.write.writer import Commission, Tags, tags_of
from schemas.brief import Character, Kind
from schemas.dialogue import Turn
from schemas.languages import language_name
from schemas.pack import Pack, Situation, Writing
from schemas.voice import Age, Gender, Role

Path = tuple[str | int, ...]
Complaint = tuple[Path, str]
Option = TypeVar("Option")

OF_ALL = ("languages", "longest_turn", "tags")
"""What a system template may use: it must come out the same for every request, or no prefix cache can hold it."""

OF_BRIEF = (
    *("language", "language_name", "kind", "situation", "about", "user", "assistant", "turns", "exchanges", "draw"),
    *("arc", "words", "unit", "user_tags", "reply_tags", "members", "longest_turn"),
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
    tags = dict.fromkeys(tag for own in tags_of(pack).values() for tag in own)
    return {"languages": languages, "longest_turn": writing.longest_turn, "tags": tuple(tags)}


def of_brief(item: Commission, writing: Writing) -> dict[str, object]:
    """What a prompt may know of its brief."""
    return {
        "longest_turn": writing.longest_turn,
        "language": item.language,
        "language_name": language_name(item.language),
        "kind": str(item.kind),
        "arc": str(item.arc),
        "words": item.words,
        "unit": unit_of(item.language),
        "user_tags": user_tags(item),
        "reply_tags": allowed(item.tags, _felt(item, Role.ASSISTANT)),
        "members": item.members,
        "situation": item.situation.id,
        "about": item.situation.about,
        "user": item.user,
        "assistant": item.assistant,
        "turns": item.turns,
        "exchanges": item.turns // 2,
        "draw": _Draw(item.text_seed),
    }


def allowed(tags: Tags, emotions: Iterable[str]) -> Tags:
    """The sounds of these emotions; those that have none are not in there."""
    return {emotion: tags[emotion] for emotion in dict.fromkeys(emotions) if emotion in tags}


def user_tags(item: Commission, exchange: int | None = None) -> Tags:
    """What the user's turns may hold, all of them or one. Nothing if they are typed.

    Members of a contrast set share the user's words: these hold only what each member's emotion allows.
    """
    if item.kind is Kind.TEXT_INPUT:
        return {}
    if not item.members:
        return allowed(item.tags, _felt(item, Role.USER) if exchange is None else [item.user.emotion_of(exchange)])
    own = allowed(item.tags, felt := _felt(item, Role.USER))
    shared = [tag for tag in own[felt[0]] if all(tag in own[one] for one in felt)] if set(felt) == set(own) else []
    return dict.fromkeys(felt, tuple(shared)) if shared else {}


def _felt(item: Commission, role: Role) -> tuple[str, ...]:
    return tuple(emotion for side in item.sides(role) for emotion in side.path or (side.emotion,))


def untold(writing: Writing, name: str) -> Iterator[int]:
    """The steps whose prompt does not ask for a name."""
    for number, step in enumerate(writing.steps):
        if name not in names_in(step.prompt):
            yield number


@dataclass(frozen=True)
class _Draw:
    """`draw("opening", [...])` in a template: one of the options, always the same for one brief."""

    seed: int

    def __call__(self, name: str, options: Sequence[Option]) -> Option:
        luck = blake2b(f"{self.seed}\x1f{name}".encode(), digest_size=8).digest()
        return options[int.from_bytes(luck) % len(options)]


def complaints(writing: Writing) -> Iterator[Complaint]:
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
        for key, template in (("system", system), ("prompt", prompt)):
            found = (fault for full in (False, True) for fault in template.faults(_sample(writing, full=full)))
            yield from (((*path, key), fault) for fault in dict.fromkeys(found))


def _sample(writing: Writing, *, full: bool) -> dict[str, object]:
    """A brief to try templates on; `full`: with what many packs leave out, a length and sounds."""
    tags: Tags = {"sad": ("sigh",), "neutral": ("breath",)} if full else {}
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
        words=(5, 20) if full else None,
        tags=tags,
    )
    turns = [
        Turn(role=role, text="Hello.", emotion=side.emotion, intensity=side.intensity)
        for role, side in ((Role.USER, user), (Role.ASSISTANT, assistant))
    ]
    more: dict[str, object] = {
        "languages": ["English"],
        "tags": tuple(tags),
        "exchange": 2,
        "history": turns,
        "query": "Hello.",
    }
    more |= {"user_emotion": "sad", "reply_emotion": "neutral", "open_emotions": ("neutral",)}
    return of_brief(item, writing) | more
