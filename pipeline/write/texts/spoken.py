"""Whether a text is what somebody says aloud, and not what somebody writes."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from pipeline.write.texts.fault import TextFault, quoted
from pipeline.write.texts.said import Said
from schemas.text_rules import TextRules

_UNUSUAL = re.compile(r"[^\w\s.,;:!?'\"‘’“”„‚«»…—–\-¿¡。，、；：！？「」『』《》〈〉·～・ー´]|[_\d]")
"""A text without any of these holds nothing that the patterns of `_WRITTEN` look for but lists."""

_WRITTEN: Sequence[tuple[str, re.Pattern[str]]] = (
    ("is an address of the net", re.compile(r"https?://\S+|\bwww\.\S+|[\w.+-]+@[\w-]+\.\w+")),
    (
        "is markdown",
        re.compile(
            r"\*\*[^*\n]+\*\*|(?<!\w)__[^_\n]+__|`[^`\n]+`|\[[^\]\n]*\]\([^)\n]*\)|^\s*#{1,6}\s+\S[^\n]*|^\s*>\s+\S[^\n]*"
            r"|\|[^|\n]+\|",
            re.MULTILINE,
        ),
    ),
    ("is a smiley", re.compile(r"(?<![\w:])[:;=]['’]?-?[)(DPp/\\|*]+(?!\w)|\^_*\^|<3")),
    (
        "is a stage direction",
        re.compile(
            r"\*[^*\s][^*\n]*\*|\([^()\n]*\)|（[^（）\n]*）|\[[^\[\]\n]*\]|【[^【】\n]*】|［[^［］\n]*］|\{[^{}\n]*\}|<[^<>\n]*>"
            r"|＊[^＊\n]+＊|(?<!\w)_[^_\s][^_\n]*_(?!\w)"
        ),
    ),
    ("is a picture", re.compile(r"[\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\ufe0f\U0001f000-\U0001faff]+")),
)
_INNER_DOT = re.compile(r"\.[A-Za-z]")
_HOST = re.compile(r"\b[\w-]+\.(?:com|org|net|edu|gov|io|cn)\b(?:/\S*)?", re.IGNORECASE)
_LIST = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.)、])\s+\S[^\n]*", re.MULTILINE)
_NAMED = re.compile(r"(?<![A-Za-z\d])(?:[A-Z][A-Za-z]*-?\d{1,2}[A-Z]?|\dD|\d[KG])(?![A-Za-z\d])")
"""Names that hold a digit (MP3, B12, COVID-19, 3D, 5G): engines read them right."""
_DIGITS = re.compile(r"[A-Za-z]*\d(?:[\d.,:/\-]*\d)?[A-Za-z%]*")
_READ_RIGHT = re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])|(?<=[A-Z])\+(?!\w)|(?<=[A-Z])&(?=[A-Z])")
"""Signs that engines read as people do: and/or, an A+, R&B."""
_SIGNS = frozenset("&＆#*_~^|\\<>{}[]()（）【】［］｛｝@/%％＃＊＿＠§¶†‡•°")
_JOINERS = "\u200c\u200d"
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn"}
_CAPITALS = "A-ZÀ-ÖØ-ÞА-ЯЁ"
_ROW = re.compile(rf"\b[{_CAPITALS}]{{2,}}(?:[\s'’!-]+(?:[{_CAPITALS}]{{2,}}|[IA])\b)+")
_LEAST_CAPITALS = 9
_ROLE = (
    r"user|assistant|ai|bot|chat ?bot|human|speaker(?: \w+)?|system|caller|listener|therapist|counsell?or|narrator|"
    r"patient|client|用户|助手|助理|机器人|客服|人工智能|说话人.?|系统|咨询师|旁白|[ab]|甲|乙"
)
_ROLE_NAME = re.compile(rf"(?:^|\n|[.!?。！？][\"”]?\s+)\s*(?:{_ROLE})\s*[:：]")
_NAME = re.compile(r"([A-Z][\w'-]{0,20}(?: [A-Z]\w+)?|[\u4e00-\u9fff]{2,4})\s*[:：]")


def spoken_faults(said: Sequence[Said], language: str, rules: TextRules) -> Iterator[TextFault]:  # noqa: ARG001
    """What nobody says aloud; and digits, which a check of their own forbids."""
    for one in said:
        if rules.spoken:
            yield from _written(one, digits=rules.digits)
        elif not rules.digits:
            yield from _digits(one, one.text)
    if rules.spoken:
        yield from _names(said)


def _written(one: Said, *, digits: bool) -> Iterator[TextFault]:
    text = one.text
    if "\n" in text or text.lstrip()[:1] in "-*•·" or text[:1].isdigit():
        for item in _LIST.findall(text)[:1]:
            yield _fault(one, item, "is an item of a list")
    if not one.folded.isprintable():
        yield from _invisible(one)
    if _INNER_DOT.search(text) and (host := _HOST.search(text)) and "@" not in text and "://" not in text:
        yield _fault(one, host[0], "is an address of the net")
    if row := _ROW.search(text):
        words = row[0].split()
        if len(words) >= 3 or sum(map(str.isupper, row[0])) >= _LEAST_CAPITALS:
            yield _fault(one, row[0], "is a row of capitals")
    if not any(map(str.isalnum, text)):
        yield _fault(one, text, "holds nothing to say")
    if _UNUSUAL.search(text):
        yield from _marks(one, digits=digits)


def _marks(one: Said, *, digits: bool) -> Iterator[TextFault]:
    """Each kind of mark once; what one kind has explained the next does not see."""
    text = one.text
    for what, pattern in _WRITTEN:
        if found := pattern.search(text):
            yield _fault(one, found[0], what)
            text = pattern.sub(" ", text)
    if not digits:
        yield from _digits(one, text)
    text = _READ_RIGHT.sub(" ", text)
    signs = [sign for sign in text if not sign.isalnum() and _unspoken(sign)]
    for sign in dict.fromkeys(signs):
        yield _fault(one, sign, "is a sign that nobody speaks")


def _unspoken(sign: str) -> bool:
    return sign in _SIGNS or (sign not in "´～" and unicodedata.category(sign) in ("Sm", "Sc", "Sk", "So"))


def _digits(one: Said, text: str) -> Iterator[TextFault]:
    for number in _DIGITS.finditer(_NAMED.sub(" ", text)):
        yield _fault(one, number[0], "is in digits: numbers are written out, as they are said")
        return


def _invisible(one: Said) -> Iterator[TextFault]:
    for sign in one.text:
        if unicodedata.category(sign) in _INVISIBLE and sign not in _JOINERS + "\t\n\r":
            yield TextFault(one.number, "spoken", f"U+{ord(sign):04X} is an invisible character")
            return


def _names(said: Sequence[Said]) -> Iterator[TextFault]:
    """Who speaks, written before what is said: a role, or one name before several turns of one side."""
    named: Counter[tuple[str, str]] = Counter()
    for one in said:
        if ":" not in one.text and "：" not in one.text:
            continue
        if role := _ROLE_NAME.search(one.folded):
            yield _fault(one, one.piece(role).lstrip('.!?。！？"” '), "names who speaks")
        elif name := _NAME.match(one.text):
            named[one.role, name[1]] += 1
            if named[one.role, name[1]] == 2:
                yield _fault(one, name[0], "names who speaks, as in an earlier turn")


def _fault(one: Said, piece: str, what: str) -> TextFault:
    return TextFault(one.number, "digits" if what.startswith("is in digits") else "spoken", f"{quoted(piece)} {what}")
