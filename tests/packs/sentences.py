"""Sentences in English and Chinese for the loopback server: no model, and no two talks alike."""

import re
from random import Random
from typing import cast

from pydantic import JsonValue

_EMOTIONS = {
    "难过": "sad",
    "开心": "happy",
    "兴奋": "excited",
    "生气": "angry",
    "无奈": "frustrated",
    "害怕": "fearful",
    "惊讶": "surprised",
    "嫌恶": "disgusted",
    "平静": "calm",
}
_STRENGTH = re.compile(r"(?:Only slightly|Very strongly|Strongly)[^.]*\.$")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ALOUD = (
    *("table", "window", "garden", "river", "letter", "morning", "summer", "kitchen", "station", "corner"),
    *("paper", "winter", "sister", "button", "village", "basket", "number", "weather", "market", "evening"),
)


WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "sentence": (
            "{when} {who} put {what} {where}.",
            "{who} found {what} {where} {when}.",
            "There was {what} {where}, and {who} came by {when}.",
            "So {who} left {what} {where}?",
            "What did {who} do with {what} {where}?",
        ),
        "who": (
            *("the cousin", "the neighbor", "our teacher", "the driver", "an old friend", "the baker", "the boss"),
            *("the doctor", "that tall man", "the new tenant"),
        ),
        "what": (
            *("the blue cup", "a wet coat", "the last ticket", "two boxes", "the spare key", "a note", "the lamp"),
            *("a red umbrella", "the old radio", "three chairs"),
        ),
        "where": (
            *("by the stairs", "on the table", "in the car", "behind the door", "at the market", "under the bench"),
            *("next to the stove", "in the yard", "on the shelf", "at the station"),
        ),
        "when": (
            *("this morning", "after lunch", "on Sunday", "last night", "before the rain", "late in the evening"),
            *("a week ago", "at noon", "in the spring", "just now"),
        ),
    },
    "zh": {
        "sentence": (
            "{when}{who}把{what}放在{where}了。",
            "{who}{when}在{where}找到了{what}。",
            "{where}有{what}，{when}{who}来过。",
            "{who}是{when}把{what}忘在{where}的吗？",
            "{who}后来拿{where}的{what}怎么办呢？",
        ),
        "who": (
            *(
                "姐姐",
                "隔壁的大叔",
                "班主任",
                "司机师傅",
                "老同学",
                "面包店的人",
                "领导",
                "医生",
                "那个高个子",
                "新来的租客",
            ),
        ),
        "what": (
            *(
                "那只蓝杯子",
                "湿外套",
                "最后一张票",
                "两个箱子",
                "备用钥匙",
                "一张纸条",
                "台灯",
                "红雨伞",
                "旧收音机",
                "三把椅子",
            ),
        ),
        "where": ("楼梯口", "饭桌上", "车里", "门后面", "菜市场", "长椅底下", "炉子旁边", "院子里", "架子上", "火车站"),
        "when": (
            "今天早上",
            "吃完午饭",
            "星期天",
            "昨天夜里",
            "下雨以前",
            "很晚的时候",
            "上个星期",
            "中午",
            "春天",
            "刚才",
        ),
    },
}
"""What a language's sentences are made of: every other word is the user's, those between are the assistant's."""

_SLOTS = ("who", "what", "where", "when")


def reply(schema: JsonValue, prompt: str, draw: Random) -> JsonValue:
    """What the schema asks for, in the language that the prompt names."""
    language = "zh" if "Mandarin Chinese" in prompt else "en"
    parts = cast("dict[str, dict[str, JsonValue]]", cast("dict[str, JsonValue]", schema)["properties"])
    if "exchanges" in parts:
        count = int(cast("int", parts["exchanges"]["minItems"]))
        sides = {side: _turns(language, place, count, draw) for place, side in enumerate(("user", "assistant"))}
        return {"exchanges": [{side: turns[number] for side, turns in sides.items()} for number in range(count)]}
    given: dict[str, JsonValue] = {"reasoning": "Which of it can be heard?"} if "reasoning" in parts else {}
    if "emotion" in parts:
        given["emotion"] = draw.choice(cast("list[JsonValue]", parts["emotion"]["enum"]))
    return given | {"text": _turns(language, int("reasoning" in parts), 1, draw)[0]}


def _turns(language: str, side: int, count: int, draw: Random) -> list[str]:
    """Sentences without a word in common, nor with those of the other side."""
    words = WORDS[language]
    patterns = draw.sample(words["sentence"], count)
    slots = {slot: draw.sample(words[slot][side::2], count) for slot in _SLOTS}
    said = [pattern.format(**{slot: slots[slot][n] for slot in _SLOTS}) for n, pattern in enumerate(patterns)]
    return [one[0].upper() + one[1:] for one in said]


def aloud(text: str) -> str:
    """What is spoken for a text: itself, or an English word for every two Chinese characters.

    >>> aloud("On Sunday."), len(aloud("昨天夜里下雨了。").split())
    ('On Sunday.', 4)
    """
    signs = [ord(sign) for sign in _CHINESE.findall(text)]
    if not signs:
        return text
    return " ".join(_ALOUD[sum(signs[place : place + 2]) % len(_ALOUD)] for place in range(0, len(signs), 2)) + "."


def emotion_words(instruction: str) -> str:
    """An instruction in English: of a Chinese one the emotion that it names, and how strongly it is meant.

    >>> emotion_words("用难过的语气说。 Strongly so.")
    'Speak sad. Strongly so.'
    """
    if not _CHINESE.search(instruction):
        return instruction
    named = {instruction.index(word): emotion for word, emotion in _EMOTIONS.items() if word in instruction}
    strength = _STRENGTH.search(instruction)
    return f"Speak {named[min(named)]}. {strength.group() if strength else ''}".strip()
