# ruff: noqa: E501 -- a pattern is easier to read whole
"""What leads to a real person: telephone numbers, addresses, cards, accounts, national ids; also when spelled."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pipeline.write.texts.checksums import is_card, is_chinese_id, is_french_id, is_iban, is_spanish_id
from pipeline.write.texts.fault import TextFault, quoted
from pipeline.write.texts.said import Said
from pipeline.write.texts.spelled_digits import is_counting, spelled_runs
from schemas.scores import UNSPACED
from schemas.text_rules import TextRules

_LEAST_DIGITS = 7
_MOST_DIGITS = 15

_NUMBERS: Sequence[tuple[str, re.Pattern[str], Callable[[str], bool]]] = (
    ("account", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"), is_iban),
    ("national id", re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?!\w)"), is_chinese_id),
    ("national id", re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"), bool),
    (
        "national id",
        re.compile(r"\b(?![DFIQUV]|BG|GB|NK|KN|TN|NT|ZZ)[A-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"),
        bool,
    ),
    ("national id", re.compile(r"\b\d{8}-?[A-HJ-NP-TV-Z]\b"), is_spanish_id),
    ("national id", re.compile(r"\b[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]\b"), bool),
    (
        "national id",
        re.compile(r"(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\d)"),
        is_french_id,
    ),
    ("card", re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d])"), is_card),
)
_PHONE = re.compile(
    r"(?<![\w.,$€£¥/-])(?<!\d )(?:\+ ?)?\(?\d(?:[ ./-]{0,2}[()]?[ ./-]?\d){6,14}(?!\w|[ .,:/()-]{0,2}\d)"
)
_NO_PHONE = re.compile(
    r"(?:19|20)\d\d ?[-–/] ?(?:19|20)\d\d|\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}"
    r"|(?:19|20)\d{6}|\d{1,3}(?: \d{3})+|\d{1,3}(?:\.\d{3})+|[1-9]\d{6,8}"
)
"""Years from–to, dates, large numbers; plain numbers of seven to nine digits without a separator."""
_TOLL_FREE = re.compile(r"\+?1?8(?:00|33|44|55|66|77|88)\d{7}|[48]00\d{7}|0800\d{6,7}|00800\d{8}")
"""Numbers of services, hotlines among them: nobody's own."""

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SPELLED_MAIL = re.compile(
    r"(?<!')\b(?!(?:works?|worked|working|is|was|am|are|look(?:ed)?|shop(?:ped)?|bought|order(?:ed)?|it|him|her|me|them|job|people) at )"
    r"[a-z0-9]+(?:(?: dot | underscore |\.)[a-z0-9]+)* at [a-z]+(?: dot [a-z]+)* dot (?:com|org|net|edu|co|io|uk|de|fr|cn)\b"
)

_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_UNITS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
_STREETS = ("Street", "St.", "Avenue", "Ave", "Road", "Rd", "Lane", "Drive", "Boulevard", "Blvd", "Crescent", "Terrace")
_DIGIT = re.compile(r"\d")
_DIGITS = tuple("0123456789")
_ADDRESSES: Mapping[str, tuple[Sequence[str], re.Pattern[str]]] = {
    "en": (
        _STREETS,
        re.compile(
            rf"(?<![\d.,:])\b(?:\d{{1,5}}|(?:at|to|near|is|from|by|number|outside) (?i:(?:(?:{_UNITS}|{_TENS})[ -](?:hundred )?(?:and )?)*(?:{_UNITS}|{_TENS}|hundred)))[a-d]?,? "
            rf"(?:(?:North|South|East|West|[NSEW]\.) )?(?:[A-Z][a-z]+ ){{1,3}}(?:{'|'.join(map(re.escape, _STREETS))})(?!\w)"
        ),
    ),
    "de": (_DIGITS, re.compile(r"\b[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|gasse|allee|weg|platz) \d{1,4}\b")),
    "nl": (_DIGITS, re.compile(r"\b[A-Z][a-z]+(?:straat|laan|weg|plein|gracht|kade) \d{1,4}\b")),
    "fr": (_DIGITS, re.compile(r"\b\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|chemin|allée|impasse) (?:d\w+ |de la |des |du |d'|l')?[A-ZÉÈ]\w+")),
    "es": (_DIGITS, re.compile(r"\b(?i:calle|avenida|paseo|plaza) (?:de (?:la |los |las )?|del )?[A-ZÁÉÍÓÚ]\w+(?: [A-ZÁÉÍÓÚ]\w+)*,? (?:número )?\d{1,4}\b")),
    "it": (_DIGITS, re.compile(r"\b(?i:via|viale|corso|piazza|vicolo) (?:d\w+ )?[A-ZÀÈÉ]\w+(?: [A-ZÀÈÉ]\w+)*,? \d{1,4}\b")),
    "pt": (_DIGITS, re.compile(r"\b(?i:rua|avenida|travessa|praça) (?:d[aeo]s? )?[A-ZÁÉÍÓÚ]\w+(?: (?:d[aeo]s? )?[A-ZÁÉÍÓÚ]\w+)*,? (?:número )?\d{1,5}\b")),
    "zh": (
        ("号", "弄"),
        re.compile(r"[\u4e00-\u9fff]{2,6}(?:路|街|大道|胡同|巷|弄)(?:[\d０-９]{1,5}|[零〇一二三四五六七八九十百]{1,6})(?:号|弄)(?!线|楼梯|公交|车)"),
    ),
}  # fmt: skip
"""By language: signs that there may be one, which are quick to look for, and what one looks like."""


def personal_data_faults(said: Sequence[Said], language: str, rules: TextRules) -> Iterator[TextFault]:
    """One fault for each kind of personal data in a turn."""
    if not rules.personal_data:
        return
    for one in said:
        for what, piece in _found(one, language):
            yield TextFault(one.number, "personal_data", f"{quoted(piece)} looks like {what}")


def _found(one: Said, language: str) -> Iterator[tuple[str, str]]:
    text = one.text
    if "@" in text and (mail := _MAIL.search(text)):
        yield "an e-mail address", mail[0]
    if " dot " in one.folded and (mail := _SPELLED_MAIL.search(one.folded)):
        yield "an e-mail address", one.piece(mail)
    if language in _ADDRESSES:
        signs, pattern = _ADDRESSES[language]
        if any(sign in text for sign in signs) and (address := pattern.search(text)):
            yield "somebody's address", address[0]
    if _DIGIT.search(text):
        yield from _numbers(text)
    for digits, words in spelled_runs(one.tokens, language, _LEAST_DIGITS):
        if not is_counting(digits) and not _TOLL_FREE.fullmatch(digits):
            kind = "a card number" if is_card(digits) else "a telephone number"
            yield kind, ("" if language in UNSPACED else " ").join(words)


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    for what, pattern, proof in _NUMBERS:
        for found in pattern.finditer(text):
            if proof(re.sub(r"[\s-]", "", found[0])):
                yield f"{'an' if what == 'account' else 'a'} {what} number", found[0]
                return
    for found in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS and not (
            _NO_PHONE.fullmatch(found[0]) or is_counting(digits) or _TOLL_FREE.fullmatch(digits)
        ):
            yield "a telephone number", found[0]
            return
