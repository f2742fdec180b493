"""Does what was typed hold personal data? The person is told which kind; it is never repeated."""

from __future__ import annotations

import re
from typing import Final

_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.ASCII)
_DIGITS: Final = re.compile(r"(?<![\w.])\+?\d(?:[ .()-]{0,2}\d){6,22}(?![\w])", re.ASCII)
_PRI: Final = re.compile(r"\b(?:pri|cidp)\b\D{0,12}\d{3}[ -]?\d{3}[ -]?\d{2,3}\b", re.IGNORECASE)
_MOST: Final = 2_000
_SIN: Final = 9
_CARD: Final = range(13, 20)
_PHONE: Final = (10, 11)


def personal_data(text: str) -> tuple[str, ...]:
    """Return the kinds of personal data in a text: ``email phone pri sin card``.

    Social insurance numbers and payment cards are known by their check digit, phone numbers by the
    North American plan. Only the first 2,000 letters are looked at.
    """
    text = text[:_MOST]
    found = []
    if _EMAIL.search(text):
        found.append("email")
    if _PRI.search(text):
        found.append("pri")
        text = _PRI.sub(" ", text)
    for match in _DIGITS.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if len(digits) == _SIN and digits[0] not in "08" and _checks(digits):
            found.append("sin")
        elif len(digits) in _CARD and _checks(digits):
            found.append("card")
        elif _is_phone(digits):
            found.append("phone")
    return tuple(dict.fromkeys(found))


def _is_phone(digits: str) -> bool:
    """Whether digits are a number of the North American plan, with or without the 1 in front."""
    if len(digits) not in _PHONE or (len(digits) == _PHONE[1] and digits[0] != "1"):
        return False
    area, exchange = digits[-10], digits[-7]
    return area not in "01" and exchange not in "01"


def _checks(digits: str) -> bool:
    """Whether the last digit is the check digit of the others, by Luhn."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 two digits are added up
    return total % 10 == 0
