"""Texts judged through the stage by a chat server on loopback."""

import asyncio
import json

import pytest
from pydantic import JsonValue

from pipeline.engine import model_server
from pipeline.engine.failure import Failure
from pipeline.engine.stage import Outcome
from pipeline.judge.judge import Text
from pipeline.judge.judging import LONGEST_REASON
from pipeline.judge.stage import JudgeStage
from schemas.dialogue import Usage
from schemas.judgement import EPITOME, Judgement, Rubric
from schemas.run import Backend
from tests.engine.misbehaving_server import Asked, Behaviour, completes, fails, serving
from tests.judge.texts import RUBRIC, answer, text

COST = Usage(requests=1, prompt_tokens=9, cached_tokens=4, completion_tokens=5)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_server, "_FIRST_DELAY", 0.02)


def stage(rubric: Rubric = RUBRIC, **settings: JsonValue) -> JudgeStage:
    return JudgeStage(Backend(backend="openai", settings={"model": "tiny"} | settings), rubric)


def judge(
    *script: Behaviour, rubric: Rubric = RUBRIC, of: Text | None = None
) -> tuple[Judgement | Failure, list[Asked]]:
    """Have a text judged by a server that follows the script."""

    async def run() -> tuple[Judgement | Failure, list[Asked]]:
        async with serving(*script) as server:
            runner = stage(rubric, base_url=server.url, patience=2, tries=3).build()
            try:
                outcome = await runner.run_one(of or text())
                return (outcome.value if isinstance(outcome, Outcome) else outcome), server.asked
            finally:
                await runner.close()

    return asyncio.run(run())


def test_a_text_gets_a_score_on_each_scale_a_reason_and_its_cost() -> None:
    judged, _ = judge(completes(answer(reason=" It asks\n about the letter. ")))
    assert judged == Judgement(
        scores={"emotional_reaction": 1, "interpretation": 2, "exploration": 2},
        reason="It asks about the letter.",
        usage=COST,
    )


def test_the_request_holds_the_rubric_the_dialogue_and_a_schema_that_asks_for_the_reason_first() -> None:
    _, (asked,) = judge(completes(answer()))
    form = asked.body["response_format"]
    assert isinstance(form, dict)
    schema = form["json_schema"]["schema"]
    assert list(schema["properties"]) == ["reason", *EPITOME]
    assert schema["properties"]["exploration"] == {"type": "integer", "enum": [0, 1, 2]}
    assert (schema["required"], schema["additionalProperties"]) == (["reason", *EPITOME], False)
    assert asked.body["temperature"] == 0.0
    assert asked.body["messages"] == [
        {"role": "system", "content": "Judge by emotional_reaction, interpretation, exploration."},
        {
            "role": "user",
            "content": "In English, sad: user: I found her old letters today. assistant: What did the first one say?",
        },
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (completes(answer(exploration=3)), "exploration is '3', not 0, 1 or 2"),
        (completes(answer(exploration=-1)), "exploration is '-1', not 0, 1 or 2"),
        (completes(answer(exploration="2")), "exploration is '2', not 0, 1 or 2"),
        (completes(answer(exploration=1.5)), "not the shape asked for: exploration"),
        (completes(answer(exploration=True)), "not the shape asked for: exploration"),
        (completes(answer(exploration=None)), "not the shape asked for: exploration"),
        (completes(answer(reason="  ")), "gives no reason"),
        (completes(answer(reason=7)), "gives no reason"),
        (completes('{"reason": "Good."}'), "not the shape asked for: emotional_reaction: Field required"),
        (completes(answer()[:-1] + ', "warmth": 2}'), "not the shape asked for: warmth: not asked for"),
        (completes("Very warm."), "no JSON"),
        (completes("[]"), "not the shape asked for"),
        (completes(answer()[:-3], "length"), "cut off at max_tokens"),
        (completes(None, refusal="No."), "refused: No."),
        (completes(" "), "empty"),
    ],
)
def test_an_answer_that_will_not_do_is_asked_for_again_with_another_seed_and_not_at_0(
    bad: Behaviour, reason: str
) -> None:
    judged, asked = judge(bad, completes(answer()))
    assert isinstance(judged, Judgement)
    assert judged.scores["exploration"] == 2
    assert [failed.startswith(reason) for failed in judged.failed_tries] == [True], judged.failed_tries
    assert judged.usage == COST + COST
    first, second = (one.body for one in asked)
    assert first["seed"] != second["seed"]
    assert (first["temperature"], second["temperature"]) == (0.0, 0.5)
    assert first["messages"] == second["messages"]


