"""Which Block Kit pieces do we use? One function a piece, as few kinds as will do.

Lengths and ids are looked at in ``limits``. Words for ``plain`` texts need the same three letters
escaped as mrkdwn does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from bot.channels.slack.mrkdwn import escape

Block = dict[str, Any]
Style = Literal["primary", "danger"]


def plain(text: str) -> Block:
    """Return words that no mark can format."""
    return {"type": "plain_text", "text": escape(text), "emoji": False}


def marked(text: str) -> Block:
    """Return mrkdwn; bare addresses in it are no links, names no mentions."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": plain(text)}


def section(text: str) -> Block:
    """Return a paragraph of mrkdwn."""
    return {"type": "section", "text": marked(text)}


def plain_section(text: str) -> Block:
    """Return a paragraph of words that no mark can format."""
    return {"type": "section", "text": plain(text)}


def quote(pieces: Sequence[str]) -> Block:
    """Return what a person wrote, letter by letter; in it nothing is a link, mention or mark."""
    spans = [{"type": "text", "text": piece} for piece in pieces]
    return {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": spans}]}


def context(text: str) -> Block:
    """Return a small line of mrkdwn."""
    return {"type": "context", "elements": [marked(text)]}


def divider() -> Block:
    """Return a line between two parts."""
    return {"type": "divider"}


def button(
    action: str,
    text: str,
    *,
    value: str | None = None,
    style: Style | None = None,
    confirm: Block | None = None,
) -> Block:
    """Return a button."""
    element: Block = {"type": "button", "action_id": action, "text": plain(text)}
    if value is not None:
        element["value"] = value
    if style is not None:
        element["style"] = style
    if confirm is not None:
        element["confirm"] = confirm
    return element


def link_button(action: str, text: str, address: str) -> Block:
    """Return a button that opens an address."""
    return {**button(action, text), "url": address}


def actions(elements: Sequence[Block], name: str) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "block_id": name, "elements": list(elements)}


def confirm(title: str, text: str, yes: str, no: str) -> Block:
    """Return the question that a press must be confirmed with."""
    return {
        "title": plain(title),
        "text": plain(text),
        "confirm": plain(yes),
        "deny": plain(no),
    }


def option(value: str, text: str, description: str | None = None) -> Block:
    """Return a choice."""
    one: Block = {"text": plain(text), "value": value}
    if description is not None:
        one["description"] = plain(description)
    return one


def radio(action: str, options: Sequence[Block], picked: Sequence[str] = ()) -> Block:
    """Return choices of which one may be picked."""
    element: Block = {"type": "radio_buttons", "action_id": action, "options": list(options)}
    chosen = [one for one in options if one["value"] in picked]
    if chosen:
        element["initial_option"] = chosen[0]
    return element


def boxes(action: str, options: Sequence[Block], picked: Sequence[str] = ()) -> Block:
    """Return choices of which several may be picked."""
    element: Block = {"type": "checkboxes", "action_id": action, "options": list(options)}
    chosen = [one for one in options if one["value"] in picked]
    if chosen:
        element["initial_options"] = chosen
    return element


def select(
    action: str, options: Sequence[Block], placeholder: str, picked: Sequence[str] = ()
) -> Block:
    """Return a list to pick one choice from."""
    element = {**radio(action, options, picked), "type": "static_select"}
    return {**element, "placeholder": plain(placeholder)}


def multi_select(
    action: str, options: Sequence[Block], placeholder: str, picked: Sequence[str] = ()
) -> Block:
    """Return a list to pick several choices from."""
    element = {**boxes(action, options, picked), "type": "multi_static_select"}
    return {**element, "placeholder": plain(placeholder)}


def text_field(action: str, *, filled: str | None = None, most: int, lines: bool = True) -> Block:
    """Return a field to type in, or a filled one to copy from; of one line unless ``lines``."""
    element: Block = {
        "type": "plain_text_input",
        "action_id": action,
        "multiline": lines,
        "max_length": most,
    }
    if filled is not None:
        element["initial_value"] = filled
    return element


def labelled(
    name: str, label: str, element: Block, *, hint: str | None = None, optional: bool = False
) -> Block:
    """Return a form field with its label."""
    block: Block = {
        "type": "input",
        "block_id": name,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }
    if hint is not None:
        block["hint"] = plain(hint)
    return block
