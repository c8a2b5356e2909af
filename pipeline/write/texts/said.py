"""A turn as the checks read it: without tags, folded, in words and sentences."""

import re
from collections.abc import Collection, Sequence
from functools import cached_property

from schemas.dialogue import Dialogue, Turn
from schemas.scores import UNSPACED
from schemas.voice import Role

_TOKEN = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007\u3040-\u30ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
    r"|[^\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007\u3040-\u30ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
    r"(?:'[^\W\d_]+)*"
)
_SENTENCE_END = re.compile(r"[.!?…。！？\n]+")


def folded(text: str) -> str:
    """Lower case, straight apostrophes: what patterns and comparisons read."""
    return text.lower().replace("’", "'").replace("‘", "'")


def tokens(text: str) -> list[str]:
    """The words of a folded text, without punctuation; single characters where a script writes no spaces.

    >>> tokens("so, i don't know: 我不知道")
    ['so', 'i', "don't", 'know', '我', '不', '知', '道']
    """
    return _TOKEN.findall(text)


def unit_of(language: str) -> str:
    """What the words of a turn are counted in.

    >>> unit_of("en"), unit_of("zh-TW")
    ('words', 'characters')
    """
    return "characters" if language.partition("-")[0] in UNSPACED else "words"


def in_tokens(words: int, language: str) -> int:
    """How many tokens stand for so many words: characters are more than words (3 for 2).

    >>> in_tokens(4, "en"), in_tokens(4, "zh"), in_tokens(13, "zh")
    (4, 6, 20)
    """
    return (3 * words + 1) // 2 if language in UNSPACED else words


class Said:
    """One turn. `text` is without the sounds that a pack allows ([laughter]); `folded` is for patterns."""

    def __init__(self, number: int, turn: Turn, tags: Collection[str]) -> None:
        text = turn.text
        for tag in tags:
            if f"[{tag}]" in text:
                text = text.replace(f"[{tag}]", " ")
        self.number, self.role, self.text = number, turn.role, text
        self.folded = folded(text)

    @property
    def by_user(self) -> bool:
        """Whose turn it is."""
        return self.role is Role.USER

    @cached_property
    def tokens(self) -> list[str]:
        """Its words, as `tokens` has them."""
        return [word for sentence in self.sentences for word in sentence]

    @cached_property
    def sentences(self) -> list[list[str]]:
        """The words of each of its sentences."""
        return [words for part in _SENTENCE_END.split(self.folded) if (words := tokens(part))]

    def piece(self, match: re.Match[str]) -> str:
        """What a match in `folded` looks like in the text itself."""
        return self.text[slice(*match.span())] if len(self.text) == len(self.folded) else match.group()


def hear(dialogue: Dialogue, tags: Collection[str] = ()) -> Sequence[Said]:
    """The turns of a dialogue for the checks."""
    return [Said(number, turn, tags) for number, turn in enumerate(dialogue.turns)]