def test_when_no_try_does_it_fails_with_the_reasons_and_the_cost() -> None:
    judged, asked = judge(completes("?"), completes(answer(exploration=9)), completes(answer(exploration=9)))
    assert isinstance(judged, Failure)
    assert judged.reason.startswith("no usable judgement in 3 tries: 2× exploration is '9', not 0, 1 or 2, 1× no JSON")
    assert judged.spent == Usage(requests=3, prompt_tokens=27, cached_tokens=12, completion_tokens=15)
    assert len(asked) == 3


def test_a_text_that_the_server_refuses_fails_alone() -> None:
    judged, _ = judge(completes(answer()), fails(400, "too long"))
    assert isinstance(judged, Judgement)
    judged, _ = judge(fails(400, "too long"))
    assert isinstance(judged, Failure)
    assert "too long" in judged.reason


def test_a_fault_on_the_way_is_no_failed_try() -> None:
    judged, asked = judge(fails(503), completes(answer()))
    assert isinstance(judged, Judgement)
    assert judged.failed_tries == ()
    assert asked[0].body == asked[1].body


def test_a_reason_without_end_is_cut_and_the_scores_stand() -> None:
    judged, _ = judge(completes(answer(reason="on and on " * 200)))
    assert isinstance(judged, Judgement)
    assert len(judged.reason) == LONGEST_REASON


def test_scales_of_a_packs_own_are_asked_for() -> None:
    own = RUBRIC.model_copy(update={"scales": {"warmth": "How warm.", "tact": "How tactful."}})
    judged, (asked,) = judge(completes(json.dumps({"reason": "Kind.", "tact": 0, "warmth": 2})), rubric=own)
    assert isinstance(judged, Judgement)
    assert judged.scores == {"warmth": 2, "tact": 0}
    assert "Judge by warmth, tact." in json.dumps(asked.body)


def test_a_prompt_that_breaks_on_one_text_fails_that_text_only() -> None:
    brittle = RUBRIC.model_copy(update={"prompt": "{{ 1 // (turns[0].text | length - 2) }}"})
    outcomes = [judge(completes(answer()), rubric=brittle, of=text(words, "Hello."))[0] for words in ("Hm", "Well")]
    assert isinstance(outcomes[0], Failure)
    assert outcomes[0].reason.startswith("the rubric cannot be rendered: ")
    assert isinstance(outcomes[1], Judgement)


@pytest.mark.parametrize(
    "changed",
    [
        stage(model="other"),
        stage(extra_body={"top_k": 1}),
        stage(RUBRIC.model_copy(update={"system": "Judge."})),
        stage(RUBRIC.model_copy(update={"prompt": "{{ turns }}"})),
        stage(RUBRIC.model_copy(update={"temperature": 0.3})),
        stage(RUBRIC.model_copy(update={"scales": {"warmth": "How warm."}})),
    ],
)
def test_whatever_changes_a_judgement_changes_its_key(changed: JudgeStage) -> None:
    assert changed.key(text()) != stage().key(text())


@pytest.mark.parametrize(
    "same",
    [
        stage(base_url="http://other:1/v1", requests=2, timeout=3, tries=9, key_variable="OTHER"),
        stage(RUBRIC.model_copy(update={"least": {"exploration": 2}})),
    ],
)
def test_where_the_server_is_and_what_is_the_least_change_no_key(same: JudgeStage) -> None:
    assert same.key(text()) == stage().key(text())


def test_the_order_of_the_scales_is_that_of_the_answer_so_it_is_in_the_key() -> None:
    plain = RUBRIC.model_copy(update={"system": "Judge."})
    turned = plain.model_copy(update={"scales": dict(sorted(EPITOME.items(), reverse=True))})
    assert stage(turned).key(text()) != stage(plain).key(text())


def test_another_word_in_the_text_is_another_key() -> None:
    assert stage().key(text("I found her letters.", "What did they say?")) != stage().key(text())
