"""What a person reads in a card, a dialog or a message: plain lines in reading order."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from tests.teams.state import Json, Message, Shown, inputs_of, walk

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_HIDDEN = 0xE000
"""An escaped sign is moved out of the way, so that it marks nothing."""
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")
_MARK = re.compile(r"(?<!\w)([*_]{1,3})(\S(?:.*?\S)?)\1(?!\w)", re.DOTALL)
_ITEM = re.compile(r"^ *(?:[-*+]|\d+\.) +")
Surface = Shown | Message | Json


def text(surface: Surface) -> str:
    return "\n".join(lines(surface))


def lines(surface: Surface) -> list[str]:
    """Titles and words as they read; `( )` and `[ ]` before choices, `[ words ]` for buttons."""
    filled = surface.filled if isinstance(surface, Shown) else {}
    found: list[str] = []
    if isinstance(surface, Shown) and surface.title:
        found.append(f"== {surface.title} ==")
    if not isinstance(surface, dict) and surface.text:
        from_bot = surface if isinstance(surface, Message) else surface.message
        ours = from_bot is not None and from_bot.sender.startswith("28:")
        found += (plain(surface.text) if ours else surface.text).splitlines()
    for element in walk(_card(surface), hidden=False):
        found += _element(element, filled)
    return [line for line in found if line.strip()]


def buttons(surface: Surface) -> list[str]:
    """The words on all buttons that can be seen, in order."""
    return [action.get("title", "") for action in actions(_card(surface))]


def actions(content: Json, *, hidden: bool = False) -> list[Json]:
    found = walk(content, hidden=hidden)
    return [part for part in found if part.get("type", "").startswith("Action.")]


def inputs(surface: Surface) -> list[Json]:
    """The fields that can be seen, in order."""
    return inputs_of(_card(surface), hidden=False)


def links(surface: Surface) -> list[str]:
    """All addresses that a person can follow, in order, those in hidden parts too."""
    found: list[str] = []
    for element in walk(_card(surface)):
        if element.get("type") == "Action.OpenUrl":
            found.append(element["url"])
        for words in _marked(element):
            found += [_shown(m[2]) for m in _LINK.finditer(_hide(words))]
    if not isinstance(surface, dict):
        found += [_shown(m[2]) for m in _LINK.finditer(_hide(surface.text))]
    return found


def plain(words: str) -> str:
    """Markdown as it is read: links by their words, no marks, no backslashes before signs."""
    read = []
    for line in _hide(words).splitlines():
        item = _ITEM.match(line)
        rest = line[item.end() :] if item else line
        rest = _LINK.sub(r"\1", rest)
        rest = html.unescape(_MARK.sub(r"\2", _MARK.sub(r"\2", rest)))
        read.append((item[0] if item else "") + rest)
    return _shown("\n".join(read))


def _hide(words: str) -> str:
    return _ESCAPED.sub(lambda m: chr(_HIDDEN + ord(m[1])), words)


def _shown(words: str) -> str:
    return "".join(chr(ord(c) - _HIDDEN) if _HIDDEN <= ord(c) < _HIDDEN + 128 else c for c in words)


def _card(surface: Surface) -> Json:
    return surface if isinstance(surface, dict) else surface.content or {}


def _marked(element: Json) -> list[str]:
    """The texts of an element in which Markdown is read."""
    if element.get("type") == "TextBlock":
        return [element["text"]]
    if element.get("type") == "FactSet":
        return [words for fact in element["facts"] for words in (fact["title"], fact["value"])]
    return []


def _element(element: Json, filled: dict[str, str]) -> Iterator[str]:
    kind = element.get("type", "")
    if kind == "TextBlock":
        yield from plain(element["text"]).splitlines()
    elif kind == "RichTextBlock":
        runs = [run if isinstance(run, str) else run["text"] for run in element["inlines"]]
        yield from "".join(runs).splitlines()
    elif kind == "FactSet":
        yield from (f"{plain(f['title'])} {plain(f['value'])}" for f in element["facts"])
    elif kind == "Image":
        yield f"({element.get('altText', '')})"
    elif kind.startswith("Action."):
        yield f"[ {element.get('title', '')} ]"
    elif kind.startswith("Input."):
        yield from _input(element, filled.get(element["id"], ""))


def _input(element: Json, value: str) -> Iterator[str]:
    yield element.get("label", "")
    if element["type"] == "Input.Toggle":
        on = value == element.get("valueOn", "true")
        yield f"[{'x' if on else ' '}] {element['title']}"
    elif element["type"] == "Input.ChoiceSet":
        many = bool(element.get("isMultiSelect"))
        chosen = value.split(",") if many else [value]
        before, after, mark = ("[", "]", "x") if many else ("(", ")", "o")
        for choice in element["choices"]:
            sign = mark if choice["value"] in chosen else " "
            yield f"{before}{sign}{after} {choice['title']}"
    else:
        yield f"[{value or element.get('placeholder') or '____'}]"
