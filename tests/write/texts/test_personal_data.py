"""What leads to a person is found, also when spelled; dates, prices and counting are not."""

import pytest

from schemas.text_rules import TextRules
from tests.write.texts.dialogues import faults

PERSONAL = {
    "en": {
        "Call me, five five five, one two three, four oh nine.": "telephone",
        "It's double five one two, three four five.": "telephone",
        "Call me at (555) 123-4567.": "telephone",
        "My number is +44 20 7946 0958.": "telephone",
        "Write to ann.smith@mail.example please": "e-mail",
        "It's ann smith at mail dot com.": "e-mail",
        "I live at 221 Baker Street.": "address",
        "We moved to forty-two Maple Avenue.": "address",
        "She lives at one hundred and twelve North Oak Road.": "address",
        "The card is 4242 4242 4242 4242.": "card",
        "four two four two four two four two four two four two four two four two": "card",
        "Send it to DE89 3704 0044 0532 0130 00.": "account",
        "My social is 219-09-9999.": "national id",
        "My number is AB 12 34 56 C.": "national id",
    },
    "zh": {
        "我的电话是幺三八零零一三八零零零。": "telephone",
        "打给我，13912345678。": "telephone",
        "我住在中山北路一百二十号。": "address",
        "身份证是11010519491231002X。": "national id",
    },
    "de": {"Ich wohne in der Lindenstraße 12.": "address", "null eins sieben sechs drei zwo acht": "telephone"},
    "fr": {"J'habite 12 rue de la Paix.": "address"},
    "es": {"Vivo en la calle Mayor, 12.": "address", "Mi DNI es 12345678Z.": "national id"},
    "it": {"Abito in via Garibaldi 12.": "address"},
    "pt": {"Moro na rua Augusta, 120.": "address"},
    "nl": {"Ik woon in de Kerkstraat 12.": "address"},
}
HARMLESS = {
    "en": (
        "It was on the twenty-third of May.",
        "One, two, three, four, five, six, seven, eight, breathe.",
        "Ten, nine, eight, seven, six, five, four, three, two, one, zero!",
        "From 1990-1995 I lived there, until 2024-05-23.",
        "The house costs 1,250,000 dollars, or 1 250 000.",
        "Fourteen hundred people came on 12/05/2023.",
        "Call nine eight eight, or one eight hundred two seven three eight two five five.",
        "I met him two blocks down Maple Street.",
        "We strolled along Fifth Avenue for one hour.",
        "At seven Lane called me back.",
        "I looked at that dot on the map at noon.",
        "One of the two, maybe three or four of them, five at most.",
        "It's order number 4242 4242 4242 4241 0.",
    ),
    "zh": (
        "一二三四五六七，深呼吸。",
        "二零二四年五月二十三号见。",
        "我坐三号线去南京路。",
        "打四零零八二零八八二零就行。",
    ),
}


@pytest.mark.parametrize(("language", "text"), [(key, text) for key, lines in PERSONAL.items() for text in lines])
def test_what_leads_to_a_person_is_found(language: str, text: str) -> None:
    rules = TextRules(spoken=False, digits=True, language=False)
    found = [fault for fault in faults(text, language=language, rules=rules) if fault.check == "personal_data"]
    assert len(found) == 1
    assert PERSONAL[language][text] in found[0].message


@pytest.mark.parametrize(("language", "text"), [(key, text) for key, lines in HARMLESS.items() for text in lines])
def test_what_leads_to_nobody_passes(language: str, text: str) -> None:
    rules = TextRules(spoken=False, digits=True, language=False, repetition=None)
    assert not faults(text, language=language, rules=rules)


def test_the_check_can_be_turned_off() -> None:
    assert not faults("It's five five five one two three four oh.", rules=TextRules(personal_data=False))
