"""How are the few marks of our words written for Teams? As Markdown, everything else escaped.

A card's text knows bold, italics, lists and links. What could be read as one of them, as a tag or
an entity gets a backslash, which every Teams client drops again. Brackets stay as they are but
where a link could begin: the numbers of sources stand in them. Blanks in a row are one, since four
begin code and two at the end of a line break it. What a person typed is never written at all.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_FORMATTING: Final = re.compile(
    r"(?m)[\\*`<]|~(?=~)"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|&(?=#?\w+;)"
    r"|(?<=\])[(\[:]"
    r"|^ ?>|^ ?[-+#=:|](?=[\s\-#=:|]|$)"
    r"|^ ?\d{1,9}[.)](?=\s|$)"
)
_BLANKS: Final = re.compile(r"[ \t]+")
_ENTITY: Final = re.compile(r"&(?=#?\w+;)")
_BRACES: Final = re.compile(r"(?<=\{)(?=\{)")
"""Where a letter of no width goes: two braces together would begin a function."""

_IN_ADDRESS: Final = str.maketrans(
    {"(": "%28", ")": "%29", " ": "%20", "<": "%3C", ">": "%3E", "\\": "%5C"}
)


@lru_cache(maxsize=16384)
def literal(text: str) -> str:
    """Return words without marks as Markdown that shows just them: no format, no link."""
    calm = _BRACES.sub("\u2060", _BLANKS.sub(" ", text.replace("\r", "\n")))
    return _FORMATTING.sub(_escaped, calm)


@lru_cache(maxsize=16384)
def link(address: str, words: str) -> str:
    """Return a link; its words may not hold a format of their own."""
    return f"[{literal(words).replace('[', '(').replace(']', ')')}]({_address(address)})"


def bullet(text: str) -> str:
    """Return an item of a list; lines of its own stay within it."""
    return "- " + text.replace("\n\n", "\n\n  ")


def below(rows: list[str]) -> str:
    """Return rows one below the other; the items of a list stay together."""
    found: list[str] = []
    for row in rows:
        if found:
            items = row.startswith("- ") and found[-1].startswith("- ")
            found.append("\n" if items else "\n\n")
        found.append(row)
    return "".join(found)


def _address(address: str) -> str:
    return _ENTITY.sub(r"\\&", address.translate(_IN_ADDRESS))


def _escaped(found: re.Match[str]) -> str:
    return f"{found[0][:-1]}\\{found[0][-1]}"
