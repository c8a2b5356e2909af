"""Numbers that carry their own proof: payment cards, bank accounts, national ids."""

_CHINESE_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def is_card(digits: str) -> bool:
    """13 to 19 digits with a right last one (Luhn, ISO/IEC 7812-1).

    >>> is_card("4242424242424242"), is_card("4242424242424241")
    (True, False)
    """
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 * (number > 9) for number in doubled) % 10 == 0


def is_iban(number: str) -> bool:
    """Country, check digits and account without spaces (ISO 13616: remainder 1 by 97).

    >>> is_iban("DE89370400440532013000"), is_iban("DE88370400440532013000")
    (True, False)
    """
    if not 15 <= len(number) <= 34:
        return False
    return int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97 == 1


def is_chinese_id(number: str) -> bool:
    """18 digits, or 17 and an X, with a right last one (GB 11643).

    >>> is_chinese_id("11010519491231002X"), is_chinese_id("110105194912310021")
    (True, False)
    """
    total = sum(weight * int(digit) for weight, digit in zip(_CHINESE_WEIGHTS, number, strict=False))
    return "10X98765432"[total % 11] == number[17].upper()


def is_spanish_id(number: str) -> bool:
    """Eight digits and the letter that follows from them.

    >>> is_spanish_id("12345678Z"), is_spanish_id("12345678A")
    (True, False)
    """
    return _DNI_LETTERS[int(number[:8]) % 23] == number[8].upper()


def is_french_id(digits: str) -> bool:
    """13 digits of the social security number and their key.

    >>> is_french_id("255081416802538"), is_french_id("255081416802539")
    (True, False)
    """
    return 97 - int(digits[:13]) % 97 == int(digits[13:])
