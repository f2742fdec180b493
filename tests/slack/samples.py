"""Small blocks, views and messages for tests of the fake Slack and its limits."""

from __future__ import annotations

from tests.slack.state import Json


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str, **more: object) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(text: str, action_id: str, **more: object) -> Json:
    return {"type": "button", "text": words(text), "action_id": action_id, **more}


def option(value: str) -> Json:
    return {"text": words(value.capitalize()), "value": value}


def radio(block_id: str, *values: str, kind: str = "radio_buttons", **more: object) -> Json:
    element = {"type": kind, "action_id": "pick", "options": [option(v) for v in values], **more}
    return {"type": "input", "block_id": block_id, "label": words(block_id), "element": element}


def field_of(block_id: str, **more: object) -> Json:
    element = {"type": "plain_text_input", "action_id": "type", **more}
    return {"type": "input", "block_id": block_id, "label": words(block_id), "element": element}


def modal(*blocks: Json, title: str = "Cairn", **more: object) -> Json:
    ends = {"submit": words("Next"), "close": words("Close")}
    return {"type": "modal", "title": words(title), "blocks": list(blocks), **ends, **more}


def home(*blocks: Json) -> Json:
    return {"type": "home", "blocks": list(blocks)}


NAV = {"type": "actions", "block_id": "nav", "elements": [button("Back", "back", value="sealed")]}
SAFE = {"unfurl_links": False, "unfurl_media": False}


def in_message(*blocks: Json) -> Json:
    return {"text": "fallback", "blocks": list(blocks)}


def long(length: int) -> str:
    return "a" * length


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def rich(text: str) -> Json:
    part = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [part]}


def many(count: int) -> list[str]:
    return [f"v{number}" for number in range(count)]
