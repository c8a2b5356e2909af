"""Sentences in English and Chinese for the loopback server: no model, and no two talks alike."""

import re
from pathlib import Path
from random import Random
from typing import cast

import yaml
from pydantic import JsonValue, TypeAdapter

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


def reply(schema: JsonValue, prompt: str, draw: Random) -> JsonValue:
    """What the schema asks for, in the language that the prompt names."""
    language = "zh" if "Mandarin Chinese" in prompt else "en"
    parts = cast("dict[str, dict[str, JsonValue]]", cast("dict[str, JsonValue]", schema)["properties"])
    if "reason" in parts:  # a judge's marks
        return {name: "It fits." if name == "reason" else 2 for name in parts}
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

    >>> emotion_words("用难过的语气说。这种语气要很明显。")
    'Speak sad. Strongly so.'
    """
    if not _CHINESE.search(instruction):
        return instruction
    named = {instruction.index(word): emotion for word, emotion in _EMOTIONS.items() if word in instruction}
    strength = next((words for phrase, words in _STRENGTHS.items() if phrase in instruction), "")
    return f"Speak {named[min(named)]}. {strength}".strip()
