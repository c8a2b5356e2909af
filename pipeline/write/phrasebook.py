"""The embedded writer: composes dialogues from the pack's own situations and phrases.

It is for trying a pipeline and testing it, not for training: however many phrases a pack holds, a model would learn
them by heart. What it gives is a real text with a real thread through it, at thousands of dialogues a second: slots are
drawn once a dialogue, so the reply names what the user said, and every answer is taken up by what was written for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeVar

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.templates import RENDERING_ERRORS
from pipeline.write.prompting import Complaint
from pipeline.write.writer import Commission
from schemas.brief import Character, Kind
from schemas.dialogue import Dialogue, Turn, Written
from schemas.frozen import Frozen
from schemas.pack import Feelings, Pack, Phrasebook, Thread
from schemas.steering import Personas
from schemas.voice import Role

VERSION = "1"
LANGUAGES = ("en",)

_CLOSING_FROM = 3
"""Dialogues of this many exchanges may end with thanks and farewell; shorter ones have no room for it."""

Choice = TypeVar("Choice")

_SHOWN = 3
_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


class Settings(Frozen):
    """None."""


def identity(settings: Settings, pack: Pack) -> str:  # noqa: ARG001 -- every writer gets its settings
    """The general phrases, on which every text depends."""
    return fingerprint(pack.phrasebook)


def needs(pack: Pack) -> Iterator[str]:
    """What the pack lacks for this writer: each in a sentence."""
    if pack.phrasebook is None:
        yield f"the pack {pack.name} has no phrasebook to compose from"
        return
    unheard = {"personas": pack.personas != Personas(), "lengths": pack.lengths, "contrast": pack.contrast}
    for key, is_asked in unheard.items():
        if is_asked:
            yield f"the phrasebook follows no {key}: name a writer that is a language model, or take {key} out"
    if any(weight > 0 for table in _kinds(pack) for kind, weight in table.items() if kind is Kind.INSTRUCTION):
        yield "the phrasebook writes no rows of kind instruction: name a writer that is a language model"
    tables = [pack.turns, *(given.turns for given in pack.given if given.turns)]
    longest = max((turns for table in tables for turns, weight in table.items() if weight > 0), default=0)
    used = [one for one in pack.situations if one.weight > 0 and any(one.emotions.values())]
    for situation in used:
        if not situation.opening:
            yield f"the situation {situation.id} has no phrases to compose from"
    short = [one.id for one in used if one.opening and longest > most_turns(len(one.threads))]
    if short:
        shown = ", ".join(short[:_SHOWN]) + (", …" if len(short) > _SHOWN else "")
        most = min(most_turns(len(one.threads)) for one in used if one.opening)
        yield f"{shown} ({len(short)} in all) have too few threads for {longest} turns; the least has enough for {most}"


def beyond(settings: Settings, pack: Pack) -> Iterator[Complaint]:  # noqa: ARG001 -- every writer gets its settings
    """Nothing: it asks nobody."""
    return iter(())


def _kinds(pack: Pack) -> Iterator[Mapping[Kind, float]]:
    yield pack.kinds
    yield from (given.kinds for given in pack.given if given.kinds)


def reads(commission: Commission) -> Commission:
    """All of it but the sounds that a model may put in: those of its phrases stand there as they are."""
    return commission.model_copy(update={"tags": {}})


def build(settings: Settings, pack: Pack) -> "PhrasebookWriter":  # noqa: ARG001 -- every writer gets its settings
    """The writer for this pack. Raises ValueError if the pack has no phrasebook."""
    if pack.phrasebook is None:
        raise ValueError(f"the pack {pack.name} has no phrasebook, which the writer `phrasebook` composes from")
    return PhrasebookWriter(pack.phrasebook)


def most_turns(threads: int) -> int:
    """How long a dialogue a situation with this many threads can fill: opening, threads, farewell."""
    return 2 * (threads + 2)


@dataclass(frozen=True)
class PhrasebookWriter:
    """See the module."""

    phrasebook: Phrasebook

    def write(self, commissions: Sequence[Commission]) -> Iterator[Written | Failure]:
        """Yield one dialogue a commission; the same commission gives the same text."""
        for item in commissions:
            if item.language not in LANGUAGES:
                yield Failure(f"the phrasebook writes {', '.join(LANGUAGES)} only, not {item.language}")
            elif not item.situation.opening:
                yield Failure(f"the situation {item.situation.id} has no phrases to compose from")
            elif item.turns > most_turns(len(item.situation.threads)):
                yield Failure(f"{item.situation.id} has too few threads for {item.turns} turns")
            else:
                try:
                    yield Written(dialogue=Dialogue(turns=tuple(_Composition(self.phrasebook, item).turns())))
                except RENDERING_ERRORS as error:
                    yield Failure(f"{item.situation.id}: {error}")


@dataclass
class _Composition:
    """One dialogue in the making."""

    phrasebook: Phrasebook
    item: Commission
    slots: dict[str, str] = field(default_factory=dict)

    def turns(self) -> Iterator[Turn]:
        situation = self.item.situation
        self.slots = {name: self._draw(f"slot.{name}", values) for name, values in situation.slots.items()}
        exchanges = self.item.turns // 2
        closing = exchanges >= _CLOSING_FROM and (
            exchanges - 1 > len(situation.threads) or self._draw("closing", (True, False))
        )
        threads = self._order(situation.threads)[: exchanges - 1 - closing]
        yield self._user(*self._opening())
        yield self._assistant(*self._acknowledge(), *self._lead_on(threads, 0, last=exchanges == 1))
        for number, thread in enumerate(threads, start=1):
            tell, take_up = self._answer(thread, number)
            yield self._user(tell, at=number)
            last = number == len(threads)
            yield self._assistant(take_up, *self._lead_on(threads, number, last=last and not closing), at=number)
        if closing:
            yield self._user(self._say("closing", self._feelings_at_the_end.closing), at=exchanges - 1)
            yield self._assistant(self._farewell(), at=exchanges - 1)

    @property
    def _feelings(self) -> Feelings:
        return self.phrasebook.feelings[self.item.user.emotion]

    @property
    def _feelings_at_the_end(self) -> Feelings:
        return self.phrasebook.feelings[self._last_emotion]

    @property
    def _last_emotion(self) -> str:
        return self.item.user.emotion_of(self.item.turns // 2 - 1)

    def _opening(self) -> tuple[str, ...]:
        return (
            self._say("lead_in", self._feelings.lead_in),
            self._say("opening", self.item.situation.opening),
            self._say("feeling", self._feelings.feeling),
        )

    def _acknowledge(self) -> tuple[str, ...]:
        meeting = self.phrasebook.empathy[self.item.user.emotion][self.item.assistant.emotion]
        return self._say("acknowledge", self.item.situation.acknowledge), self._say("empathy", meeting)

    def _lead_on(self, threads: Sequence[Thread], number: int, *, last: bool) -> tuple[str, ...]:
        """What follows the reply's first part: the next question, or advice (and farewell, if all ends here)."""
        if number < len(threads):
            return self._bridge(number), self._say(f"ask.{number}", threads[number].ask)
        advice = self._say("advice", self.item.situation.advice)
        return (advice, self._farewell()) if last and number else (advice,)

    def _bridge(self, number: int) -> str:
        """Something before the question: once in a dialogue at most, since people do not announce each question."""
        return self._say("bridge", self.phrasebook.bridge) if number == self._index("bridge.at", "01234") else ""

    def _answer(self, thread: Thread, number: int) -> tuple[str, str]:
        answer = thread.answers[self._index(f"answer.{number}", [one.tell[0] for one in thread.answers])]
        return self._say(f"tell.{number}", answer.tell), self._say(f"take_up.{number}", answer.take_up)

    def _farewell(self) -> str:
        return self._say("farewell", self.phrasebook.farewell[self._last_emotion])

    def _order(self, threads: Sequence[Thread]) -> list[Thread]:
        return sorted(threads, key=lambda thread: self._luck("thread", thread.ask[0]))

    def _say(self, where: str, phrases: Sequence[str]) -> str:
        phrase = self._draw(where, phrases)
        if "{" in phrase:
            phrase = _ENVIRONMENT.from_string(phrase).render(self.slots)
        return phrase[:1].upper() + phrase[1:]

    def _draw(self, where: str, options: Sequence[Choice]) -> Choice:
        return options[self._index(where, [str(option) for option in options])]

    def _index(self, where: str, options: Sequence[str]) -> int:
        """A race as in pipeline.plan.draws: an option added or taken away moves only the texts that choose it.

        A phrase that stands several times runs as often: that is how a list gives one more weight.
        """
        lucks = [
            self._luck(where, f"{option}\x1f{options[:place].count(option)}") for place, option in enumerate(options)
        ]
        return lucks.index(min(lucks))

    def _luck(self, where: str, option: str) -> bytes:
        return blake2b(f"{self.item.text_seed}\x1f{where}\x1f{option}".encode(), digest_size=8).digest()

    def _user(self, *parts: str, at: int = 0) -> Turn:
        return _turn(Role.USER, self.item.user, parts, at)

    def _assistant(self, *parts: str, at: int = 0) -> Turn:
        return _turn(Role.ASSISTANT, self.item.assistant, parts, at)


def _turn(role: Role, side: Character, parts: Sequence[str], exchange: int) -> Turn:
    return Turn(role=role, text=_join(parts), emotion=side.emotion_of(exchange), intensity=side.intensity)


def _join(parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if part)
