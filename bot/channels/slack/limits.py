"""Does a payload keep to what Slack takes? Every payload passes here before it goes out.

Slack refuses the whole of a payload for one letter too many, so it is looked at beforehand. The
numbers are those of Slack's own reference; the sum over all blocks of a message is not written
there: messages of 11,000 letters were refused, so ours stay well below. Of a view only its bytes
count. Letters are counted as Slack does, by which an emoji is two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

MESSAGE_BLOCKS: Final = 50
VIEW_BLOCKS: Final = 100
SUM: Final = 9_000
FORM_SUM: Final = 18_000
"""Letters of a form of the desk, in which people read what they wrote: with what is typed in it,
it comes back to us in well under the 256 kB that we read."""

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


class Checked(dict[str, Any]):
    """A payload that keeps to the limits; nothing else can be sent."""


def checked_message(payload: Mapping[str, Any]) -> Checked:
    """Return a message that keeps to the limits.

    Raises:
        TooLargeError: something in it is larger than Slack takes.

    """
    _at_most("text", len(payload.get("text") or ""), _NOTICE)
    found = payload.get("blocks", ())
    _at_most("blocks", len(found), MESSAGE_BLOCKS)
    _check_blocks(found)
    return Checked(payload)


def checked_view(payload: Mapping[str, Any], most: int | None = None) -> Checked:
    """Return a modal or Home view that keeps to the limits, ``most`` letters in all.

    Raises:
        TooLargeError: something in it is larger than Slack takes.

    """
    for part in ("title", "submit", "close"):
        if part in payload:
            _at_most(part, len(payload[part]["text"]), _TITLE)
    _at_most("private_metadata", len(payload.get("private_metadata", "")), _METADATA)
    _at_most("callback_id", len(payload.get("callback_id", "")), _ID)
    _at_most("blocks", len(payload["blocks"]), VIEW_BLOCKS)
    inputs = [block for block in payload["blocks"] if block["type"] == "input"]
    _at_most("fields that nothing sends", len(inputs) if "submit" not in payload else 0, 0)
    _check_blocks(payload["blocks"], most)
    return Checked(payload)


def units(text: str) -> int:
    """Return the length of a text as Slack counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _check_blocks(found: Sequence[Mapping[str, Any]], most: int | None = None) -> None:
    _at_most("sum of text", sum([_block_size(block) for block in found]), most or SUM)
    names = [block["block_id"] for block in found if "block_id" in block]
    _at_most("the same block_id", len(names) - len(set(names)), 0)


def _block_size(block: Mapping[str, Any]) -> int:
    """Return the length of all texts of a block, each looked at."""
    kind = block["type"]
    _at_most("block_id", len(block.get("block_id", "")), _ID)
    if kind == "section":
        return _text("section", block["text"], TEXT)
    if kind == "header":
        return _text("header", block["text"], _HEADER)
    if kind == "context":
        elements = block["elements"]
        _at_most("context elements", len(elements), _CONTEXT)
        return sum([_text("context", element, TEXT) for element in elements])
    if kind == "actions":
        elements = block["elements"]
        _at_most("actions", len(elements), _ACTIONS)
        _at_most("the same action_id", len(elements) - len({e["action_id"] for e in elements}), 0)
        return sum([_element_size(element) for element in elements])
    if kind == "input":
        size = _text("label", block["label"], _LABEL) + _element_size(block["element"])
        return size + (_text("hint", block["hint"], _LABEL) if "hint" in block else 0)
    if kind == "rich_text":
        spans = [span for part in block["elements"] for span in part["elements"]]
        return sum([_text("rich text", span, TEXT) for span in spans])
    return 0


def _element_size(element: Mapping[str, Any]) -> int:
    _at_most("action_id", len(element["action_id"]), _ID)
    kind = element["type"]
    if kind == "button":
        _at_most("button value", len(element.get("value", "")), _VALUE)
        size = _text("button", element["text"], _SHORT)
        if "confirm" in element:
            asked = element["confirm"]
            size += sum([_text(part, asked[part], most) for part, most in _CONFIRM.items()])
        return size
    if kind == "plain_text_input":
        size = units(element.get("initial_value", ""))
        _at_most("initial_value", size, element["max_length"])
        return size
    options = element["options"]
    limit = _SELECT if kind.endswith("static_select") else _RADIO
    _at_most(f"options of {kind}", len(options), limit)
    _at_most("the same option", len(options) - len({o["value"] for o in options}), 0)
    if "placeholder" in element:
        _text("placeholder", element["placeholder"], _PLACEHOLDER)
    return sum([_option_size(option) for option in options])


def _option_size(option: Mapping[str, Any]) -> int:
    _at_most("option value", len(option["value"]), _OPTION_VALUE)
    size = _text("option", option["text"], _SHORT)
    if "description" in option:
        size += _text("option description", option["description"], _SHORT)
    return size


def _text(where: str, text: Mapping[str, Any], limit: int) -> int:
    size = units(text["text"])
    if size > limit:
        raise TooLargeError(where, size, limit)
    return size


def _at_most(where: str, size: int, limit: int) -> None:
    if size > limit:
        raise TooLargeError(where, size, limit)
