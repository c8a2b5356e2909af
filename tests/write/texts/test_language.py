"""A turn in another language is found; a loan word, a name and a short text are not."""

import pytest

from schemas.text_rules import TextRules
from tests.write.texts.dialogues import faults

SENTENCES = {
    "en": "I just can't believe that she left without saying a word to me.",
    "de": "Ich kann einfach nicht glauben, dass sie ohne ein Wort gegangen ist.",
    "fr": "Je ne peux pas croire qu'elle est partie sans me dire un mot.",
    "es": "No puedo creer que ella se fue sin decirme nada, y ahora estoy muy triste.",
    "it": "Non posso credere che lei sia andata via senza dirmi niente, sono così triste.",
    "pt": "Eu não acredito que ela foi embora sem me dizer nada, e agora estou muito triste.",
    "nl": "Ik kan het niet geloven dat ze zonder een woord is weggegaan.",
    "zh": "我真不敢相信她一句话都没说就走了。",
    "ja": "彼女が何も言わずに行ってしまったなんて、信じられない。",
    "ko": "그녀가 아무 말도 없이 떠났다는 걸 믿을 수가 없어요.",
    "ru": "Я просто не могу поверить, что она ушла, не сказав ни слова.",
    "ar": "لا أستطيع أن أصدق أنها رحلت دون أن تقول كلمة واحدة.",
}


@pytest.mark.parametrize("text_language", SENTENCES)
@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_passes_in_its_own_language_only(language: str, text_language: str) -> None:
    found = faults(SENTENCES[text_language], language=language)
    assert [one.check for one in found] == ([] if language == text_language else ["language"])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "我今天在KTV唱了三个小时，太嗨了，OK吗？"),
        ("zh", "Bye bye!"),
        ("en", "Grandma taught me to fold 饺子 on Sundays."),
        ("en", "Oh la la, c'est la vie!"),
        ("en", "Hmm."),
        ("en", "Pizza Margherita, per favore!"),
        ("fr", "Le burn-out, c'est pas cool, tu sais, je suis au bout."),
        ("ja", "東京大学合格！"),
        ("de", "Okay, cool!"),
        ("xx", "Anything at all goes for a language that is not known."),
    ],
)
def test_loan_words_names_and_short_texts_pass(language: str, text: str) -> None:
    assert not faults(text, language=language)


def test_turns_too_short_to_tell_are_told_together() -> None:
    found = faults("Das ist gut.", "Und dann?", "Ich nicht.", "Ja, genau.", language="en")
    assert [(one.turn, one.check) for one in found] == [(None, "language")]


def test_the_check_can_be_turned_off() -> None:
    assert not faults(SENTENCES["de"], rules=TextRules(language=False))
