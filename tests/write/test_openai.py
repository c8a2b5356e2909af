import asyncio
import json

import pytest
from pydantic import JsonValue, ValidationError

from pipeline.engine import model_server
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.stage import Outcome
from pipeline.write import openai_chat
from pipeline.write.openai_chat import Settings
from pipeline.write.stage import AsyncWriteRunner, WriteStage
from pipeline.write.writer import Commission
from schemas.dialogue import Usage, Written
from schemas.pack import Pack
from schemas.run import Backend
from tests.engine.misbehaving_server import (
    Asked,
    Behaviour,
    completes,
    drops_the_connection,
    fails,
    says,
    serving,
    shows_a_web_page,
)
from tests.write.chats import ANYTHING_GOES, DIALOGUE, QUERY, REPLY, dialogue, written_in
from tests.write.test_composing import item, turn

KEY = "sk-another-secret-42"
COST = Usage(requests=1, prompt_tokens=9, cached_tokens=4, completion_tokens=5)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(model_server, "_FIRST_DELAY", 0.02)  # so that no test waits long


def write(
    pack: Pack, *script: Behaviour, items: int = 1, **settings: JsonValue
) -> tuple[list[Outcome[Written] | Failure], list[Asked]]:
    """Have commissions written through the stage, by a server that follows the script."""

    async def run() -> tuple[list[Outcome[Written] | Failure], list[Asked]]:
        async with serving(*script) as server:
            settings.update(base_url=server.url, model="tiny", patience=2, tries=3)
            stage = WriteStage(Backend(backend="openai", settings=settings), pack)
            runner = stage.build()
            assert isinstance(runner, AsyncWriteRunner)
            try:
                wanted = [item(text_seed=number) for number in range(items)]
                return list(await asyncio.gather(*map(runner.run_one, wanted))), server.asked
            finally:
                await runner.close()

    return asyncio.run(run())


def written(outcome: Outcome[Written] | Failure) -> Written:
    assert isinstance(outcome, Outcome), outcome
    return outcome.value


@pytest.fixture
def pack(empathy: Pack) -> Pack:
    return written_in(empathy, DIALOGUE)


def test_a_dialogue_is_written_over_http_with_its_tokens_counted(pack: Pack) -> None:
    (outcome,), (asked,) = write(pack, completes(dialogue(2)))
    assert [turn.text for turn in written(outcome).dialogue.turns][:2] == ["I am well, 0.", "So well."]
    assert written(outcome).usage == COST
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_the_request_holds_messages_schema_seed_and_sampling(pack: Pack) -> None:
    _, (asked,) = write(pack, completes(dialogue(2)))
    schema = asked.body.pop("response_format")
    seed = asked.body.pop("seed")
    assert asked.body == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "You write talks in English, at most 400 characters a turn."},
            {"role": "user", "content": "2 exchanges about: Keys are lost."},
        ],
        "temperature": 0.9,
        "top_p": 1.0,
        "max_tokens": 1024,
    }
    assert isinstance(seed, int)
    assert isinstance(schema, dict)
    assert schema["type"] == "json_schema"
    assert set(schema["json_schema"]) == {"name", "strict", "schema"}
    assert schema["json_schema"]["schema"]["required"] == ["exchanges"]
    assert '"maxLength": 400' in json.dumps(schema)


def test_a_servers_own_options_are_sent_and_null_takes_a_field_out(pack: Pack) -> None:
    extra: JsonValue = {"chat_template_kwargs": {"enable_thinking": False}, "max_tokens": None, "top_k": 20}
    _, (asked,) = write(pack, completes(dialogue(2)), extra_body=extra)
    assert asked.body["chat_template_kwargs"] == {"enable_thinking": False}
    assert asked.body["top_k"] == 20
    assert "max_tokens" not in asked.body


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (completes(dialogue(2), "length"), "cut off at max_tokens"),
        (completes(None, "stop", refusal="No."), "refused: No."),
        (completes(dialogue(2), "content_filter"), "refused: content_filter"),
        (completes(None, "stop"), "empty (finish_reason stop)"),
        (completes(None, None), "empty (finish_reason none)"),
        (says({"choices": [], "usage": None}), "empty (finish_reason no choices)"),
        (completes(dialogue(2)[:-3]), "no JSON"),
        (completes(dialogue(2).replace("well", "we\x00ll")), "no JSON"),
        (completes(dialogue(1)), "1 exchanges instead of 2"),
    ],
)
def test_a_reply_that_will_not_do_is_asked_for_again_with_another_seed(
    pack: Pack, reply: Behaviour, reason: str
) -> None:
    (outcome,), asked = write(pack, reply, completes(dialogue(2)))
    assert written(outcome).failed_tries[0].startswith(reason)
    assert written(outcome).usage.requests == len(asked) == 2
    assert asked[0].body["seed"] != asked[1].body["seed"]


