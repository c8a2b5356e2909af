"""Whether a text is in its brief's language: by script, and among Latin languages by their small words."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from pipeline.write.texts.fault import TextFault, quoted
from pipeline.write.texts.function_words import LANGUAGE_OF, LANGUAGES
from pipeline.write.texts.said import Said
from schemas.text_rules import TextRules

_RANGES = {
    "Han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007",
    "Kana": "\u3040-\u30fa\u30fc-\u30ff",
    "Hangul": "\uac00-\ud7af\u1100-\u11ff\u3130-\u318f",
    "Cyrillic": "\u0400-\u052f",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Arabic": "\u0620-\u064a\u066e-\u06d3\u0750-\u077f",
    "Hebrew": "\u05d0-\u05ea",
    "Thai": "\u0e01-\u0e4e",
    "Devanagari": "\u0900-\u0963",
    "Bengali": "\u0980-\u09e3",
    "Latin": "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
}
_SCRIPTS = {name: re.compile(f"[{characters}]+") for name, characters in _RANGES.items()}
_WEIGHTS = dict.fromkeys(_RANGES, 1) | {"Han": 3, "Kana": 2, "Hangul": 3}
"""Letters of other scripts that a sign is worth: a Han character is about as much speech as three Latin letters."""

_USES: dict[str, tuple[str, ...]] = {
    "zh": ("Han",),
    "yue": ("Han",),
    "ja": ("Kana", "Han"),
    "ko": ("Hangul",),
    "el": ("Greek",),
    "he": ("Hebrew",),
    "th": ("Thai",),
    "bn": ("Bengali",),
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "kk"), ("Cyrillic",)),
    **dict.fromkeys(("ar", "fa", "ur"), ("Arabic",)),
    **dict.fromkeys(("hi", "mr", "ne"), ("Devanagari",)),
    **dict.fromkeys(
        (
            *sorted(LANGUAGES),
            *(
                "ca",
                "cs",
                "cy",
                "da",
                "et",
                "eu",
                "fi",
                "ga",
                "gl",
                "hr",
                "hu",
                "id",
                "is",
                "lt",
                "lv",
                "ms",
                "no",
                "pl",
            ),
            *("ro", "sk", "sl", "sq", "sv", "sw", "tl", "tr", "vi"),
        ),
        ("Latin",),
    ),
}
_LEAST_FOREIGN = 12
"""So many letters (by weight) of another script decide; fewer are a name, a brand, an OK."""
_LEAST_WORDS = 3
"""So many small words of another language decide."""


def language_faults(said: Sequence[Said], language: str, rules: TextRules) -> Iterator[TextFault]:
    """Turns in another language; else the dialogue as a whole, where no turn alone is long enough to tell."""
    if not rules.language:
        return
    total: list[str] = []
    found = False
    for one in said:
        wrong = _other_script(one.text, language)
        if not wrong and language in LANGUAGES:
            small_words = [LANGUAGE_OF[word] for word in one.tokens if word in LANGUAGE_OF]
            total += small_words
            wrong = _other_language(small_words, language)
        if wrong:
            found = True
            yield TextFault(one.number, "language", f"not in {language} but in {wrong}: {quoted(one.text)}")
    if not found and (wrong := _other_language(total, language)):
        yield TextFault(None, "language", f"not in {language} but in {wrong}")


def _other_script(text: str, language: str) -> str:
    """The script a text is in, if most of it is in another than its language's."""
    if language not in _USES or (_USES[language] == ("Latin",) and text.isascii()):
        return ""
    letters = {name: sum(map(len, script.findall(text))) for name, script in _SCRIPTS.items()}
    if language in ("zh", "yue") and letters["Kana"] >= 4 and 4 * letters["Kana"] > letters["Han"]:
        return "Japanese (kana)"
    if language == "ja" and letters["Han"] >= _LEAST_FOREIGN and not letters["Kana"]:
        return "Chinese (no kana)"
    weights = {name: count * _WEIGHTS[name] for name, count in letters.items()}
    own = sum(weights[name] for name in _USES[language])
    foreign = sum(weights.values()) - own
    if foreign < _LEAST_FOREIGN or foreign <= own:
        return ""
    others = {name: weight for name, weight in weights.items() if name not in _USES[language]}
    return f"{max(others, key=lambda name: others[name])} script"


def _other_language(small_words: Sequence[str], language: str) -> str:
    """The language that most of the small words belong to, if it is clearly another."""
    own = small_words.count(language)
    if len(small_words) - own < max(_LEAST_WORDS, 2 * own + 1):
        return ""
    other, count = Counter(small_words).most_common(1)[0]
    return other if count >= max(_LEAST_WORDS, 2 * own + 1) else ""
