from collections import Counter

import pytest

from pipeline.engine.failure import Failure
from pipeline.plan.briefs import Planner
from pipeline.write import phrasebook
from pipeline.write.phrasebook import PhrasebookWriter, Settings
from pipeline.write.writer import Commission, Commissions
from schemas.dialogue import Dialogue, Written
from schemas.pack import Pack
from schemas.run import Shares
from schemas.voice import Role

MANY = 2000


@pytest.fixture(scope="module")
def commissions(empathy: Pack) -> list[Commission]:
    commissions = Commissions(empathy)
    return [commissions.of(brief) for brief in Planner(empathy, 7, Shares()).briefs(0, MANY)]


@pytest.fixture(scope="module")
def writer(empathy: Pack) -> PhrasebookWriter:
    return phrasebook.build(Settings(), empathy)


@pytest.fixture(scope="module")
def dialogues(writer: PhrasebookWriter, commissions: list[Commission]) -> list[Dialogue]:
    written = list(writer.write(commissions))
    assert not [one for one in written if isinstance(one, Failure)]
    return [one.dialogue for one in written if isinstance(one, Written)]


def test_of_two_thousand_dialogues_no_two_are_equal_and_few_begin_alike(dialogues: list[Dialogue]) -> None:
    assert len(set(dialogues)) == MANY
    first = Counter(dialogue.turns[0].text for dialogue in dialogues)
    assert sum(count - 1 for count in first.values()) < MANY / 100


def test_turns_alternate_and_carry_the_emotions_of_the_brief(
    dialogues: list[Dialogue], commissions: list[Commission]
) -> None:
    for dialogue, item in zip(dialogues, commissions, strict=True):
        assert len(dialogue.turns) == item.turns
        assert [turn.role for turn in dialogue.turns[:2]] == [Role.USER, Role.ASSISTANT]
        assert {turn.emotion for turn in dialogue.turns[::2]} == {item.user.emotion}
        assert {turn.emotion for turn in dialogue.turns[1::2]} == {item.assistant.emotion}


def test_every_answer_is_taken_up_by_what_was_written_for_it(
    dialogues: list[Dialogue], commissions: list[Commission]
) -> None:
    taken_up = 0
    for dialogue, item in zip(dialogues, commissions, strict=True):
        answers = {
            tell: answer.take_up
            for thread in item.situation.threads
            for answer in thread.answers
            for tell in answer.tell
            if "{" not in tell + "".join(answer.take_up)
        }
        for turn, reply in zip(dialogue.turns[2::2], dialogue.turns[3::2], strict=True):
            if turn.text in answers:
                assert reply.text.startswith(answers[turn.text])
                taken_up += 1
    assert taken_up > MANY / 2


def test_every_situation_feeling_and_reply_is_used(dialogues: list[Dialogue], commissions: list[Commission]) -> None:
    assert len({item.situation.id for item in commissions}) >= 60
    assert len({dialogue.turns[0].emotion for dialogue in dialogues}) == 9
    assert {len(dialogue.turns) for dialogue in dialogues} == {2, 4, 6, 8}


def test_the_same_commission_gives_the_same_text_alone_or_among_others(
    writer: PhrasebookWriter, commissions: list[Commission], dialogues: list[Dialogue]
) -> None:
    assert next(writer.write([commissions[500]])) == Written(dialogue=dialogues[500])


def test_another_language_is_refused_with_a_reason(writer: PhrasebookWriter, commissions: list[Commission]) -> None:
    answer = next(writer.write([commissions[0].model_copy(update={"language": "zh"})]))
    assert answer == Failure("the phrasebook writes en only, not zh")


def test_a_phrase_added_changes_few_texts(
    empathy: Pack, commissions: list[Commission], dialogues: list[Dialogue]
) -> None:
    def with_one_more(item: Commission) -> Commission:
        more = (*item.situation.opening, "Something else happened altogether.")
        return item.model_copy(update={"situation": item.situation.model_copy(update={"opening": more})})

    edited = phrasebook.build(Settings(), empathy).write([with_one_more(item) for item in commissions])
    texts = [one.dialogue for one in edited if isinstance(one, Written)]
    changed = [new for old, new in zip(dialogues, texts, strict=True) if old != new]
    assert len(changed) < MANY / 3
    assert all("Something else happened altogether." in dialogue.turns[0].text for dialogue in changed)
