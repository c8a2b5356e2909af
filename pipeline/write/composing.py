"""How a dialogue is had from a language model, whatever runs it: steps, prompts, seeds, tries."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pydantic import JsonValue

from pipeline.engine.errors import UsageError
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint, seed_from
from pipeline.engine.refusal import ItemRefusedError
from pipeline.write.prompting import RENDERING_ERRORS, Prompts, of_all, of_brief, prepare
from pipeline.write.replies import BadReplyError, Reply, Shape
from pipeline.write.writer import Commission
from schemas.dialogue import Dialogue, Turn, Usage, Written
from schemas.pack import Pack, Situation, Writing, WritingStep
from schemas.voice import Role

_SEEDS = 2**31
"""Servers take seeds of 32 bits with a sign."""


@dataclass(frozen=True)
class Message:
    """One message of a chat."""

    role: str
    content: str


@dataclass(frozen=True)
class Ask:
    """One request: what to say to the model, the JSON schema of what it is to give, and how to sample it."""

    messages: tuple[Message, ...]
    schema: Mapping[str, JsonValue]
    seed: int
    temperature: float
    top_p: float
    max_tokens: int


Complete = Callable[[Ask], Awaitable[Reply]]
"""Asks a model once. Raises ItemRefusedError if it does not take this request."""


def needs(pack: Pack) -> Iterator[str]:
    """What the pack lacks for a writer that is a language model."""
    if pack.writing is None:
        yield f"the pack {pack.name} has no writing steps, which tell a language model what to write (docs/write.md)"


def writing_of(pack: Pack) -> Writing:
    """The pack's writing. Raises UsageError if it has none."""
    if pack.writing is None:
        raise UsageError(next(needs(pack)))
    return pack.writing


def reads(item: Commission) -> Commission:
    """What a text depends on of its commission: everything but the words of the phrasebook."""
    situation = Situation(id=item.situation.id, about=item.situation.about, emotions={"any": 1.0})
    return item.model_copy(update={"situation": situation})


def identity(pack: Pack) -> str:
    """What all texts depend on in the pack: the steps, as their system messages come out."""
    composer = Composer.of(pack, tries=1)
    steps = [
        step.model_copy(update={"system": prompts.system}).model_dump(mode="json")
        for step, prompts in zip(composer.writing.steps, composer.prompts, strict=True)
    ]
    return fingerprint(steps, composer.writing.longest_turn)


@dataclass(frozen=True)
class Composer:
    """A pack's writing, made ready: templates compiled, system messages rendered. One for all commissions."""

    writing: Writing
    prompts: tuple[Prompts, ...]
    tries: int

    @classmethod
    def of(cls, pack: Pack, tries: int) -> "Composer":
        """For this pack; `tries` is how often one reply is asked for. Raises UsageError if the pack has no writing."""
        writing = writing_of(pack)
        variables = of_all(pack, writing)
        return cls(writing, tuple(prepare(step, variables) for step in writing.steps), tries)

    async def compose(self, item: Commission, complete: Complete) -> Written | Failure:
        """The dialogue, or why there is none. Never raises for what one item alone suffers from."""
        work = _Work(self, item, complete, of_brief(item, self.writing))
        try:
            turns = await work.turns()
        except (_GivenUpError, ItemRefusedError) as error:
            return Failure(str(error), spent=work.usage)
        except RENDERING_ERRORS as error:
            return Failure(f"a prompt cannot be rendered: {' '.join(str(error).split())[:200]}", spent=work.usage)
        return Written(
            dialogue=Dialogue(turns=turns),
            usage=work.usage,
            failed_tries=tuple(work.failed),
            reasoning=tuple(work.reasoning),
        )

    def shape(self, step: WritingStep, exchanges: int) -> Shape:
        """What a step's reply has to look like."""
        return _shape(exchanges if step.gives == "dialogue" else None, self.writing.longest_turn, step.reasoning)


@lru_cache
def _shape(exchanges: int | None, longest: int, reasoning: bool) -> Shape:
    return Shape(exchanges, longest, reasoning)


class _GivenUpError(Exception):
    """No reply would do. Its text says how often and why."""


@dataclass
class _Work:
    """One dialogue in the making, and what it has cost so far."""

    composer: Composer
    item: Commission
    complete: Complete
    variables: dict[str, object]
    usage: Usage = field(default_factory=Usage)
    failed: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    asked: int = 0

    async def turns(self) -> tuple[Turn, ...]:
        steps = self.composer.writing.steps
        if len(steps) == 1:
            texts = await self._reply(0, self.variables)
            return tuple(self._turn(number, text) for number, text in enumerate(texts))
        turns: tuple[Turn, ...] = ()
        for exchange in range(1, self.item.turns // 2 + 1):
            known = self.variables | {"exchange": exchange, "history": turns} | self._feelings(exchange - 1)
            (query,) = await self._reply(0, known)
            (reply,) = await self._reply(1, known | {"query": query})
            turns = (*turns, self._turn(len(turns), query), self._turn(len(turns) + 1, reply))
        return turns

    async def _reply(self, number: int, variables: Mapping[str, object]) -> tuple[str, ...]:
        """The turns of one reply, asked for until it will do."""
        step, prompts = self.composer.writing.steps[number], self.composer.prompts[number]
        shape = self.composer.shape(step, self.item.turns // 2)
        messages = (Message("system", prompts.system), Message("user", prompts.prompt(variables)))
        self.asked += 1
        reasons: list[str] = []
        for attempt in range(self.composer.tries):
            seed = seed_from(self.item.text_seed, self.asked, attempt) % _SEEDS
            reply = await self.complete(
                Ask(messages, shape.schema, seed, step.temperature, step.top_p, step.max_tokens)
            )
            self.usage += reply.usage
            try:
                said = shape.read(reply)
            except BadReplyError as error:
                reasons.append(str(error))
                self.failed.append(str(error))
            else:
                self.reasoning += [said.reasoning] if said.reasoning else []
                return said.turns
        raise _GivenUpError(_told(step.gives, reasons))

    def _feelings(self, exchange: int) -> dict[str, object]:
        item = self.item
        return {
            "user_emotion": item.user.emotion_of(exchange),
            "reply_emotion": item.assistant.emotion_of(exchange),
        }

    def _turn(self, number: int, text: str) -> Turn:
        role = (Role.USER, Role.ASSISTANT)[number % 2]
        side = self.item.user if role is Role.USER else self.item.assistant
        return Turn(role=role, text=text, emotion=side.emotion_of(number // 2), intensity=side.intensity)


def _told(gives: str, reasons: Sequence[str]) -> str:
    """Why all tries failed, the commonest reason first.

    >>> _told("dialogue", ["cut off at max_tokens", "no JSON: EOF", "cut off at max_tokens"])
    'no usable dialogue in 3 tries: 2× cut off at max_tokens, 1× no JSON: EOF'
    """
    counts = ", ".join(f"{count}× {reason}" for reason, count in Counter(reasons).most_common())
    return f"no usable {gives} in {len(reasons)} tries: {counts}"
