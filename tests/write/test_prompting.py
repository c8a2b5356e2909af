import os
import re
import textwrap
from collections.abc import Mapping

import pytest
import yaml

from pipeline.plan.briefs import Planner
from pipeline.write.composing import Composer, writing_of
from pipeline.write.prompting import complaints, of_brief, user_tags
from pipeline.write.writer import Commission, Commissions, Member, Tags
from schemas.brief import Kind
from schemas.pack import Pack, Writing, WritingStep
from schemas.run import Shares
from tests.conftest import SHIPPED
from tests.write.chats import DIALOGUE, QUERY, REPLY


def step(gives: str = "dialogue", system: str = "Be brief.", prompt: str = "About {{ about }}.") -> WritingStep:
    return WritingStep.model_validate({"gives": gives, "system": system, "prompt": prompt})


def complained(*steps: WritingStep) -> Mapping[tuple[str | int, ...], str]:
    return dict(complaints(Writing(steps=steps)))


@pytest.fixture(scope="module")
def commissions(empathy: Pack) -> list[Commission]:
    return [Commissions(empathy).of(brief) for brief in Planner(empathy, 7, Shares()).briefs(0, 300)]


def prompts(pack: Pack, items: list[Commission]) -> list[str]:
    composer = Composer.of(pack, tries=1)
    return [composer.prompts[0].prompt(of_brief(item, composer.writing)) for item in items]


def test_the_shipped_writing_has_no_faults(empathy: Pack) -> None:
    assert list(complaints(writing_of(empathy))) == []


def test_the_documented_steps_have_no_faults() -> None:
    text = (SHIPPED.parent / "docs" / "write.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^    writing:\n(?:^(?:    .*)?\n)+", text, flags=re.MULTILINE)
    writing = Writing.model_validate(yaml.safe_load(textwrap.dedent(block))["writing"])
    assert [step.gives for step in writing.steps] == ["query", "reply"]
    assert list(complaints(writing)) == []


def test_good_steps_have_no_faults() -> None:
    assert complained(DIALOGUE) == {}
    assert complained(QUERY, REPLY) == {}


@pytest.mark.parametrize(
    ("system", "prompt", "where", "words"),
    [
        ("{% if %}", "{{ about }}", "system", "broken Jinja, line 1"),
        ("Hm.", "line\n{{ about", "prompt", "broken Jinja, line 2"),
        ("Hm.", "{{ about | shout }}", "prompt", "No filter named 'shout'"),
        ("Hm.", "{{ abuot }}", "prompt", "asks for 'abuot': did you mean about?"),
        ("In {{ langauges }}.", "{{ about }}", "system", "asks for 'langauges': did you mean languages?"),
        ("About {{ about }}.", "Write.", "system", "asks for 'about', which only the step's prompt may use"),
        ("Hm.", "{{ languages }}", "prompt", "asks for 'languages', which only the step's system may use"),
        ("Hm.", "{{ tags }}", "prompt", "asks for 'tags', which only the step's system may use"),
        ("{{ user_tags }}", "Hm.", "system", "asks for 'user_tags', which only the step's prompt may use"),
        ("Hm.", "{{ words[0] }}", "prompt", "cannot be rendered"),
        ("Hm.", "{% if words %}{{ words[2] }}{% endif %}", "prompt", "cannot be rendered"),
        ("Hm.", "{{ user_tags['sad'] }}", "prompt", "cannot be rendered"),
        ("Hm.", "{{ history }}", "prompt", "asks for 'history'"),
        ("Hm.", "{{ query }}", "prompt", "asks for 'query'"),
        ("Hm.", "{{ user.emotoin }}", "prompt", "asks for user.emotoin: did you mean emotion?"),
        ("Hm.", "{% if turns > 9 %}{{ assistant.voice }}{% endif %}", "prompt", "asks for assistant.voice"),
        ("Hm.", "{{ turns / 0 }}", "prompt", "cannot be rendered: division by zero"),
        ("Hm.", "{% include 'other' %}", "prompt", "cannot be rendered"),
        ("Hm.", "{{ draw('x', []) }}", "prompt", "cannot be rendered"),
        ("Hm.", "{{ ().__class__ }}", "prompt", "cannot be rendered"),
    ],
)
def test_a_templates_fault_is_told_at_its_place(system: str, prompt: str, where: str, words: str) -> None:
    found = complained(step(system=system, prompt=prompt))
    assert list(found) == [("writing", "steps", 0, where)]
    assert words in found["writing", "steps", 0, where]


