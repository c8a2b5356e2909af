import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.chat import Ask, BadReplyError, Reply
from pipeline.engine.errors import UsageError
from pipeline.engine.failure import Failure
from pipeline.engine.refusal import ItemRefusedError
from pipeline.write import composing, phrasebook
from pipeline.write.composing import Composer
from pipeline.write.replies import Shape, spoken
from pipeline.write.writer import Commission, Member
from schemas.brief import Character, Kind
from schemas.dialogue import Usage, Written
from schemas.pack import Pack, Situation, WritingStep
from schemas.text_rules import TextRules
from schemas.voice import Age, Gender, Role
from tests.write.chats import DIALOGUE, QUERY, REPLY, dialogue, written_in

COST = Usage(requests=1, prompt_tokens=10, cached_tokens=8, completion_tokens=5)


def item(turns: int = 4, text_seed: int = 1) -> Commission:
    return Commission(
        language="en",
        kind=Kind.DIALOGUE,
        situation=Situation(id="keys", about="Keys are lost.", emotions={"sad": 1.0}, opening=("I lost them.",)),
        user=Character(gender=Gender.FEMALE, age=Age.YOUNG, emotion="sad", intensity=0.8),
        assistant=Character(gender=Gender.MALE, age=Age.ADULT, emotion="neutral", intensity=1.0),
        turns=turns,
        text_seed=text_seed,
    )


class Model:
    """A model that gives these texts, one a request, the last for ever; it keeps what it was asked."""

    def __init__(self, *replies: str | Reply | Exception) -> None:
        self.replies = replies
        self.asked: list[Ask] = []

    async def complete(self, ask: Ask) -> Reply:
        self.asked.append(ask)
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Reply) else Reply(reply, "stop", usage=COST)


def compose(
    pack: Pack, model: Model, *steps: WritingStep, tries: int = 3, of: Commission | None = None
) -> Written | Failure:
    composer = Composer.of(written_in(pack, *(steps or (DIALOGUE,))), tries)
    return asyncio.run(composer.compose(of or item(), model.complete))


def texts(written: Written | Failure) -> list[str]:
    assert isinstance(written, Written), written
    return [turn.text for turn in written.dialogue.turns]


def test_one_reply_makes_a_dialogue_with_the_briefs_emotions(empathy: Pack) -> None:
    written = compose(empathy, Model(dialogue(2)))
    assert texts(written) == ["I am well, 0.", "So well.", "I am well, 1.", "So well."]
    assert isinstance(written, Written)
    turns = written.dialogue.turns
    assert [turn.role for turn in turns] == [Role.USER, Role.ASSISTANT] * 2
    assert [(turn.emotion, turn.intensity) for turn in turns[:2]] == [("sad", 0.8), ("neutral", 1.0)]
    assert (written.usage, written.failed_tries, written.reasoning) == (COST, (), ())


def test_a_request_says_the_steps_words_and_asks_for_the_dialogues_shape(empathy: Pack) -> None:
    model = Model(dialogue(2))
    compose(empathy, model)
    (ask,) = model.asked
    assert [message.role for message in ask.messages] == ["system", "user"]
    assert ask.messages[0].content == "You write talks in English, at most 400 characters a turn."
    assert ask.messages[1].content == "2 exchanges about: Keys are lost."
    assert (ask.temperature, ask.top_p, ask.max_tokens) == (0.9, 1.0, 1024)
    text = {"type": "string", "minLength": 1, "maxLength": 400}
    assert ask.schema == {
        "type": "object",
        "properties": {
            "exchanges": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"user": text, "assistant": text},
                    "required": ["user", "assistant"],
                    "additionalProperties": False,
                },
                "minItems": 2,
                "maxItems": 2,
            }
        },
        "required": ["exchanges"],
        "additionalProperties": False,
    }


