"""Does a payload keep to what Slack takes? Every payload passes here before it goes out.

Slack refuses the whole of a payload for one letter too many, so it is looked at beforehand. The
numbers are those of Slack's own reference; the sum over all blocks of a message is not written
there: messages of 11,000 letters were refused, so ours stay well below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

MESSAGE_BLOCKS: Final = 50
VIEW_BLOCKS: Final = 100
SUM: Final = 9_000
TEXT: Final = 3_000
_ID: Final = 255
_VALUE: Final = 2_000
_OPTION_VALUE: Final = 150
_SHORT: Final = 75
_HEADER: Final = 150
_LABEL: Final = 2_000
_TITLE: Final = 24
_METADATA: Final = 3_000
_CONTEXT: Final = 10
_ACTIONS: Final = 25
_RADIO: Final = 10
_SELECT: Final = 100
_PLACEHOLDER: Final = 150
_NOTICE: Final = 4_000
_CONFIRM: Final = {"title": 100, "text": 300, "confirm": 30, "deny": 30}


class TooLargeError(Exception):
    """A payload is larger than Slack takes; it says where, and never what stands there."""

    def __init__(self, where: str, size: int, limit: int) -> None:
        super().__init__(f"{where}: {size} of {limit}")


def check_message(payload: Mapping[str, Any]) -> None:
    """Look at a message.

    Raises:
        TooLargeError: something in it is larger than Slack takes.

    """
    _at_most("text", len(payload.get("text") or ""), _NOTICE)
    found = payload.get("blocks", ())
    _at_most("blocks", len(found), MESSAGE_BLOCKS)
    _check_blocks(found)


def check_view(payload: Mapping[str, Any]) -> None:
    """Look at a modal or Home view.

    Raises:
        TooLargeError: something in it is larger than Slack takes.

    """
    for part in ("title", "submit", "close"):
        if part in payload:
            _at_most(part, len(payload[part]["text"]), _TITLE)
    _at_most("private_metadata", len(payload.get("private_metadata", "")), _METADATA)
    _at_most("callback_id", len(payload.get("callback_id", "")), _ID)
    _at_most("blocks", len(payload["blocks"]), VIEW_BLOCKS)
    _check_blocks(payload["blocks"])


def _check_blocks(found: list[dict[str, Any]]) -> None:
    total = 0
    names = set()
    count = 0
    for block in found:
        total += sum(_block_sizes(block))
        if "block_id" in block:
            names.add(block["block_id"])
            count += 1
    _at_most("the same block_id", count - len(names), 0)
    _at_most("sum of text", total, SUM)


def _block_sizes(block: Mapping[str, Any]) -> Iterator[int]:
    """Yield the length of each text of a block, each looked at."""
    kind = block["type"]
    _at_most("block_id", len(block.get("block_id", "")), _ID)
    if kind == "section":
        yield _text("section", block["text"], TEXT)
        if "accessory" in block:
            yield from _element_sizes(block["accessory"])
    elif kind == "header":
        yield _text("header", block["text"], _HEADER)
    elif kind == "context":
        _at_most("context elements", len(block["elements"]), _CONTEXT)
        for element in block["elements"]:
            yield _text("context", element, TEXT)
    elif kind == "actions":
        elements = block["elements"]
        _at_most("actions", len(elements), _ACTIONS)
        _at_most("the same action_id", len(elements) - len({e["action_id"] for e in elements}), 0)
        for element in elements:
            yield from _element_sizes(element)
    elif kind == "input":
        yield _text("label", block["label"], _LABEL)
        if "hint" in block:
            yield _text("hint", block["hint"], _LABEL)
        yield from _element_sizes(block["element"])


def _element_sizes(element: Mapping[str, Any]) -> Iterator[int]:
    _at_most("action_id", len(element["action_id"]), _ID)
    kind = element["type"]
    if kind == "button":
        _at_most("button value", len(element.get("value", "")), _VALUE)
        _at_most("accessibility_label", len(element.get("accessibility_label", "")), _SHORT)
        yield _text("button", element["text"], _SHORT)
        for part, limit in _CONFIRM.items():
            if "confirm" in element:
                yield _text(f"confirm {part}", element["confirm"][part], limit)
    elif kind == "plain_text_input":
        size = len(element.get("initial_value", ""))
        _at_most("initial_value", size, element["max_length"])
        yield size
    else:
        options = element["options"]
        limit = _SELECT if kind == "static_select" else _RADIO
        _at_most(f"options of {kind}", len(options), limit)
        _at_most("the same option", len(options) - len({o["value"] for o in options}), 0)
        for option in options:
            _at_most("option value", len(option["value"]), _OPTION_VALUE)
            yield _text("option", option["text"], _SHORT)
            if "description" in option:
                yield _text("option description", option["description"], _SHORT)
        if "placeholder" in element:
            yield _text("placeholder", element["placeholder"], _PLACEHOLDER)


def _text(where: str, text: Mapping[str, Any], limit: int) -> int:
    size = len(text["text"])
    _at_most(where, size, limit)
    return size


def _at_most(where: str, size: int, limit: int) -> None:
    if size > limit:
        raise TooLargeError(where, size, limit)