def test_a_query_is_not_known_before_it_is_asked() -> None:
    found = complained(step("query", prompt="{{ history }} {{ query }}"), REPLY)
    assert list(found) == [("writing", "steps", 0, "prompt")]


@pytest.mark.parametrize(
    "orders", [["query"], ["reply"], ["reply", "query"], ["dialogue", "reply"], ["dialogue", "dialogue"]]
)
def test_steps_that_make_no_dialogue_are_a_fault(orders: list[str]) -> None:
    found = complained(*(step(gives) for gives in orders))
    assert "query` and then `reply`" in found["writing", "steps"]


def test_what_is_common_to_all_requests_comes_first(empathy: Pack, commissions: list[Commission]) -> None:
    """A server's prefix cache holds the system message and the prompt up to the brief's own facts."""
    rendered = prompts(empathy, commissions)
    common = os.path.commonprefix(rendered)  # noqa: RUF071 -- of texts, character by character
    assert common.rstrip().endswith("- Situation:")
    longest = max(map(len, rendered))
    system = Composer.of(empathy, tries=1).prompts[0].system
    assert (len(system) + len(common)) / (len(system) + longest) > 0.85


def test_a_prompt_tells_what_the_brief_says(empathy: Pack, commissions: list[Commission]) -> None:
    for prompt, item in zip(prompts(empathy, commissions), commissions, strict=True):
        facts = prompt[prompt.index("\nBrief\n") :]
        assert item.situation.about in facts
        assert re.search(rf"emotion, all the way: {item.user.emotion}[,.] ", facts)
        assert re.search(rf"That of the answers: {item.assistant.emotion}[,.]", facts)
        assert "neutral, " not in facts  # what is plain is neither mild nor strong
        assert f"- Exchanges: {item.turns // 2}," in facts
        assert "English" in facts


def test_stronger_intensities_are_told_in_stronger_words(empathy: Pack, commissions: list[Commission]) -> None:
    item = commissions[0]

    def of(intensity: float) -> str:
        side = item.user.model_copy(update={"intensity": intensity})
        return prompts(empathy, [item.model_copy(update={"user": side})])[0]

    told = [f"all the way: {item.user.emotion}, {word}." for word in ("mild", "clear", "strong")]
    assert [word in of(intensity) for word, intensity in zip(told, (0.8, 1.0, 1.2), strict=True)] == [True] * 3


def test_briefs_of_one_situation_are_told_apart_by_what_is_drawn(empathy: Pack, commissions: list[Commission]) -> None:
    same = [commissions[0].model_copy(update={"text_seed": seed}) for seed in range(200)]
    assert len(set(prompts(empathy, same))) > 150
    assert prompts(empathy, same[:1]) == prompts(empathy, same[:1])


def test_every_age_and_gender_has_words(empathy: Pack, commissions: list[Commission]) -> None:
    sides = [
        commissions[0].user.model_copy(update={"age": age, "gender": gender})
        for age in ("child", "young", "adult", "elderly")
        for gender in ("female", "male")
    ]
    assert len(set(prompts(empathy, [commissions[0].model_copy(update={"user": side}) for side in sides]))) == 8


def test_a_name_that_is_set_in_a_branch_is_known_there() -> None:
    branch = "{% if turns > 2 %}{% set many = turns %}{{ many }} turns{% endif %} about {{ about }}"
    assert complained(step(prompt=branch)) == {}


