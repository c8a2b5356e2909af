"""How a dialogue is had from a language model, whatever runs it: the pack's steps, one after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pipeline.engine.chat import BadReplyError, Complete, GivenUpError
from pipeline.engine.errors import UsageError
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.refusal import ItemRefusedError
from pipeline.engine.templates import RENDERING_ERRORS, Prompts
from pipeline.write.asking import Asker
from pipeline.write.prompting import allowed, of_all, of_brief, user_tags
from pipeline.write.replies import Said, Shape
from pipeline.write.texts.brief import asked_of, brief_faults
from pipeline.write.texts.fault import TextFault
from pipeline.write.texts.judge import judge
from pipeline.write.writer import Commission, Member, Tags, sounds_of, tags_of
from schemas.dialogue import Dialogue, Turn, Written
from schemas.pack import Pack, Situation, Writing
from schemas.text_rules import TextRules
from schemas.voice import Role


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
    """What all texts depend on in the pack: the steps, as their system messages come out, and what replies may be."""
    composer = Composer.of(pack, tries=1)
    steps = [
        step.model_copy(update={"system": prompts.system}).model_dump(mode="json", exclude_defaults=True)
        for step, prompts in zip(composer.writing.steps, composer.prompts, strict=True)
    ]
    named = {emotion for replies in composer.named.values() for emotion in replies}
    return fingerprint(steps, composer.writing.longest_turn, composer.named, allowed(composer.tags, sorted(named)))


@dataclass(frozen=True)
class Composer:
    """A pack's writing, made ready: templates compiled, system messages rendered. One for all commissions.

    `named` are the emotions that a reply may name, for each of the user's, where a step has the model name it. What the
    rules for texts find is a failed try, so that a model may do better; what is kept is judged again on the road.
    `tags` are the sounds that each emotion's delivery allows.
    """

    writing: Writing
    prompts: tuple[Prompts, ...]
    tries: int
    named: Mapping[str, tuple[str, ...]]
    rules: TextRules
    tags: Tags

    @classmethod
    def of(cls, pack: Pack, tries: int) -> "Composer":
        """For this pack; `tries` is how often one reply is asked for. Raises UsageError if the pack has no writing."""
        writing = writing_of(pack)
        variables = of_all(pack, writing)
        prompts = tuple(Prompts.of(step.system, step.prompt, variables) for step in writing.steps)
        names = any(step.names_emotion for step in writing.steps)
        return cls(writing, prompts, tries, _open_to(pack) if names else {}, pack.texts, tags_of(pack))

    async def compose(self, item: Commission, complete: Complete) -> Written | Failure:
        """The dialogue, or why there is none. Never raises for what one item alone suffers from."""
        asker = Asker(complete, item.text_seed, self.tries)
        try:
            dialogues = await _Work(self, item, asker).dialogues()
        except (GivenUpError, ItemRefusedError) as error:
            return Failure(str(error), spent=asker.usage)
        except RENDERING_ERRORS as error:
            return Failure(f"a prompt cannot be rendered: {' '.join(str(error).split())[:200]}", spent=asker.usage)
        return Written(
            dialogue=dialogues[0],
            members=dialogues if item.members else (),
            usage=asker.usage,
            failed_tries=tuple(asker.failed),
            reasoning=tuple(asker.reasoning),
        )

    def shape(self, number: int, exchanges: int, user_emotion: str) -> Shape:
        """What a step's reply has to look like."""
        step = self.writing.steps[number]
        named = self.named[user_emotion] if step.names_emotion else ()
        exchanges_or_turn = exchanges if step.gives == "dialogue" else None
        return _shape(exchanges_or_turn, self.writing.longest_turn, step.reasoning, named, self.sounds)

    @cached_property
    def sounds(self) -> frozenset[str]:
        """All of the pack's."""
        return sounds_of(self.tags)


def _open_to(pack: Pack) -> dict[str, tuple[str, ...]]:
    """The emotions that a reply to each of the user's may have, under any condition."""
    tables = [pack.reply_emotions, *(given.reply_emotions for given in pack.given if given.reply_emotions)]
    found: dict[str, tuple[str, ...]] = {}
    for table in tables:
        for emotion, replies in table.items():
            drawn = [reply for reply, weight in replies.items() if weight > 0]
            found[emotion] = tuple(dict.fromkeys([*found.get(emotion, ()), *drawn]))
    return found


@lru_cache
def _shape(
    exchanges: int | None, longest: int, reasoning: bool, emotions: tuple[str, ...], tags: frozenset[str]
) -> Shape:
    return Shape(exchanges, longest, reasoning, emotions, tags)


