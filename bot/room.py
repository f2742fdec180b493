"""How much of a form do its parts take up, and how much may they? The same on every platform.

Counted in letters of UTF-16, as platforms count, with what stands around them where that takes up
most, and never too low. Each platform draws every form that takes up no more than ``ROOM``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.forms import Form, Part, Picked, Said, Shown, Style, Written

ROOM: Final = 11_700
"""Letters that a form takes up at most, less a sentence about a trouble that may come before it."""

_SAID: Final = 120
_LINE: Final = 90
_LINES: Final = 41
"""Lines of a quotation that may stand for themselves."""

_RUN: Final = 30
_FIELD: Final = 260
_CHOICE: Final = 30
_HINT: Final = 120
_BUTTON: Final = 150
_HIDDEN: Final = 200
_ESCAPED: Final = 4
"""What a sign in our own sentences, or in a name, may take up beside itself."""

_SIGN: Final = re.compile(r"[^\w\s]|_")
_BREAK: Final = re.compile(r"\r\n?|[\n\x0b\x0c\x85\u2028\u2029]")
_BRACES: Final = re.compile(r"(?<=\{)\{")


def taken_up(form: Form) -> int:
    """Return how many letters a form takes up."""
    buttons = [*form.buttons, *([form.main] if form.main is not None else [])]
    # What it holds goes with each button or, where that is too much, once with all of them.
    held = min(len(buttons) * len(form.held), len(form.held) + _HIDDEN)
    rows = sum(_BUTTON + _ours(one.words) + len(one.do) for one in buttons)
    return sum(map(size, form.parts)) + held + rows


def size(part: Part) -> int:
    """Return how many letters a part takes up."""
    if isinstance(part, Said):
        return _SAID + (_quoted if part.style is Style.QUOTED else _ours)(part.words)
    if isinstance(part, Shown):
        return _written(part.elements)
    around = _FIELD + len(part.name) + _ours(part.label)
    if part.hint is not None:
        around += _HINT + _ours(part.hint)
    if isinstance(part, Written):
        return around + _written(part.filled)
    return around + _chosen(part)


def _chosen(part: Picked) -> int:
    picked = sum(len(value) + 1 for value in part.picked)
    return picked + sum(_CHOICE + len(value) + _ours(words) for value, words in part.choices)


def _quoted(words: str) -> int:
    lines = min(len(_BREAK.findall(words)) + 1, _LINES)
    return _written(words) + lines * _LINE + len(_BRACES.findall(words)) * _RUN


def _ours(words: str) -> int:
    return _written(words) + len(_SIGN.findall(words)) * _ESCAPED


def _written(value: str | Sequence[Mapping[str, Any]]) -> int:
    """Return how many letters something takes up as JSON."""
    text = json.dumps(value, ensure_ascii=False)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