BAD = [
    (Reply(dialogue(2), "length"), "cut off at max_tokens"),
    (Reply("", "stop"), "empty (finish_reason stop)"),
    (Reply("", "no choices"), "empty (finish_reason no choices)"),
    (Reply(" \n ", ""), "empty (finish_reason none)"),
    (Reply("", "stop", refusal="I can't\nhelp with that."), "refused: I can't help with that."),
    (Reply("", "content_filter"), "refused: content_filter"),
    (Reply(dialogue(2)[:-9], "stop"), "no JSON: "),
    (Reply(f"```json\n{dialogue(2)}\n```", "stop"), "no JSON: "),
    (Reply(dialogue(2).replace("well", "we\x07ll"), "stop"), "no JSON: "),
    (Reply(dialogue(2).replace("well", "we\\u0007ll"), "stop"), "a control character: U+0007"),
    (Reply(dialogue(2).replace("well", "we\\u200bll"), "stop"), "a control character: U+200B"),
    (Reply(dialogue(2).replace("well", "we\\ud800ll"), "stop"), "no JSON: "),
    (Reply(dialogue(1), "stop"), "1 exchanges instead of 2"),
    (Reply(dialogue(3), "stop"), "3 exchanges instead of 2"),
    (Reply('{"exchanges": []}', "stop"), "0 exchanges instead of 2"),
    (Reply('{"turns": []}', "stop"), "not the shape asked for: exchanges"),
    (Reply('{"exchanges": [{"user": "Hi", "assistant": 3}]}', "stop"), "not the shape asked for: exchanges.0.assist"),
    (Reply(dialogue(2)[:-1] + ', "title": "x"}', "stop"), "not the shape asked for: title"),
    (Reply(dialogue(2).replace("So well.", "*nods*"), "stop"), "a sign that nobody speaks: '*'"),
    (Reply(dialogue(2).replace("So well.", "(laughs) So."), "stop"), "a sign that nobody speaks: '('"),
    (Reply(dialogue(2).replace("So well.", "So \U0001f600"), "stop"), "a sign that nobody speaks: "),
    (Reply(dialogue(2).replace("So well.", "... !"), "stop"), "a turn with nothing to speak"),
    (Reply(dialogue(2).replace("So well.", "so " * 200), "stop"), "a turn of 599 characters, more than 400"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=range(len(BAD)))
def test_a_bad_reply_is_a_failed_try_with_its_reason_and_asked_for_again(
    empathy: Pack, bad: Reply, reason: str
) -> None:
    model = Model(bad, dialogue(2))
    written = compose(empathy, model)
    assert len(texts(written)) == 4
    assert isinstance(written, Written)
    assert len(written.failed_tries) == 1
    assert written.failed_tries[0].startswith(reason)
    assert "\n" not in written.failed_tries[0]
    assert written.usage.requests == 2
    assert model.asked[0].seed != model.asked[1].seed
    assert model.asked[0].messages == model.asked[1].messages


def test_when_no_try_does_the_reason_counts_them_and_the_cost_is_kept(empathy: Pack) -> None:
    model = Model("no", Reply(dialogue(2), "length", usage=COST), "no")
    assert compose(empathy, model) == Failure(
        "no usable dialogue in 3 tries: 2× no JSON: Invalid JSON: expected ident at line 1 column 2, "
        "1× cut off at max_tokens",
        spent=COST + COST + COST,
    )
    assert len(model.asked) == 3


def test_an_item_that_the_server_refuses_has_failed_with_what_was_spent(empathy: Pack) -> None:
    model = Model("no", ItemRefusedError("HTTP 400: too long"))
    assert compose(empathy, model) == Failure("HTTP 400: too long", spent=COST)


def test_seeds_depend_on_the_brief_and_the_try_alone(empathy: Pack) -> None:
    first, again, other = Model("no"), Model("no"), Model("no")
    compose(empathy, first)
    compose(empathy, again)
    compose(empathy, other, of=item(text_seed=2))
    seeds = [ask.seed for ask in first.asked]
    assert seeds == [ask.seed for ask in again.asked]
    assert not set(seeds) & {ask.seed for ask in other.asked}
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)


def turn(text: str, reasoning: str | None = None) -> str:
    return json.dumps(({} if reasoning is None else {"reasoning": reasoning}) | {"text": text})


def test_query_and_reply_are_asked_for_by_turns_each_with_what_was_said_before(empathy: Pack) -> None:
    model = Model(turn("I lost them."), turn("Oh no.", "sad"), turn("Again."), turn("Again?", "ask"))
    written = compose(empathy, model, QUERY, REPLY)
    assert texts(written) == ["I lost them.", "Oh no.", "Again.", "Again?"]
    assert isinstance(written, Written)
    assert written.reasoning == ("sad", "ask")
    assert written.usage.requests == 4
    assert [ask.messages[0].content for ask in model.asked] == ["You are the user.", "You listen."] * 2
    assert [ask.messages[1].content for ask in model.asked] == [
        "Keys are lost. Turn 1:",
        "Keys are lost. They say: I lost them.",
        "Keys are lost. user: I lost them. assistant: Oh no. Turn 2:",
        "Keys are lost. user: I lost them. assistant: Oh no. They say: Again.",
    ]
    assert [ask.temperature for ask in model.asked] == [1.1, 0.9, 1.1, 0.9]
    assert len({ask.seed for ask in model.asked}) == 4
    assert list(model.asked[1].schema["properties"]) == ["reasoning", "text"]  # type: ignore[arg-type]


