"""What open recognisers write for the same speech is the same text; what was said otherwise is not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.score.wording import error_rates, plain

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def spoken(number: int) -> str:
    """The number in words, as it is said in British English."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{_ONES[number // 100]} hundred" + (f" and {spoken(number % 100)}" if number % 100 else "")
    rest = number % 1000
    return f"{spoken(number // 1000)} thousand" + (f" {'and ' if rest < 100 else ''}{spoken(rest)}" if rest else "")


def time_spoken(hour: int, minute: int) -> str:
    if minute == 0:
        return f"{spoken(hour)} o'clock"
    return f"{spoken(hour)} {'oh ' if minute < 10 else ''}{spoken(minute)}"


def rates(said: str, heard: str, language: str = "en") -> tuple[float, float]:
    return error_rates(said, heard, language, open_vocabulary=True)


@given(st.integers(0, 999_999))
def test_a_number_in_words_is_the_number_in_digits(number: int) -> None:
    said = f"I counted {spoken(number)} of them."
    assert rates(said, f"i counted {number} of them") == (0.0, 0.0)
    assert rates(said, f"I counted {number:,} of them!") == (0.0, 0.0)


@given(st.integers(1, 12), st.integers(0, 59))
def test_a_time_in_words_is_the_time_in_digits(hour: int, minute: int) -> None:
    said = f"It's {time_spoken(hour, minute)}, and you're still awake."
    assert rates(said, f"It's {hour}:{minute:02}, and you're still awake.") == (0.0, 0.0)
    if minute == 0:
        assert rates(said, f"It's {hour} o'clock and you are still awake.") == (0.0, 0.0)


@given(st.integers(1, 99), st.integers(1, 99))
def test_another_number_is_an_error(said: int, heard: int) -> None:
    rate = rates(f"I counted {spoken(said)} of them.", f"I counted {heard} of them.")[0]
    assert rate == pytest.approx(0.0 if said == heard else 1 / 5)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Oh, one more thing.", "Oh, 1 more thing."),
        ("Oh no! Oh, two of them?", "oh no oh 2 of them"),
        ("Well… oh… I don't know...", "Well, oh, I don't know."),
        ("My favourite colour is grey.", "My favorite color is gray."),
        ("I was (honestly) scared.", "I was honestly scared."),
        ("I'm gonna be okay, I can't complain.", "I am going to be OK. I cannot complain."),
        ("Two, three days, ten, twenty!", "2, 3 days. 10, 20."),
        ("At seven thirty p.m.", "At 7:30 PM."),
        ("It cost a hundred dollars.", "It cost $100."),
        ("He's on room one oh one, agent double oh seven.", "He's on room 101, agent 007."),
        ("Minus five degrees, ninety per cent.", "-5 degrees, 90%."),
        ("Send an e-mail any time.", "Send an email anytime."),
        ("[laughter] It was <strong>so</strong> good<|endofprompt|>.", "It was so good."),
        ("That's alright.", "That is all right."),
        ("Hmm, I see.", "I see."),
        ("Mm-hmm.", "Mhm."),
        ("nine eleven", "9/11"),
    ],
)
def test_other_spellings_of_the_same_speech_are_no_errors(said: str, heard: str) -> None:
    assert rates(said, heard) == (0.0, 0.0)
    assert rates(heard, said)[0] == 0.0


@pytest.mark.parametrize(
    ("said", "heard", "wer"),
    [
        ("My cat died on Monday.", "My cat died on Sunday.", 1 / 5),
        ("My cat died on Monday.", "My cat died.", 2 / 5),
        ("I'm so sorry.", "I am so happy.", 1 / 4),
        ("It's two o'clock.", "It's ten o'clock.", 1 / 4),
        ("Mm-hmm.", "", 1.0),
        ("Mm-hmm.", "Thank you.", 2.0),
        ("Oh no!", "", 1.0),
    ],
)
def test_other_speech_counts(said: str, heard: str, wer: float) -> None:
    assert rates(said, heard)[0] == pytest.approx(wer)


_TRICKY = (
    "oh o one ten twenty hundred thousand million and point double half a minus percent dollars cents $5 05 007 1,000 "
    "3.5 .5 5. … ... 9/11 7:30 7:00 p.m. second twenties one's 's ½ ² ٣ (x) [y] um mm-hmm o'clock €3 £ % -5 1/2 20th"
)


@given(st.text() | st.lists(st.sampled_from(_TRICKY.split())).map(" ".join), st.sampled_from(["en", "fr", "ja"]))
def test_no_text_breaks_the_rules_and_each_is_itself(text: str, language: str) -> None:
    if any(map(str.isalnum, unicodedata.normalize("NFKC", plain(text)))):
        assert rates(text, text, language) == (0.0, 0.0)
    else:
        with pytest.raises(ValueError, match="no word"):
            rates(text, text, language)


@pytest.mark.parametrize(
    ("language", "said", "heard"),
    [
        ("zh", "我今年二十一岁，没事的……", "我今年 21 歲沒事的"),
        ("zh", "我们一起去吧！", "我們一起去吧"),
        ("yue", "你做咩喊？", "你做咩喊"),
        ("ja", "二十一歳です。", "21歳です"),
        ("ko", "괜찮아요, 걱정하지 마세요.", "괜찮아요 걱정하지마세요"),
        ("de", "Ich bin einundzwanzig Jahre alt.", "Ich bin 21 Jahre alt"),
        ("fr", "J’ai vingt et un ans… (enfin)", "j'ai 21 ans enfin"),
        ("es", "¡Tengo veintiún años!", "Tengo 21 años."),
        ("ru", "Ещё ёлка", "еще елка"),
        ("hi", "मैं ठीक हूँ।", "मैं ठीक हूँ"),
        ("th", "สวัสดี ครับ", "สวัสดีครับ"),
    ],
)
def test_each_language_has_its_spellings(language: str, said: str, heard: str) -> None:
    assert rates(said, heard, language)[0] == 0.0


def test_what_is_written_without_spaces_is_compared_by_characters() -> None:
    assert rates("我很难过。", "我很高兴", "zh") == (0.5, 0.5)
    assert rates("สวัสดี", "สวัสดา", "th")[0] == pytest.approx(1 / 6)


def test_marks_that_carry_vowels_stay() -> None:
    assert rates("हूँ", "हा", "hi")[0] == 1.0
