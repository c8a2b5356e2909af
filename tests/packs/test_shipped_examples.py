"""The examples in the prompts keep the rules that the prompts ask for, and those of the text checks."""

import re

from pipeline.config.run import shipped
from pipeline.write.texts.judge import judge
from schemas.dialogue import Dialogue, Turn
from schemas.text_rules import TextRules
from schemas.voice import Role
from tests.packs.shipping import briefs, pack

FELT = {
    "高兴": "happy",
    "害怕": "fearful",
    "兴奋": "excited",
    "happy": "happy",
    "fearful": "fearful",
    "neutral": "neutral",
}


def template(name: str, file: str) -> str:
    return (shipped(name) / "writing" / file).read_text(encoding="utf-8")


def faults(language: str, *texts: str) -> list[str]:
    """What the text checks say of a talk."""
    roles = (Role.USER, Role.ASSISTANT)
    turns = [Turn(role=roles[n % 2], text=text, emotion="neutral", intensity=1.0) for n, text in enumerate(texts)]
    return [fault.message for fault in judge(Dialogue(turns=tuple(turns)), language, TextRules())]


def language_of(text: str) -> str:
    return "zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"


def test_good_answers_of_empathy_pass_the_text_checks() -> None:
    system = template("empathy", "dialogue-system.jinja")
    english = re.findall(r'The user says: "(.+)"\n- Not so: ".+"\n- But so: "(.+)"', system)
    chinese = re.findall(r"用户说：“(.+)”\n- 不好：“.+”\n- 好：“(.+)”", system)
    assert (len(english), len(chinese)) == (3, 2)
    for said, answer in english + chinese:
        assert faults(language_of(said), said, answer) == [], answer


def test_tasks_shown_to_opens2s_pass_the_text_checks_and_no_two_are_alike() -> None:
    prompt = template("opens2s", "query-prompt.jinja")
    pools = prompt[prompt.index("{% set others") : prompt.index("{% set pool")]
    tasks = re.findall(r'^ +"(.+)",$', pools, flags=re.MULTILINE)
    assert len(tasks) == len(set(tasks)) == 2 * 4 * 11
    for task in tasks:
        answer = "好，我听着呢。" if language_of(task) == "zh" else "All right, go on."
        assert faults(language_of(task), task, answer) == [], task


def test_tasks_are_shown_for_every_family_and_language() -> None:
    prompt = template("opens2s", "query-prompt.jinja")
    families = {brief.situation.partition("_")[0] for brief in briefs("opens2s", 2000)}
    for family in families:
        assert len(re.findall(rf'^    "{family}": \[$', prompt, flags=re.MULTILINE)) == 2, family


def test_answers_shown_to_opens2s_pass_the_text_checks_in_an_emotion_that_is_open() -> None:
    system = template("opens2s", "reply-system.jinja")
    found = []
    said = ""
    for line in system.splitlines():
        if heading := re.fullmatch(r'"(.+)"|- 例：“(.+)”', line):
            said = heading[1] or heading[2]
        elif shown := re.fullmatch(r'- an? .+, (\w+): (\w+)\. "(.+)"| +.+，(.+)：(\w+)。“(.+)”', line):
            felt, emotion, answer = shown.groups()[:3] if shown[1] else shown.groups()[3:]
            found.append((said, FELT[felt], emotion, answer))
    assert len(found) == 10
    for query, felt, emotion, answer in found:
        assert emotion in pack("opens2s").reply_emotions[felt], answer
        assert faults(language_of(query), query, answer) == [], answer
        assert len(answer) <= 240, answer