def test_each_reply_has_tries_of_its_own(empathy: Pack) -> None:
    model = Model("no", "no", turn("I lost them."), "no", "no", turn("Oh no.", ""))
    written = compose(empathy, model, QUERY, REPLY, of=item(turns=2))
    assert isinstance(written, Written)
    assert len(written.failed_tries) == 4
    failed = compose(empathy, Model(turn("I lost them."), "no"), QUERY, REPLY, of=item(turns=2))
    assert isinstance(failed, Failure)
    assert failed.reason.startswith("no usable reply in 3 tries: 3× no JSON")


def test_reasoning_is_asked_for_and_kept_apart_or_not_allowed(empathy: Pack) -> None:
    thinking = DIALOGUE.model_copy(update={"reasoning": True})
    with_reasoning = json.dumps({"reasoning": "Let me\nsee.", **json.loads(dialogue(2))})
    written = compose(empathy, Model(with_reasoning), thinking)
    assert isinstance(written, Written)
    assert written.reasoning == ("Let me\nsee.",)
    assert isinstance(compose(empathy, Model(dialogue(2)), thinking), Failure)
    assert isinstance(compose(empathy, Model(with_reasoning)), Failure)


def test_what_a_server_kept_apart_as_reasoning_is_kept_too(empathy: Pack) -> None:
    written = compose(empathy, Model(Reply(dialogue(2), "stop", reasoning="Hm.")))
    assert isinstance(written, Written)
    assert written.reasoning == ("Hm.",)


def test_a_prompt_that_cannot_be_rendered_costs_its_item(empathy: Pack) -> None:
    step = DIALOGUE.model_copy(update={"prompt": "{{ 1 / (turns - 4) }}"})
    failed = compose(empathy, Model(dialogue(2)), step)
    assert isinstance(failed, Failure)
    assert failed.reason == "a prompt cannot be rendered: division by zero"


def test_a_text_depends_on_its_brief_but_not_on_the_phrasebooks_words() -> None:
    def with_situation(**changes: object) -> Commission:
        return item().model_copy(update={"situation": item().situation.model_copy(update=changes)})

    assert composing.reads(with_situation(opening=("Other words.",), weight=5.0)) == composing.reads(item())
    assert composing.reads(with_situation(about="Another thing.")) != composing.reads(item())
    assert composing.reads(item(text_seed=9)) != composing.reads(item())


def test_all_texts_depend_on_the_steps_as_they_come_out(empathy: Pack) -> None:
    pack = written_in(empathy, DIALOGUE)
    same = pack.model_copy(update={"languages": {"en": 3.0}, "phrasebook": None})
    assert composing.identity(same) == composing.identity(pack)
    more = pack.model_copy(update={"languages": {"en": 1.0, "de": 1.0}})
    assert composing.identity(more) != composing.identity(pack)  # its system message names the languages
    hotter = written_in(empathy, DIALOGUE.model_copy(update={"temperature": 1.0}))
    assert composing.identity(hotter) != composing.identity(pack)
    assert composing.identity(written_in(empathy, DIALOGUE, longest_turn=300)) != composing.identity(pack)


def test_a_pack_without_writing_is_an_error_that_says_so(empathy: Pack) -> None:
    with pytest.raises(UsageError, match="the pack empathy has no writing steps"):
        Composer.of(empathy.model_copy(update={"writing": None}), tries=1)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  I am\n\n all\tears. ", "I am all ears."),
        ("Un\u00a0ami, ça va\u202f?", "Un ami, ça va ?"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("我很难过。", "我很难过。"),
        ("It's 20 °C – really, it is… “no”, 5 & 6!", "It's 20 °C – really, it is… “no”, 5 & 6!"),
    ],
)
def test_white_space_is_evened_out_and_spoken_text_left_as_it_is(text: str, kept: str) -> None:
    assert spoken(text, 400) == kept


@given(st.text(max_size=60))
def test_whatever_a_model_says_is_kept_fit_to_be_spoken_or_refused(text: str) -> None:
    try:
        kept = spoken(text, 40)
    except BadReplyError:
        return
    assert kept == spoken(kept, 40)
    assert 0 < len(kept) <= 40
    assert any(map(str.isalnum, kept))
    assert not set(kept) & set("*[]{}<>#`()\n\r\t\x00\x07\u200b\ufffd")
    assert "  " not in kept
    assert kept == kept.strip()


