"""Prompts of a pack's writing steps: Jinja templates, rendered in a sandbox where an unknown name is an error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from pipeline.engine.backends import nearest
from pipeline.write.languages import language_name
from pipeline.write.writer import Character, Commission
from schemas.brief import Kind
from schemas.dialogue import Turn
from schemas.pack import Pack, Situation, Writing, WritingStep
from schemas.voice import Age, Gender, Role

Path = tuple[str | int, ...]
Option = TypeVar("Option")

ENVIRONMENT = SandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
)

RENDERING_ERRORS = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError)
"""What a template that was checked may still raise."""

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
    "reply": (*OF_BRIEF, *_OF_EXCHANGE, "query"),
}
_ORDERS = (("dialogue",), ("query", "reply"))
_SIDES = ("user", "assistant")


@dataclass(frozen=True)
class Prompts:
    """A step's prompts: `system` rendered once for all requests, the other ready to be rendered for each."""

    system: str
    template: Template

    def prompt(self, variables: Mapping[str, object]) -> str:
        """The user's message. Raises one of RENDERING_ERRORS."""
        return self.template.render(variables).strip()


def prepare(step: WritingStep, variables: Mapping[str, object]) -> Prompts:
    """Compile a step whose templates were checked; `variables` are those of all briefs."""
    system = ENVIRONMENT.from_string(step.system).render(variables).strip()
    return Prompts(system, ENVIRONMENT.from_string(step.prompt))


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
        system = _Checked(step.system, OF_ALL, "prompt", OF_STEP[step.gives])
        prompt = _Checked(step.prompt, OF_STEP[step.gives], "system", OF_ALL)
        sample = _sample(writing)
        yield from (((*path, "system"), fault) for fault in system.faults(sample))
        yield from (((*path, "prompt"), fault) for fault in prompt.faults(sample))


@dataclass(frozen=True)
class _Checked:
    """A template to be checked: the names it may use, and those which only the step's `other` template may."""

    text: str
    known: Sequence[str]
    other: str
    of_other: Sequence[str]

    def faults(self, sample: Mapping[str, object]) -> Iterator[str]:
        try:
            tree = ENVIRONMENT.parse(self.text)
            template = ENVIRONMENT.from_string(self.text)  # finds unknown filters and tests
        except TemplateSyntaxError as error:
            yield f"broken Jinja, line {error.lineno} of the template: {error.message}"
            return
        faults = [*self._unknown(tree), *_attributes(tree)]
        yield from faults
        if not faults:
            try:
                template.render(sample)
            except RENDERING_ERRORS as error:
                yield f"cannot be rendered: {' '.join(str(error).split())[:200]}"

    def _unknown(self, tree: nodes.Template) -> Iterator[str]:
        for name in sorted(meta.find_undeclared_variables(tree) - set(self.known)):
            if name in self.of_other:
                yield f"asks for {name!r}, which only the step's {self.other} may use"
            else:
                yield f"asks for {name!r}: {nearest(name, self.known)}"


def _attributes(tree: nodes.Template) -> Iterator[str]:
    """Misspelt attributes, also where a branch hides them from the trial."""
    fields = tuple(Character.model_fields)
    for found in tree.find_all(nodes.Getattr):
        if isinstance(found.node, nodes.Name) and found.node.name in _SIDES and found.attr not in fields:
            yield f"asks for {found.node.name}.{found.attr}: {nearest(found.attr, fields)}"


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
    more |= {"user_emotion": "sad", "reply_emotion": "neutral"}
    return of_brief(item, writing) | more
