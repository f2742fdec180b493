"""What may be sent to Teams: the official card schema, and what it or we would not have beyond it.

A `Finding` tells what makes Teams refuse (`broken`) from what is only wrong (`wrong`).
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import jsonschema_rs
from jsonschema import Draft6Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tests.teams import screen
from tests.teams.state import CARD, Json, inputs_of, walk

OUR_BYTES, TEAMS_BYTES = 26_000, 100_000
"""In UTF-16, for a whole activity."""
_MOST_ACTIONS = 6
_VERSION = "1.5"
_SCHEMES = ("https://", "mailto:", "tel:", "http://cfp-psc.gc.ca/")
"""How addresses begin; the last is a catalogued source whose site knows no https."""

_UNPLAYED = ("Action.ShowCard", "Action.ToggleVisibility", "Media")
_KNOWN = {"type", "id", "text", "textFormat", "summary", "attachments", "attachmentLayout",
          "entities", "channelData", "from", "recipient", "conversation", "replyToId", "locale",
          "inputHint", "speak", "importance", "channelId", "serviceUrl"}  # fmt: skip


@dataclass
class Finding:
    broken: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        return self.broken + self.wrong


def size(value: object) -> int:
    """Bytes in UTF-16, as Teams counts them."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-16-le"))


def activity(sent: Json) -> Finding:
    """A message of the bot, new or put in place of another."""
    found = Finding()
    unknown = set(sent) - _KNOWN
    if unknown:
        found.wrong.append(f"unknown fields {sorted(unknown)}")
    if sent.get("type") == "typing":
        return found
    if sent.get("type") != "message":
        found.broken.append(f"an activity of type {sent.get('type')!r}")
        return found
    attachments = sent.get("attachments") or []
    for name in ("text", "summary"):
        if not isinstance(sent.get(name, ""), str):
            found.broken.append(f"{name} is no text")
    if not attachments and not str(sent.get("text") or "").strip():
        found.broken.append("neither a text nor a card")
    if len(attachments) > 1:
        found.wrong.append(f"{len(attachments)} attachments")
    for attachment in attachments:
        one = envelope(attachment, dialog=False)
        found.broken += one.broken
        found.wrong += one.wrong
    if attachments and sent.get("text"):
        found.wrong.append("a text beside a card: Teams shows both")
    if attachments and not str(sent.get("summary") or "").strip():
        found.wrong.append("a card without a summary: notifications say nothing")
    found.wrong += too_large(sent)
    return found


def too_large(sent: object) -> list[str]:
    found = size(sent)
    return [f"{found} bytes in UTF-16, more than {OUR_BYTES}"] if found > OUR_BYTES else []


def envelope(attachment: object, *, dialog: bool) -> Finding:
    """A card as an attachment: in a message, and in a dialog."""
    if not isinstance(attachment, dict) or not isinstance(attachment.get("content"), dict):
        return Finding(["an attachment without content"])
    if attachment.get("contentType") != CARD:
        return Finding([f"an attachment of type {attachment.get('contentType')!r}"])
    return card(attachment["content"], dialog=dialog)


def card(content: Json, *, dialog: bool) -> Finding:
    """An Adaptive Card; what may be pressed in a dialog differs from the rest."""
    bare = {key: value for key, value in content.items() if key != "msteams"}
    broken, wrong = _judged(json.dumps(bare), dialog)
    return Finding([*broken], [*wrong])