JSONS: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["exchanges", "user", "assistant", "text", "reasoning"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSONS.map(json.dumps) | st.text(max_size=40), st.sampled_from([None, 1, 2]), st.booleans())
def test_any_reply_is_read_as_its_shape_or_refused_with_a_reason(
    text: str, exchanges: int | None, reason: bool
) -> None:
    try:
        said = Shape(exchanges, 40, reason).read(Reply(text))
    except BadReplyError as error:
        told = str(error)
    else:
        told = f"{len(said.turns)} turns"
        assert len(said.turns) == (1 if exchanges is None else 2 * exchanges)
    assert told
    assert "\n" not in told


def test_white_space_around_a_reply_does_not_matter() -> None:
    shape = Shape(exchanges=1, longest=40, reasoning=True)
    text = '{"reasoning": "r", "exchanges": [{"user": "a", "assistant": "b"}]}'
    assert shape.read(Reply(text)) == shape.read(Reply(f" {text}\n"))


def test_a_reply_names_how_it_is_spoken_among_what_the_pack_allows(empathy: Pack) -> None:
    named = REPLY.model_copy(update={"names_emotion": True, "reasoning": False})
    shouted = '{"emotion": "angry", "text": "Well, well."}'
    model = Model('{"text": "My keys are gone."}', shouted, '{"emotion": "sad", "text": "Both of them?"}')
    written = compose(empathy, model, QUERY, named, of=item(turns=2))
    assert isinstance(written, Written)
    assert [turn.emotion for turn in written.dialogue.turns] == ["sad", "sad"]
    assert written.failed_tries == ("names the emotion 'angry', none of sad, neutral",)
    assert model.asked[1].schema["required"] == ["emotion", "text"]


def test_a_contrast_set_is_one_query_and_a_reply_for_each_member(empathy: Pack) -> None:
    voices = {"gender": Gender.FEMALE, "age": Age.YOUNG, "intensity": 1.0}
    sides = [
        Member(user=Character(emotion=user, **voices), assistant=Character(emotion=reply, **voices))
        for user, reply in (("happy", "happy"), ("sad", "neutral"))
    ]
    replies = ['{"reasoning": "Glad.", "text": "Wonderful."}', '{"reasoning": "Not glad.", "text": "Oh no."}']
    model = Model('{"text": "I got the letter."}', *replies)
    asking = REPLY.model_copy(update={"prompt": "{{ query }} ({{ user_emotion }}, {{ members | length }} members)"})
    set_of_two = item(turns=2).model_copy(update={"members": tuple(sides)})
    written = compose(empathy, model, QUERY, asking, of=set_of_two)
    assert isinstance(written, Written)
    assert [[turn.text for turn in one.turns] for one in written.members] == [
        ["I got the letter.", "Wonderful."],
        ["I got the letter.", "Oh no."],
    ]
    assert [[turn.emotion for turn in written.of(n).turns] for n in (0, 1)] == [["happy", "happy"], ["sad", "neutral"]]
    assert [ask.messages[1].content for ask in model.asked[1:]] == [
        "I got the letter. (happy, 2 members)",
        "I got the letter. (sad, 2 members)",
    ]


def test_an_arcs_emotions_reach_the_turns(empathy: Pack) -> None:
    moving = item().model_copy(update={"user": item().user.model_copy(update={"path": ("sad", "happy")})})
    written = compose(empathy, Model(dialogue(2)), of=moving)
    assert isinstance(written, Written)
    assert [turn.emotion for turn in written.dialogue.turns] == ["sad", "neutral", "happy", "neutral"]


def test_what_the_packs_rules_find_in_a_reply_is_a_failed_try(empathy: Pack) -> None:
    strict = written_in(empathy, QUERY, REPLY).model_copy(update={"texts": TextRules()})
    replies = [
        '{"text": "I keep setting out two cups."}',
        '{"reasoning": "r", "text": "As an AI language model, I have no cups."}',
        '{"reasoning": "r", "text": "Two cups. Who was the other one for?"}',
    ]
    written = asyncio.run(Composer.of(strict, 3).compose(item(turns=2), Model(*replies).complete))
    assert texts(written) == ["I keep setting out two cups.", "Two cups. Who was the other one for?"]
    assert isinstance(written, Written)
    (why,) = written.failed_tries
    assert why.startswith("refusals: ")


def test_a_deliverys_tags_may_stand_in_a_reply_and_no_others() -> None:
    assert spoken("[laughter] Well.", 40, frozenset({"laughter"})) == "[laughter] Well."
    with pytest.raises(BadReplyError, match="a sign that nobody speaks"):
        spoken("[cough] Well.", 40, frozenset({"laughter"}))
    with pytest.raises(BadReplyError, match="nothing to speak"):
        spoken("[laughter]", 40, frozenset({"laughter"}))


