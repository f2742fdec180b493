"""What a person reads in a view, a message or a home: plain lines in reading order."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from tests.slack.state import Json, Message, Surface, View, elements_of, offered

_LINK = re.compile(r"<((?:https?|mailto|tel):[^|>]+)(?:\|([^>]*))?>")
_MARK = re.compile(r"(?<![\w*_~`])([*_~`])(\S(?:.*?\S)?)\1(?![\w*_~`])")


def text(surface: Surface) -> str:
    return "\n".join(lines(surface))


def lines(surface: Surface) -> list[str]:
    """Titles and words as they read; `( )` and `[ ]` before options, `[ words ]` for buttons."""
    found: list[str] = []
    if isinstance(surface, View) and surface.type == "modal":
        found.append(f"== {plain(surface.payload['title'])} ==")
    for block in surface.blocks:
        found += _block(surface, block)
        if block["block_id"] in surface.errors:
            found.append(f"! {surface.errors[block['block_id']]}")
    if not surface.blocks and isinstance(surface, Message):
        found += plain({"type": "mrkdwn", "text": surface.text}).splitlines()
    if isinstance(surface, View) and surface.type == "modal":
        ends = [surface.payload.get(key) for key in ("close", "submit")]
        found.append(" ".join(f"[ {plain(end)} ]" for end in ends if end))
    return [line for line in found if line.strip()]


def buttons(surface: Surface) -> list[str]:
    """The words on all buttons, in order."""
    found = [e for block in surface.blocks for e in elements_of(block) if e["type"] == "button"]
    return [plain(button["text"]) for button in found]


def options(surface: Surface, block_id: str | None = None) -> list[str]:
    """The words of all options that may be picked, in order."""
    blocks = surface.blocks if block_id is None else [surface.block(block_id)]
    return [plain(o["text"]) for b in blocks for e in elements_of(b) for o in offered(e)]


def links(surface: Surface) -> list[str]:
    """All addresses that a person can follow, in order."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("url"), str):
                found.append(value["url"])
            if value.get("type") == "mrkdwn":
                found.extend(html.unescape(m[1]) for m in _LINK.finditer(value["text"]))
            for key, part in value.items():
                if key != "url":
                    walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(surface.blocks)
    return found


def plain(said: Json) -> str:
    """The words of a text object as they are read."""
    words = str(said["text"])
    if said["type"] == "mrkdwn":
        words = _LINK.sub(lambda m: m[2] or m[1], words)
        words = _MARK.sub(r"\2", _MARK.sub(r"\2", words))
    return html.unescape(words)


def _block(surface: Surface, block: Json) -> Iterator[str]:
    kind = block["type"]
    if kind == "header":
        yield f"# {plain(block['text'])}"
    elif kind == "divider":
        yield "---"
    elif kind == "context":
        yield " ".join(
            e["alt_text"] if e["type"] == "image" else plain(e) for e in block["elements"]
        )
    elif kind == "rich_text":
        yield from _rich_lines(block["elements"])
    elif kind == "input":
        yield plain(block["label"]) + (" (optional)" if block.get("optional") else "")
        yield from _element(surface, block, block["element"])
        if "hint" in block:
            yield plain(block["hint"])
    elif kind == "image":
        yield f"({block['alt_text']})"
    else:
        if "text" in block:
            yield from (
                plain(block["text"]) if isinstance(block["text"], dict) else block["text"]
            ).splitlines()
        for part in block.get("fields", []):
            yield from plain(part).splitlines()
        for element in elements_of(block):
            yield from _element(surface, block, element)


def _element(surface: Surface, block: Json, element: Json) -> Iterator[str]:
    kind = element["type"]
    filled = surface.filled.get(block["block_id"], {}).get(element["action_id"], {})
    if kind == "button":
        yield f"[ {plain(element['text'])} ]"
        return
    if kind.endswith("_input"):
        yield f"[{filled.get('value') or '____'}]"
        return
    chosen = [filled["selected_option"]] if filled.get("selected_option") else []
    chosen += filled.get("selected_options") or []
    before, after, mark = ("[", "]", "x") if "options" in str(list(filled)) else ("(", ")", "o")
    if "placeholder" in element and not chosen:
        yield f"< {plain(element['placeholder'])} >"
    for option in offered(element):
        told = f" — {plain(option['description'])}" if "description" in option else ""
        sign = mark if option in chosen else " "
        start = "..." if kind == "overflow" else f"{before}{sign}{after}"
        yield f"{start} {plain(option['text'])}{told}"


def _rich_lines(elements: list[Json]) -> Iterator[str]:
    for element in elements:
        if element["type"] == "rich_text_list":
            for item in element["elements"]:
                yield "- " + _spans(item["elements"])
        else:
            before = "> " if element["type"] == "rich_text_quote" else ""
            yield from (before + line for line in _spans(element["elements"]).splitlines())


def _spans(elements: list[Json]) -> str:
    return "".join(str(e.get("text") or e.get("url") or e.get("name", "")) for e in elements)


def block_of(surface: Surface, name: str) -> str:
    """The field of the surface whose block_id begins with a name."""
    return next(b["block_id"] for b in surface.blocks if b["block_id"].startswith(f"{name}:"))
