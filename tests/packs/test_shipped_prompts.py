"""What a language model is asked for each pack that ships."""

import asyncio
from functools import cache

import pytest

from pipeline.engine.failure import Failure
from pipeline.judge.judge import Text
from pipeline.judge.rubric import of_text, prompts_of
from pipeline.write.composing import Composer
from pipeline.write.writer import Commission, Commissions
from schemas.brief import Kind
from schemas.dialogue import Written
from tests.packs.shipping import IN_CHINESE, NAMES, Model, briefs, pack

EACH = 300


def commissions(name: str) -> list[Commission]:
    """So many different ones in each language, members of a set taken as one."""
    ordered = Commissions(pack(name))
    items = {brief.text_seed: ordered.of(brief) for brief in briefs(name, 2400)}.values()
    languages = [language for language, weight in pack(name).languages.items() if weight > 0]
    return [one for language in languages for one in [item for item in items if item.language == language][:EACH]]


@cache
def written(name: str) -> tuple[list[tuple[Commission, Written]], Model]:
    """Each commission with what a model made of it, and the model, which knows what it was asked."""
    composer, model = Composer.of(pack(name), tries=1), Model()
    items = commissions(name)
    made = [asyncio.run(composer.compose(item, model.complete)) for item in items]
    assert [one.reason for one in made if isinstance(one, Failure)] == []
    return [(item, one) for item, one in zip(items, made, strict=True) if isinstance(one, Written)], model


@pytest.mark.parametrize("name", NAMES)
def test_prompts_render_and_no_two_briefs_get_the_same(name: str) -> None:
    found, model = written(name)
    asked = model.asked
    assert len(found) == EACH * len(pack(name).languages)
    first = [ask for ask in asked if ask.messages[0] == asked[0].messages[0]]
    assert len(first) == len(found)
    assert len({ask.messages[1] for ask in first}) == len(first)


@pytest.mark.parametrize("name", NAMES)
def test_a_steps_system_message_is_the_same_for_all(name: str) -> None:
    writing = pack(name).writing
    assert writing is not None
    _, model = written(name)
    assert len({ask.messages[0] for ask in model.asked}) == len(writing.steps)


@pytest.mark.parametrize("name", IN_CHINESE)
def test_advice_for_chinese_is_given_where_chinese_is_written_and_only_there(name: str) -> None:
    def chinese(name: str) -> list[bool]:
        systems = [prompts.system for prompts in Composer.of(pack(name), tries=1).prompts]
        return [any("\u4e00" <= sign <= "\u9fff" for sign in system) for system in systems]

    assert all(chinese(name))
    assert not any(chinese("empathy"))


def test_feelings_that_move_are_told_exchange_by_exchange() -> None:
    found, model = written("empathy-en-zh")
    told = [(item, ask.messages[1].content) for (item, _), ask in zip(found, model.asked, strict=True)]
    moving = [(item, prompt) for item, prompt in told if item.user.path]
    assert len(moving) > EACH / 4
    for item, prompt in moving:
        for number, (felt, sounded) in enumerate(zip(item.user.path, item.assistant.path, strict=True), start=1):
            assert f"{number}. the user {felt}, the answer {sounded}\n" in prompt
    assert all("exchange by exchange" not in prompt.lower() for item, prompt in told if not item.user.path)


def test_a_length_is_told_in_words_or_in_characters() -> None:
    found, model = written("empathy-en-zh")
    for (item, _), ask in zip(found, model.asked, strict=True):
        assert item.words is not None
        unit = "characters" if item.language == "zh" else "words"
        assert f"has {item.words[0]} to {item.words[1]} {unit}." in ask.messages[1].content


def test_what_cannot_be_heard_is_not_told() -> None:
    found, model = written("opens2s")
    for (item, made), ask in zip(found, model.asked[1::2], strict=True):
        prompt = ask.messages[1].content
        assert ("What can be heard" in prompt) == (item.kind is not Kind.TEXT_INPUT)
        assert prompt.endswith(f"Their words: {made.dialogue.turns[0].text}")


def test_a_reply_of_opens2s_is_spoken_as_the_model_says() -> None:
    found, model = written("opens2s")
    for (item, made), gave in zip(found, model.gave[1::2], strict=True):
        query, reply = made.dialogue.turns
        assert query.emotion == item.user.emotion
        assert isinstance(gave, dict)
        assert reply.emotion == gave["emotion"]
        assert reply.emotion in pack("opens2s").reply_emotions[item.user.emotion]
    assert len({made.dialogue.turns[1].emotion for _, made in found}) > 4


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("contrast")])
def test_a_set_has_one_query_and_an_answer_to_each_member(name: str) -> None:
    found, model = written(name)
    asked = model.asked
    contrast = pack(name).contrast
    assert contrast is not None
    assert len(asked) == len(found) * (1 + contrast.members)
    for number, (item, made) in enumerate(found):
        query, *replies = asked[number * (1 + contrast.members) :][: 1 + contrast.members]
        assert f"said {contrast.members} times" in query.messages[1].content
        assert len({reply.messages[1] for reply in replies}) == contrast.members == len(item.members)
        assert len({dialogue.turns[0].text for dialogue in made.members}) == 1


def test_the_judge_of_opens2s_is_told_the_voice_and_the_family_of_each_exchange() -> None:
    rubric = pack("opens2s").rubric
    assert rubric is not None
    prompts = prompts_of(rubric)
    assert all(name in prompts.system for name in rubric.scales)
    judged = [one for one in written("opens2s")[0] if one[0].kind is not Kind.INSTRUCTION]  # flows/road.py leaves those
    assert {Kind.REPLY, Kind.TEXT_INPUT} == {item.kind for item, _ in judged}
    for item, made in judged:
        turns, situation = made.dialogue.turns, item.situation
        sides = {"user": item.user, "assistant": item.assistant}
        text = Text(language=item.language, situation=situation.id, about=situation.about, turns=turns, **sides)
        told = prompts.prompt(of_text(text, rubric))
        family = situation.id.partition("_")[0]
        typed = item.kind is Kind.TEXT_INPUT
        assert f"Family: {family}\n" in told
        heard = "nothing" if typed else f"{item.user.age}, {item.user.gender}, {item.user.emotion}"
        assert f"What is heard: {heard}\n" in told
        assert f"They {'type' if typed else 'say'}: {turns[0].text}\n" in told
        assert told.endswith(f"The answer, which sounds {turns[1].emotion}: {turns[1].text}")
