"""Sentences in English and Chinese for the loopback server: no model, and no two talks alike."""

import re
from pathlib import Path
from random import Random
from typing import cast

import yaml
from pydantic import JsonValue, TypeAdapter

from pipeline.write.texts.said import folded, tokens

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
_STRENGTHS = {"只稍微带一点": "Only slightly so.", "要很明显": "Strongly so.", "要非常强烈": "Very strongly so."}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ALOUD = (
    *("table", "window", "garden", "river", "letter", "morning", "summer", "kitchen", "station", "corner"),
    *("paper", "winter", "sister", "button", "village", "basket", "number", "weather", "market", "evening"),
)


WORDS = TypeAdapter(dict[str, dict[str, list[str]]]).validate_python(
    yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
)
_SLOTS = ("who", "what", "where", "when")
_LENGTH = re.compile(r"has (\d+) to (\d+) (?:words|characters)\b")
_ANY = (1, 1000)


def reply(schema: JsonValue, prompt: str, draw: Random) -> JsonValue:
    """What the schema asks for, in the language that the prompt names."""
    language = "zh" if "Mandarin Chinese" in prompt else "en"
    said = _LENGTH.search(prompt)
    length = (int(said[1]), int(said[2])) if said else _ANY
    parts = cast("dict[str, dict[str, JsonValue]]", cast("dict[str, JsonValue]", schema)["properties"])
    if "reason" in parts:  # a judge's marks
        return {name: "It fits." if name == "reason" else 2 for name in parts}
    if "exchanges" in parts:
        count = int(cast("int", parts["exchanges"]["minItems"]))
        both = enumerate(("user", "assistant"))
        sides = {side: _turns(language, place, count, draw, length) for place, side in both}
        return {"exchanges": [{side: turns[number] for side, turns in sides.items()} for number in range(count)]}
    given: dict[str, JsonValue] = {"reasoning": "Which of it can be heard?"} if "reasoning" in parts else {}
    if "emotion" in parts:
        given["emotion"] = draw.choice(cast("list[JsonValue]", parts["emotion"]["enum"]))
    return given | {"text": _turns(language, int("reasoning" in parts), 1, draw, length)[0]}


def _turns(language: str, side: int, count: int, draw: Random, length: tuple[int, int]) -> list[str]:
    """Turns of about that length, with as few words in common as can be, and none with the other side's."""
    while True:
        turns = _sentences(language, side, count, draw)
        if sum(map(_size, turns)) < count * length[0]:
            turns = [" ".join(pair) for pair in zip(turns, _sentences(language, side, count, draw), strict=True)]
        if all(length[0] / 1.5 <= _size(turn) <= length[1] * 1.5 for turn in turns):
            return turns


def _sentences(language: str, side: int, count: int, draw: Random) -> list[str]:
    """One a turn, without a word in common."""
    words = WORDS[language]
    patterns = draw.sample(words["sentence"], count)
    slots = {slot: draw.sample(words[slot][side::2], count) for slot in _SLOTS}
    said = [pattern.format(**{slot: slots[slot][n] for slot in _SLOTS}) for n, pattern in enumerate(patterns)]
    return [one[0].upper() + one[1:] for one in said]


def _size(text: str) -> int:
    return len(tokens(folded(text)))


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

    >>> emotion_words("用难过的语气说。这种语气要很明显。")
    'Speak sad. Strongly so.'
    """
    if not _CHINESE.search(instruction):
        return instruction
    named = {instruction.index(word): emotion for word, emotion in _EMOTIONS.items() if word in instruction}
    strength = next((words for phrase, words in _STRENGTHS.items() if phrase in instruction), "")
    return f"Speak {named[min(named)]}. {strength}".strip()