def sounding(pack: Pack, *steps: WritingStep, **tags: tuple[str, ...]) -> Pack:
    """The pack, written in these steps, with sounds in the deliveries of these emotions."""
    own = {name: pack.deliveries[name].model_copy(update={"tags": sounds}) for name, sounds in tags.items()}
    return written_in(pack, *steps).model_copy(update={"deliveries": {**pack.deliveries, **own}})


def composed(pack: Pack, model: Model, of: Commission) -> Written:
    written = asyncio.run(Composer.of(pack, 3).compose(of, model.complete))
    assert isinstance(written, Written), written
    return written


def test_a_sound_in_a_turn_whose_emotion_has_others_is_a_failed_try_that_names_it(empathy: Pack) -> None:
    pack = sounding(empathy, DIALOGUE, sad=("sigh",), happy=("laughter",))
    good = dialogue(2).replace("I am well, 0", "[sigh] I am well, 0")
    written = composed(pack, Model(good.replace("[sigh]", "[laughter]"), good.replace("So", "[sigh] So"), good), item())
    assert written.failed_tries == (
        "tags: [laughter] is no sound of sad, which has [sigh]",
        "tags: [sigh] is no sound of neutral, which has none",
    )
    assert written.dialogue.turns[0].text == "[sigh] I am well, 0."


def test_sounds_of_a_reply_are_those_of_the_emotion_that_it_names(empathy: Pack) -> None:
    named = REPLY.model_copy(update={"names_emotion": True, "reasoning": False, "prompt": "{{ reply_tags }}"})
    pack = sounding(empathy, QUERY, named, sad=("sigh",), neutral=("breath",))
    replies = [f'{{"emotion": "{emotion}", "text": "[sigh] Both?"}}' for emotion in ("neutral", "sad")]
    model = Model('{"text": "My keys are gone."}', *replies)
    written = composed(pack, model, item(turns=2))
    assert written.failed_tries == ("tags: [sigh] is no sound of neutral, which has [breath]",)
    assert model.asked[1].messages[1].content == "{'sad': ('sigh',), 'neutral': ('breath',)}"


def test_the_query_of_a_contrast_set_holds_no_sound_that_one_of_its_members_has_not(empathy: Pack) -> None:
    sides = {"gender": Gender.FEMALE, "age": Age.YOUNG, "intensity": 1.0}
    members = [
        Member(user=Character(emotion=user, **sides), assistant=Character(emotion="neutral", **sides))
        for user in ("happy", "sad")
    ]
    pack = sounding(empathy, QUERY, REPLY.model_copy(update={"reasoning": False}), happy=("laughter",), sad=("sigh",))
    model = Model('{"text": "[laughter] It came."}', '{"text": "It came."}', '{"text": "Oh."}', '{"text": "Well."}')
    written = composed(pack, model, item(turns=2).model_copy(update={"members": tuple(members)}))
    assert written.failed_tries == ("tags: [laughter] is no sound of sad, which has [sigh]",)


def test_a_turn_far_off_its_length_is_a_failed_try_that_says_what_was_asked(empathy: Pack) -> None:
    short = item(turns=2).model_copy(update={"words": (2, 4)})
    replies = [json.dumps({"exchanges": [{"user": "I am lost.", "assistant": said}]}) for said in ("So " * 9, "So so.")]
    written = compose(empathy, Model(*replies), of=short)
    assert isinstance(written, Written)
    assert written.failed_tries == ("length: 9 words, asked for 2 to 4 (with length_tolerance 1.5 that is 2 to 6)",)


def test_a_texts_key_depends_on_the_sounds_of_its_emotions_and_of_those_a_reply_may_name(empathy: Pack) -> None:
    named = REPLY.model_copy(update={"names_emotion": True})
    plain = composing.identity(sounding(empathy, QUERY, named))
    assert composing.identity(sounding(empathy, QUERY, named, neutral=("breath",))) != plain
    assert composing.identity(sounding(empathy, QUERY, named, fearful=("breath",))) == plain  # no reply is fearful
    assert composing.identity(sounding(empathy, DIALOGUE, sad=("sigh",))) == composing.identity(
        sounding(empathy, DIALOGUE)
    )
    sounds = item().model_copy(update={"tags": {"sad": ("sigh",)}})
    assert composing.reads(sounds) != composing.reads(item())
    assert phrasebook.reads(sounds) == phrasebook.reads(item())