@dataclass(frozen=True)
class _Work:
    """One commission in the making."""

    composer: Composer
    item: Commission
    asker: Asker

    async def dialogues(self) -> tuple[Dialogue, ...]:
        """The dialogue; of a contrast set, each member's."""
        if self.item.members:
            return await self._members()
        if len(self.composer.writing.steps) == 1:
            said = await self._reply(0, self._variables(self.item), self.item.user.emotion)
            return (Dialogue(turns=tuple(self._turn(number, text) for number, text in enumerate(said.turns))),)
        return (Dialogue(turns=await self._exchanges()),)

    async def _exchanges(self) -> tuple[Turn, ...]:
        turns: tuple[Turn, ...] = ()
        for exchange in range(self.item.turns // 2):
            known = self._variables(self.item) | self._at(self.item, exchange, turns)
            felt = self.item.user.emotion_of(exchange)
            query = await self._reply(0, known, felt, turns)
            asked = (*turns, self._turn(len(turns), query.turns[0]))
            reply = await self._reply(1, known | {"query": query.turns[0]}, felt, asked)
            turns = (*turns, self._turn(len(turns), query.turns[0]), self._turn(len(turns) + 1, reply.turns[0], reply))
        return turns

    async def _members(self) -> tuple[Dialogue, ...]:
        """One query for all, and a reply for each."""
        item = self.item
        known = self._variables(item) | self._at(item, 0, ())
        query = (await self._reply(0, known, item.user.emotion, of=item.members)).turns[0]
        found = []
        for member in item.members:
            own = item.model_copy(update={"user": member.user, "assistant": member.assistant})
            known = self._variables(own) | self._at(own, 0, ()) | {"query": query}
            asked = self._turn(0, query, of=member)
            reply = await self._reply(1, known, member.user.emotion, (asked,), (member,))
            turns = asked, self._turn(1, reply.turns[0], reply, member)
            found.append(Dialogue(turns=turns))
        return tuple(found)

    async def _reply(
        self,
        number: int,
        variables: Mapping[str, object],
        user_emotion: str,
        before: Sequence[Turn] = (),
        of: Sequence[Member | None] = (None,),
    ) -> Said:
        """A reply that is `of` the only dialogue, or of these members of a contrast set."""
        composer = self.composer
        shape = composer.shape(number, self.item.turns // 2, user_emotion)
        step, prompts = composer.writing.steps[number], composer.prompts[number]
        return await self.asker.reply(step, prompts, shape, variables, lambda said: self._judge(said, before, of))

    def _judge(self, said: Said, before: Sequence[Turn], of: Sequence[Member | None]) -> None:
        """Raises BadReplyError for what the pack's rules for texts find in the reply, or what was not asked for."""
        for member in of:
            turns = list(before)
            for text in said.turns:
                turns.append(self._turn(len(turns), text, said, member))
            for fault in self._faults(Dialogue(turns=tuple(turns))):
                unanswered = fault.check == "crisis" and len(turns) % 2
                if (fault.turn is None or fault.turn >= len(before)) and not unanswered:
                    raise BadReplyError(f"{fault.check}: {fault.message}")

    def _faults(self, dialogue: Dialogue) -> Iterator[TextFault]:
        composer = self.composer
        yield from judge(dialogue, self.item.language, composer.rules, composer.sounds)
        yield from brief_faults(dialogue, asked_of(self.item, composer.tags), composer.rules)

    def _variables(self, item: Commission) -> dict[str, object]:
        return of_brief(item, self.composer.writing)

    def _at(self, item: Commission, exchange: int, history: tuple[Turn, ...]) -> dict[str, object]:
        felt, sounds = item.user.emotion_of(exchange), item.assistant.emotion_of(exchange)
        named = self.composer.named[felt] if self.composer.named else ()
        return {
            "exchange": exchange + 1,
            "history": history,
            "user_emotion": felt,
            "reply_emotion": sounds,
            "open_emotions": named,
            "user_tags": user_tags(item, exchange),
            "reply_tags": allowed(self.composer.tags, named or (sounds,)),
        }

    def _turn(self, number: int, text: str, said: Said | None = None, of: Member | None = None) -> Turn:
        role, sides = (Role.USER, Role.ASSISTANT)[number % 2], of or self.item
        side = sides.user if role is Role.USER else sides.assistant
        named = said.emotion if said else ""
        return Turn(role=role, text=text, emotion=named or side.emotion_of(number // 2), intensity=side.intensity)