def sounding(pack: Pack, **tags: tuple[str, ...]) -> Pack:
    """The pack with sounds in the deliveries of these emotions."""
    own = {name: pack.deliveries[name].model_copy(update={"tags": sounds}) for name, sounds in tags.items()}
    return pack.model_copy(update={"deliveries": {**pack.deliveries, **own}})


def feeling(item: Commission, user: str, reply: str, tags: Tags, path: tuple[str, ...] = ()) -> Commission:
    sides = {
        "user": item.user.model_copy(update={"emotion": user, "path": path}),
        "assistant": item.assistant.model_copy(update={"emotion": reply, "path": ()}),
    }
    return item.model_copy(update=sides | {"tags": tags})


def test_a_brief_carries_the_sounds_of_its_own_emotions_alone(empathy: Pack) -> None:
    pack = sounding(empathy, sad=("sigh",), happy=("laughter",), neutral=("breath",))
    for brief in Planner(pack, 7, Shares()).briefs(0, 200):
        item = Commissions(pack).of(brief)
        felt = {item.user.emotion, item.assistant.emotion}
        assert set(item.tags) == felt & {"sad", "happy", "neutral"}


def test_sounds_are_told_for_each_side_along_the_arc(empathy: Pack, commissions: list[Commission]) -> None:
    tags: Tags = {"sad": ("sigh", "breath"), "happy": ("laughter",)}
    item = feeling(commissions[0], "sad", "happy", tags, path=("sad", "fearful", "happy"))
    known = of_brief(item, writing_of(empathy))
    assert known["user_tags"] == {"sad": ("sigh", "breath"), "happy": ("laughter",)}
    assert known["reply_tags"] == {"happy": ("laughter",)}
    (told,) = prompts(
        empathy, [item.model_copy(update={"arc": "better", "user": item.user.model_copy(update={"path": ()})})]
    )
    assert (
        "- Sounds open to the user: where sad, [sigh], [breath]. To the assistant: where happy, [laughter].\n" in told
    )
    (told,) = prompts(empathy, [feeling(commissions[0], "angry", "happy", {"happy": ("laughter",)})])
    assert "- Sounds open to the user: none. To the assistant: where happy, [laughter].\n" in told


def test_a_user_who_types_makes_no_sound(commissions: list[Commission]) -> None:
    item = feeling(commissions[0], "sad", "sad", {"sad": ("sigh",)})
    assert user_tags(item) == {"sad": ("sigh",)}
    assert user_tags(item.model_copy(update={"kind": Kind.TEXT_INPUT})) == {}


def test_members_of_a_set_share_the_users_words_so_also_their_sounds(commissions: list[Commission]) -> None:
    def of(**tags: tuple[str, ...]) -> Tags:
        item = feeling(commissions[0], "sad", "sad", tags)
        other = item.user.model_copy(update={"emotion": "happy"})
        members = [Member(user=user, assistant=item.assistant) for user in (item.user, other)]
        return user_tags(item.model_copy(update={"members": tuple(members)}), 0)

    assert of(sad=("sigh", "breath"), happy=("breath",)) == {"sad": ("breath",), "happy": ("breath",)}
    assert of(sad=("sigh",), happy=("laughter",)) == of(sad=("sigh",)) == of(happy=("sigh",)) == {}


def test_the_system_message_tells_of_sounds_only_where_the_pack_has_some(empathy: Pack) -> None:
    def system(pack: Pack) -> str:
        return Composer.of(pack, tries=1).prompts[0].system

    told = system(sounding(empathy, sad=("sigh",), happy=("laughter", "sigh")))
    assert "[sigh], [laughter]" in told
    assert "[" not in system(empathy)
    assert "Sounds" not in prompts(empathy, [Commissions(empathy).of(Planner(empathy, 7, Shares()).briefs(0, 1)[0])])[0]