@pytest.mark.parametrize(
    "fault",
    [
        *(fails(500), fails(429, Retry_After="0.02"), fails(503), shows_a_web_page, drops_the_connection),
        *(says({"error": "none of your concern"}), says([]), says({"choices": [{}]})),
    ],
)
def test_a_fault_on_the_way_is_no_failed_try_and_keeps_the_seed(pack: Pack, fault: Behaviour) -> None:
    (outcome,), asked = write(pack, fault, completes(dialogue(2)))
    assert written(outcome).failed_tries == ()
    assert written(outcome).usage == COST
    assert len(asked) == 2
    assert asked[0].body == asked[1].body


def test_when_no_try_does_the_failure_says_why_and_what_it_cost(pack: Pack) -> None:
    (outcome,), asked = write(pack, completes(dialogue(2), "length"))
    assert outcome == Failure("no usable dialogue in 3 tries: 3× cut off at max_tokens", spent=COST + COST + COST)
    assert len(asked) == 3


def test_a_request_that_the_server_refuses_is_the_items_failure(pack: Pack) -> None:
    outcomes, _ = write(pack, fails(400, "this prompt is too long"), completes(dialogue(2)), items=2)
    reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, Failure)]
    assert reasons == ["HTTP 400: this prompt is too long"]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_that_the_server_keeps_apart_is_kept(pack: Pack, field: str) -> None:
    message = {"content": dialogue(2), field: "They are sad."}
    (outcome,), _ = write(pack, says({"choices": [{"message": message, "finish_reason": "stop"}]}))
    assert written(outcome).reasoning == ("They are sad.",)


def test_query_and_reply_are_written_by_turns(empathy: Pack) -> None:
    script = [completes(turn("Hi.")), completes(turn("Yes?", "w")), completes(turn("No.")), completes(turn("Oh.", ""))]
    (outcome,), asked = write(written_in(empathy, QUERY, REPLY), *script)
    assert [turn.text for turn in written(outcome).dialogue.turns] == ["Hi.", "Yes?", "No.", "Oh."]
    assert written(outcome).usage == COST + COST + COST + COST
    assert len({asked.body["seed"] for asked in asked}) == 4


def test_the_shipped_packs_dialogues_are_written_in_one_request_each(empathy: Pack) -> None:
    lenient = empathy.model_copy(update={"texts": ANYTHING_GOES})
    outcomes, asked = write(lenient, completes(dialogue(2)), items=20)
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    assert len(asked) == 20
    messages = [asked.body["messages"] for asked in asked]
    assert len({json.dumps(message[0]) for message in messages}) == 1  # type: ignore[index]
    assert len({json.dumps(message) for message in messages}) == 20


def test_a_wrong_model_or_key_stops_the_run_and_the_key_is_not_told(pack: Pack) -> None:
    with pytest.raises(WarmlineError, match="The model `tiny` does not exist"):
        write(pack, fails(404, "The model `tiny` does not exist."))
    with pytest.raises(WarmlineError, match="OPENAI_API_KEY") as raised:
        write(pack, fails(401, f"wrong: {KEY}"))
    assert KEY not in str(raised.value)


UNKNOWN = "Invalid schema for response_format 'reply': In context=('properties', 'text'), 'minLength' is not permitted."


