"""What nobody says aloud is found and named; what people do say passes."""

import pytest

from pipeline.write.texts.said import hear
from schemas.text_rules import TextRules
from tests.write.texts.dialogues import checks, dialogue, faults

WRITTEN = {
    "I **really** miss her.": "'**really**' is markdown",
    "I `like` it.": "'`like`' is markdown",
    "# My day\nIt rained.": "'# My day' is markdown",
    "Look at [this](http) now.": "'[this](http)' is markdown",
    "- milk\n- bread": "'- milk' is an item of a list",
    "First this.\n2. then that": "'2. then that' is an item of a list",
    "(sighs) I know.": "'(sighs)' is a stage direction",
    "I know. *sobs quietly* Sorry.": "'*sobs quietly*' is a stage direction",
    "Well [laughs] yes.": "'[laughs]' is a stage direction",
    "（叹气）我知道。": "'（叹气）' is a stage direction",
    "【哭】我知道。": "'【哭】' is a stage direction",
    "Great 🎉 news": "'🎉' is a picture",
    "I love it ❤️ so much": "'❤️' is a picture",
    "I'm fine :)": "':)' is a smiley",
    "See https://a.example/x now": "'https://a.example/x' is an address of the net",
    "It was on cnn.com today": "'cnn.com' is an address of the net",
    "Half of it, 50 %, is gone": "'%' is a sign that nobody speaks",
    "him & her": "'&' is a sign that nobody speaks",
    "It costs a few € more": "'€' is a sign that nobody speaks",
    "Assistant: I hear you.": "'assistant:' names who speaks",
    "用户：我很难过。": "'用户：' names who speaks",
    "I'm fine. User: are you?": "'user:' names who speaks",
    "AND THEN HE LEFT me": "'AND THEN HE LEFT' is a row of capitals",
    "…!": "'…!' holds nothing to say",
    "so\u200bsad": "U+200B is an invisible character",
}
SAID = (
    "Well — I mean, it's… fine; isn't it?",
    "“No,” she said, ‘never again’.",
    "We watched R&B videos and ate at the A&W.",
    "I got an A+, and/or something like it.",
    "NASA called, and the FBI too!",
    "I'm SO HAPPY for you!",
    "Listen: I can't do it.",
    "My mantra: one day at a time.",
    "¿De verdad? ¡No me digas!",
    "好的～我明白了。",
    "他说：“我不回来了。”",
    "我在看《活着》，玛丽·居里的那本也看完了。",
    "That's so-so, half-past two, mother-in-law stuff.",
    "I said no.Then he left.",
    "– I can't.",
)


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_and_not_said_is_named(text: str) -> None:
    found = [fault.message for fault in faults(text, rules=TextRules(language=False, digits=True))]
    assert [message.lower() for message in found] == [WRITTEN[text].lower()]


@pytest.mark.parametrize("text", SAID)
def test_what_people_say_passes(text: str) -> None:
    assert not faults(text, rules=TextRules(language=False))


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("See you at 10:30 then.", "10:30"),
        ("On the 23rd of May", "23rd"),
        ("I'm 42, you know.", "42"),
        ("我今年３０岁", "３０"),
        ("下午3点见", "3"),
    ],
)
def test_numbers_are_written_out(text: str, piece: str) -> None:
    (fault,) = faults(text, rules=TextRules(language=False))
    assert fault.check == "digits"
    assert f"{piece}" in fault.message


@pytest.mark.parametrize("text", ["My MP3 player died.", "COVID-19 took her job.", "It's in 3D.", "我换了5G套餐。"])
def test_names_with_a_digit_pass(text: str) -> None:
    assert not faults(text, rules=TextRules(language=False))


def test_a_pack_may_allow_digits() -> None:
    assert not faults("See you at 10:30.", rules=TextRules(digits=True))


def test_digits_are_looked_for_when_spoken_style_is_not() -> None:
    rules = TextRules(spoken=False)
    assert checks("(sighs) At 10.", rules=rules) == {"digits"}


def test_tags_that_the_deliveries_declare_pass_and_no_others() -> None:
    text = "Well [laughter] I know. So what? [cough]"
    assert [fault.message for fault in faults(text, tags=("laughter",))] == ["'[cough]' is a stage direction"]


def test_a_tags_word_without_brackets_is_a_word() -> None:
    assert [fault.check for fault in faults("Noise **noise**.", tags=("noise",))] == ["spoken"]
    assert "noise" in hear(dialogue("Noise, all day."), ("noise",))[0].tokens


def test_one_name_before_several_turns_of_a_side_names_a_speaker() -> None:
    texts = ("Anna: I'm lost.", "Tell me.", "Anna: It's my job.", "I hear you.")
    assert [(one.turn, one.check) for one in faults(*texts)] == [(2, "spoken")]
    assert not faults("Update: it snowed.", "Oh!", "Result: no school.", "Enjoy!")
