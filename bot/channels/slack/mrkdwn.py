"""How are the few marks of our words written for Slack? As mrkdwn, everything else escaped.

mrkdwn has no escape for ``*``, ``_``, ``~`` and the backtick, so a letter of no width is put
beside one that stands in the words themselves. Bare addresses become no links, since our texts
are sent as ``verbatim``. What a person typed is never written at all.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_FORMATTING: Final = re.compile(r"(?m)^>|[*~`]|(?<![^\W_])_|_(?![^\W_])|:(?=[\w+'-]+:)")
_WORD_JOINER: Final = "\u2060"


@lru_cache(maxsize=16384)
def literal(text: str) -> str:
    """Return words without marks as mrkdwn that shows just them: no format, link or mention."""
    calm = _FORMATTING.sub(lambda found: f"{_WORD_JOINER}{found[0]}{_WORD_JOINER}", text)
    return calm.translate(_ESCAPES)


def escape(text: str) -> str:
    """Return ``text`` with the three letters escaped that Slack reads as markup."""
    return text.translate(_ESCAPES)


def link(address: str, words: str) -> str:
    """Return a link; its words may not hold a format of their own."""
    return f"<{address.translate(_ESCAPES).replace('|', '%7C')}|{literal(words)}>"