@pytest.mark.parametrize(("dialect", "less"), [("full", "strict"), ("strict", "object"), ("object", "none")])
@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_the_schema_ends_the_run_with_its_words_and_the_mend(
    pack: Pack, dialect: str, less: str, status: int
) -> None:
    with pytest.raises(WarmlineError) as raised:
        write(pack, fails(status, UNKNOWN), items=3, schema_dialect=dialect)
    told = str(raised.value)
    assert f"does not take the schema of the replies (HTTP {status}: Invalid schema for response_format" in told
    assert told.endswith(f"write schema_dialect: {less} into its settings (docs/write.md)")
    assert len(told) < 400
    assert "\n" not in told


def test_a_refusal_of_a_schema_that_was_taken_before_is_the_items_own(pack: Pack) -> None:
    outcomes, _ = write(pack, completes(dialogue(2)), fails(400, f"{UNKNOWN} by chance"), items=1)
    assert isinstance(outcomes[0], Outcome)
    again, _ = write(pack, completes(dialogue(1)), fails(400, UNKNOWN), items=1)
    assert isinstance(again[0], Failure)
    assert "minLength" in again[0].reason


def test_a_later_steps_schema_may_be_the_one_that_is_refused(empathy: Pack) -> None:
    with pytest.raises(WarmlineError, match="does not take the schema of the replies"):
        write(written_in(empathy, QUERY, REPLY), completes(turn("Hi.")), fails(400, UNKNOWN))


@pytest.mark.parametrize(
    ("dialect", "form"),
    [("full", "json_schema"), ("strict", "json_schema"), ("object", "json_object"), ("none", None)],
)
def test_a_server_is_told_of_the_schema_what_it_knows_and_the_reply_is_checked_all_the_same(
    pack: Pack, dialect: str, form: str | None
) -> None:
    (outcome,), asked = write(pack, completes(dialogue(1)), completes(dialogue(2)), schema_dialect=dialect)
    assert written(outcome).failed_tries == ("1 exchanges instead of 2",)
    sent = asked[0].body.get("response_format")
    assert (sent["type"] if isinstance(sent, dict) else None) == form
    assert (
        ("maxLength" in json.dumps(asked[0].body)) == ("maxItems" in json.dumps(asked[0].body)) == (dialect == "full")
    )


def test_json_in_a_code_block_is_read_where_the_server_knows_no_schema(pack: Pack) -> None:
    block = f"```json\n{dialogue(2)}\n```"
    (outcome,), _ = write(pack, completes(block), schema_dialect="none")
    assert written(outcome).failed_tries == ()
    (outcome,), _ = write(pack, completes(block), completes(dialogue(2)))
    assert written(outcome).failed_tries[0].startswith("no JSON")


def key(pack: Pack, commission: Commission | None = None, **settings: JsonValue) -> str:
    return WriteStage(Backend(backend="openai", settings={"model": "m", **settings}), pack).key(commission or item())


def test_texts_depend_on_model_steps_and_options_but_not_on_where_they_are_made(pack: Pack) -> None:
    elsewhere = key(pack, base_url="http://127.0.0.1:9/v1", key_variable="OTHER_KEY")
    slower = key(pack, requests=3, timeout=9.0, patience=9.0, tries=9, schema_dialect="strict")
    assert elsewhere == slower == key(pack)
    others = [
        key(pack, model="other"),
        key(pack, extra_body={"top_k": 1}),
        key(written_in(pack, QUERY, REPLY)),
        key(pack, item(text_seed=2)),
    ]
    assert len({key(pack), *others}) == 5


def test_other_words_in_the_phrasebook_write_nothing_anew(pack: Pack) -> None:
    situation = item().situation.model_copy(update={"opening": ("Other words.",)})
    assert key(pack, item().model_copy(update={"situation": situation})) == key(pack)


def test_settings_are_checked(pack: Pack) -> None:
    with pytest.raises(ValidationError, match="messages, stream cannot be set here"):
        Settings(model="m", extra_body={"stream": True, "messages": []})
    with pytest.raises(ValidationError, match="Field required"):
        Settings.model_validate({})
    with pytest.raises(UsageError, match="has no writing steps"):
        openai_chat.build(Settings(model="m"), pack.model_copy(update={"writing": None}))