@functools.lru_cache(maxsize=4096)
def _judged(written: str, dialog: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    content = json.loads(written)
    if not _judge().is_valid(content):
        errors = _validator().iter_errors(content)
        told = [f"/{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in errors]
        assert told, "one validator refuses what the other takes"
        return tuple(dict.fromkeys(told)), ()
    return (), (*_shape(content), *_fields(content), *_actions(content, dialog=dialog))


def _typed_any_of(
    validator: Any, choices: list[Json], instance: object, schema: Json
) -> Iterator[ValidationError]:
    """Of alternatives that name a type, try the one that the element names: it is much quicker,
    and says what is wrong with it.
    """
    tags = [c["allOf"][0]["$ref"].rpartition("/")[2] for c in choices if "allOf" in c]
    if len(tags) != len(choices) or not isinstance(instance, dict):
        yield from Draft6Validator.VALIDATORS["anyOf"](validator, choices, instance, schema)
    elif instance.get("type") not in tags:
        yield ValidationError(f"no element of type {instance.get('type')!r} may be here")
    else:
        chosen = choices[tags.index(instance["type"])]
        yield from validator.descend(instance, chosen)


@functools.cache
def _judge() -> jsonschema_rs.Draft6Validator:
    """It tells in no time whether anything is wrong; what it is, the other one says better."""
    return jsonschema_rs.Draft6Validator(_schema(), validate_formats=False)


@functools.cache
def _validator() -> Any:
    return extend(Draft6Validator, {"anyOf": _typed_any_of})(_schema())


def _schema() -> Json:
    schema = files("adaptive_cards").joinpath("schemas/schema-1.5.json").read_text("utf-8")
    content: Json = json.loads(schema)
    content["allOf"] = content.pop("anyOf")
    return content


def _shape(content: Json) -> Iterator[str]:
    if content.get("version") != _VERSION:
        yield f"version {content.get('version')!r}, not {_VERSION!r}"
    if not content.get("body"):
        yield "a card without a body"
    if "refresh" in content or "authentication" in content:
        yield "refresh and authentication are not played by the fake"
    for element in walk(content):
        kind = element.get("type", "")
        if kind in _UNPLAYED:
            yield f"{kind} is not played by the fake, or not by Teams"
        if kind == "TextBlock" and not element["text"].strip():
            yield "an empty TextBlock"
        if kind == "Image" and not element["url"].startswith(("https://", "data:image/")):
            yield f"an image at {element['url'][:80]!r}"
        if kind == "Image" and not element.get("altText"):
            yield "an image without altText"
    for address in screen.links(content):
        if not address.startswith(_SCHEMES):
            yield f"a link to {address[:80]!r}"


def _fields(content: Json) -> Iterator[str]:
    inputs = inputs_of(content)
    yield from (f"two inputs with the id {i!r}" for i in _twice(e["id"] for e in inputs))
    for element in inputs:
        name = element["id"]
        if not (element.get("label") or element.get("title") or "").strip():
            yield f"input {name!r} has no label"
        if element["type"] != "Input.ChoiceSet":
            continue
        choices = element.get("choices", [])
        values = [choice["value"] for choice in choices]
        if not choices:
            yield f"input {name!r} has no choices"
        if any(not choice["title"].strip() or not choice["value"].strip() for choice in choices):
            yield f"input {name!r} has an empty choice"
        yield from (f"input {name!r} has two choices {v!r}" for v in _twice(values))
        many = element.get("isMultiSelect")
        if many and any("," in value for value in values):
            yield f"input {name!r} takes several, and a value has a comma"
        start = element.get("value") or ""
        for value in (start.split(",") if many else [start]) if start else []:
            if value not in values:
                yield f"input {name!r} starts with {value!r}, which is no choice"


def _actions(content: Json, *, dialog: bool) -> Iterator[str]:
    for row in [content, *walk(content)]:
        if len(row.get("actions", [])) > _MOST_ACTIONS:
            yield f"{len(row['actions'])} actions in a row, more than {_MOST_ACTIONS}"
    for action in screen.actions(content, hidden=True):
        kind, title = action["type"], action.get("title", "")
        if not title.strip():
            yield f"{kind} has no title"
        if not isinstance(action.get("data", {}), dict):
            yield f"{kind} {title!r}: data is no object"
        if kind == "Action.Execute" and not action.get("verb"):
            yield f"{kind} {title!r} has no verb: the press would not reach us"
        fallback = action.get("fallback")
        if kind == "Action.Execute" and dialog:
            yield f"{kind} {title!r} in a dialog, which knows only Action.Submit"
        elif kind == "Action.Execute":
            if not isinstance(fallback, dict) or fallback.get("type") != "Action.Submit":
                yield f"{kind} {title!r} has no Action.Submit as its fallback"
            elif not isinstance(fallback.get("data", {}), dict):
                yield f"{kind} {title!r}: the data of its fallback is no object"
        asked = action["data"].get("msteams") if isinstance(action.get("data"), dict) else None
        if asked is not None and asked != {"type": "task/fetch"}:
            yield f"{kind} {title!r}: msteams {asked!r} is not played by the fake"


def _twice(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]
