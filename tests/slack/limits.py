"""The limits of Slack that its types cannot say, and our own: one table, one walk over a payload.

Written apart from the program, from facts about Slack alone, so that the two can disagree.
`refused` is what Slack answers with an error; `noted` is what Slack would take and we never send.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

BUDGET, FAILS = 9_000, 11_000
"""Characters in all blocks of a message: ours, and where Slack was seen to refuse them."""
FALLBACK, LONGEST = 4_000, 40_000
VIEW_BYTES = 250 * 1024
TEXT, ID = 3000, 255

TEXTS = {
    "header": {"text": 150},
    "input": {"label": 2000, "hint": 2000},
    "image": {"title": 2000, "alt_text": 2000},
    "card": {"title": 150, "subtitle": 150, "body": 200},
    "container": {"title": 150, "subtitle": 150},
    "markdown": {"text": 12_000},
    "button": {"text": 75, "value": 2000, "url": 3000, "accessibility_label": 75},
    "workflow_button": {"text": 75, "accessibility_label": 75},
    "icon_button": {"text": 75, "value": 2000, "accessibility_label": 75},
    "confirm": {"title": 100, "text": 300, "confirm": 30, "deny": 30},
    "option": {"text": 75, "value": 150, "description": 75, "url": 3000},
    "option_group": {"label": 75},
    "any element": {"placeholder": 150, "action_id": ID},
    "any block": {"block_id": ID},
    "view": {
        "title": 24,
        "submit": 24,
        "close": 24,
        "private_metadata": 3000,
        "callback_id": ID,
        "external_id": ID,
    },
}
COUNTS = {
    "section": {"fields": (1, 10)},
    "context": {"elements": (1, 10)},
    "actions": {"elements": (1, 25)},
    "context_actions": {"elements": (1, 5)},
    "carousel": {"elements": (1, 10)},
    "container": {"child_blocks": (1, 10)},
    "table": {"rows": (1, 100)},
    "radio_buttons": {"options": (1, 10)},
    "checkboxes": {"options": (1, 10)},
    "overflow": {"options": (1, 5)},
    "static_select": {"options": (1, 100), "option_groups": (1, 100)},
    "multi_static_select": {"options": (1, 100), "option_groups": (1, 100)},
    "option_group": {"options": (1, 100)},
    "rich_text": {"elements": (1, 200)},
}
MAY_BE_EMPTY = {"private_metadata", "callback_id", "external_id", "value"}

_MAY_STAND = re.compile(r"<(?:https://[^\s<>|]+|mailto:[^\s<>|]+|tel:[^\s<>|]+)(?:\|[^<>|]+)?>")
_BROADCAST = re.compile(r"<!(?:channel|here|everyone|group|subteam)")
_MENTION = re.compile(r"<[@#][A-Z]")
_HTTP = re.compile(r"\bhttp://", re.IGNORECASE)
_BARE_AND = re.compile(r"&(?!(?:amp|lt|gt);)")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200e\u200f]")


@dataclass
class Found:
    error: str = "invalid_blocks"
    refused: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        return [*self.refused, *self.noted]

    def refuse(self, sentence: str, pointer: str, error: str = "") -> None:
        self.error = error if error and not self.refused else self.error
        self.refused.append(f"{sentence} [json-pointer:{pointer}]")

    def note(self, sentence: str, pointer: str) -> None:
        self.noted.append(f"{sentence} [json-pointer:{pointer}]")


def size(words: str) -> int:
    """Characters as JavaScript counts them, which is never fewer than Python does."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


# ---- what may be asked


def message(args: Json, where: str = "chat.postMessage") -> Found:
    """A message: the arguments of chat.postMessage and its kin, or of a `response_url`."""
    found = Found()
    blocks, text = args.get("blocks") or [], args.get("text")
    if not text and not blocks:
        found.refuse("there must be a text or blocks", "/text", "no_text")
    elif not text:
        found.note("a fallback text is needed: it is all that a notification says", "/text")
    if isinstance(text, str):
        if size(text) > LONGEST:
            found.refuse(f"must be less than {LONGEST + 1} characters", "/text", "msg_too_long")
        elif size(text) > FALLBACK:
            found.note(f"more than {FALLBACK} characters", "/text")
        _words(found, text, "/text", mrkdwn=args.get("mrkdwn") is not False)
    for name in ("unfurl_links", "unfurl_media"):
        needed = where == "chat.postMessage" or args.get("response_type") == "in_channel"
        if args.get(name, None if needed else False) is not False:
            found.note("must be false: an unfurl would show what is behind a link", f"/{name}")
    if args.get("link_names") or args.get("parse") == "full":
        found.note("names in a text must not become mentions", "/parse")
    if args.get("attachments"):
        found.note("attachments: blocks have taken their place, and nothing checks them here", "")
    if not isinstance(blocks, list):
        return found
    _blocks(found, blocks, most=50)
    total = sum(size(words) for words in _shown(blocks))
    if total > FAILS:
        found.refuse(f"{total} characters in all blocks", "/blocks", "msg_blocks_too_long")
    elif total > BUDGET:
        found.note(f"{total} characters in all blocks, more than our {BUDGET}", "/blocks")
    return found


def view(payload: Json) -> Found:
    """A modal or a home."""
    found = Found("invalid_arguments")
    _fields(found, payload, TEXTS["view"], "/view")
    blocks = payload.get("blocks")
    if not isinstance(blocks, list):
        return found
    _blocks(found, blocks, most=100, at="/view")
    inputs = any(isinstance(b, dict) and b.get("type") == "input" for b in blocks)
    if payload.get("type") == "modal" and inputs and not payload.get("submit"):
        found.refuse("a modal with an input needs a submit", "/view/submit")
    focused = [e for _, e in _dicts(blocks, "") if e.get("focus_on_load")]
    if len(focused) > 1:
        found.refuse("only one element may have focus_on_load", "/view/blocks")
    if len(json.dumps(payload).encode()) > VIEW_BYTES:
        found.refuse("greater than 250 kB", "/view", "view_too_large")
    return found


def manifest(payload: Json) -> Found:
    """An app manifest; the shapes are for its schema to say."""
    found = Found("invalid_manifest")
    shown, features = payload.get("display_information", {}), payload.get("features", {})
    _fields(found, shown, {"name": 35, "description": 140, "long_description": 4000}, "/display")
    if 0 < size(shown.get("long_description", "")) < 175:
        found.refuse("at least 175 characters", "/display_information/long_description")
    limits = {
        "slash_commands": (50, {"command": 32, "description": 2000, "usage_hint": 1000}),
        "shortcuts": (10, {"name": 24, "description": 150, "callback_id": ID}),
    }
    for name, (most, fields) in limits.items():
        _count(found, features.get(name, []), 0, most, f"/features/{name}")
        for at, part in enumerate(features.get(name, [])):
            _fields(found, part, fields, f"/features/{name}/{at}")
    for at, part in enumerate(features.get("slash_commands", [])):
        if not re.fullmatch(r"/[a-z0-9_-]+", part.get("command", "")):
            found.refuse("a slash and lower-case letters", f"/features/slash_commands/{at}/command")
    return found


# ---- the walk


def _blocks(found: Found, blocks: list[Any], most: int, at: str = "") -> None:
    _count(found, blocks, 0, most, f"{at}/blocks")
    ids: Counter[str] = Counter()
    for number, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        pointer = f"{at}/blocks/{number}"
        if "block_id" in block:
            ids[block["block_id"]] += 1
        _fields(found, block, TEXTS["any block"], pointer)
        actions: Counter[str] = Counter()
        for place, part in _dicts(block, pointer):
            _part(found, part, place)
            if isinstance(part.get("action_id"), str):
                actions[part["action_id"]] += 1
        for name, times in actions.items():
            if times > 1:
                found.refuse(f"action_id {name!r} is there {times} times", pointer)
        for place, part in _dicts(block.get("fields", []), f"{pointer}/fields"):
            _length(found, part.get("text"), 2000, f"{place}/text")
    for name, times in ids.items():
        if times > 1:
            found.refuse(f"block_id {name!r} is there {times} times", f"{at}/blocks")
    markdown = [
        b.get("text", "") for b in blocks if isinstance(b, dict) and b.get("type") == "markdown"
    ]
    if sum(map(size, markdown)) > 12_000:
        found.refuse("more than 12000 characters of markdown", f"{at}/blocks")


def _part(found: Found, part: Json, at: str) -> None:
    """One block, element or composition object."""
    kind = _kind(part, at)
    if kind in ("plain_text", "mrkdwn"):
        _length(found, part.get("text"), TEXT, f"{at}/text")
        _words(found, str(part.get("text", "")), f"{at}/text", mrkdwn=kind == "mrkdwn")
        return
    _fields(found, part, TEXTS.get(kind, {}), at)
    _fields(found, part, TEXTS["any element"], at)
    for name, (least, most) in COUNTS.get(kind, {}).items():
        if isinstance(part.get(name), list):
            _count(found, part[name], least, most, f"{at}/{name}")
    url = part.get("url")
    if isinstance(url, str) and not url.startswith("https://"):
        found.note(f"no https address: {url[:60]!r}", f"{at}/url")
    for check in _CHECKS.get(kind, ()):
        check(found, part, at)


def _kind(part: Json, at: str) -> str:
    """The type, or for what has none the place where it stands."""
    if isinstance(part.get("type"), str):
        return str(part["type"])
    name = re.sub(r"/\d+$", "", at).rpartition("/")[2]
    named = {"options": "option", "initial_options": "option", "initial_option": "option",
             "option_groups": "option_group", "confirm": "confirm"}  # fmt: skip
    return named.get(name, "")


def _chosen(found: Found, part: Json, at: str) -> None:
    """What is chosen at the start must be one of the options, to the last character."""
    options = list(part.get("options", []))
    for group in part.get("option_groups", []):
        options += group.get("options", [])
    chosen = part.get("initial_options", [])
    chosen = [*chosen, part["initial_option"]] if "initial_option" in part else chosen
    if any(option not in options for option in chosen):
        found.refuse("must be one of the options, exactly", f"{at}/initial_option")
    if part.get("initial_options") == []:
        found.refuse("must not be empty: leave it out", f"{at}/initial_options")
    if part["type"].endswith("select") and ("options" in part) == ("option_groups" in part):
        found.refuse("either options or option_groups", at)
    values = Counter(option.get("value") for option in options)
    for value, times in values.items():
        if times > 1:
            found.note(f"value {value!r} is there {times} times", f"{at}/options")


def _typed(found: Found, part: Json, at: str) -> None:
    least, most = part.get("min_length", 0), part.get("max_length", 3000)
    if not 1 <= most <= 3000:
        found.refuse("must be from 1 to 3000", f"{at}/max_length")
    if not 0 <= least <= most:
        found.refuse("must be from 0 to max_length", f"{at}/min_length")
    _length(found, part.get("initial_value"), most, f"{at}/initial_value", empty=True)


def _filled(found: Found, part: Json, at: str) -> None:
    if not any(key in part for key in ("text", "fields")):
        found.refuse("a text or fields are needed", at)


def _table(found: Found, part: Json, at: str) -> None:
    for number, row in enumerate(part.get("rows", [])):
        _count(found, row, 1, 20, f"{at}/rows/{number}")


Check = Callable[[Found, Json, str], None]
_CHECKS: dict[str, tuple[Check, ...]] = {
    "section": (_filled,),
    "table": (_table,),
    "plain_text_input": (_typed,),
    "radio_buttons": (_chosen,),
    "checkboxes": (_chosen,),
    "static_select": (_chosen,),
    "multi_static_select": (_chosen,),
}


def _fields(found: Found, part: Json, most: dict[str, int], at: str) -> None:
    for name, length in most.items():
        value = part.get(name)
        words = value.get("text") if isinstance(value, dict) else value
        place = f"{at}/{name}/text" if isinstance(value, dict) else f"{at}/{name}"
        _length(found, words, length, place, empty=name in MAY_BE_EMPTY)


def _length(found: Found, words: object, most: int, at: str, *, empty: bool = False) -> None:
    if not isinstance(words, str):
        return
    if size(words) > most:
        found.refuse(f"must be less than {most + 1} characters", at)
    if not words and not empty:
        found.refuse("must be more than 0 characters", at)


def _count(found: Found, items: object, least: int, most: int, at: str) -> None:
    if isinstance(items, list) and not least <= len(items) <= most:
        few = f"no fewer than {least} items allowed"
        found.refuse(few if len(items) < least else f"no more than {most} items allowed", at)


def _words(found: Found, words: str, at: str, *, mrkdwn: bool) -> None:
    """Words that Slack would read as something else than words."""
    if _UNSEEN.search(words):
        found.note("control characters", at)
    if _BROADCAST.search(words):
        found.note("calls everyone", at)
    if _MENTION.search(words):
        found.note("a mention", at)
    if _HTTP.search(words):
        found.note("an http address: https only", at)
    if _BARE_AND.search(words):
        found.note("& must be written &amp;", at)
    rest = _MAY_STAND.sub("", words) if mrkdwn else words
    if "<" in rest:
        found.note("< must be written &lt;, or begin an https, mailto or tel link", at)
    if ">" in (re.sub(r"(?m)^>", "", rest) if mrkdwn else rest):
        found.note("> must be written &gt;", at)


def _dicts(value: object, at: str) -> Iterator[tuple[str, Json]]:
    """Every object in it, with its pointer, in reading order."""
    if isinstance(value, dict):
        yield at, value
        for name, part in value.items():
            yield from _dicts(part, f"{at}/{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _dicts(part, f"{at}/{number}")


def _shown(blocks: list[Any]) -> Iterator[str]:
    """All words of the blocks that a person may read."""
    for _, part in _dicts(blocks, ""):
        for name in ("text", "alt_text", "accessibility_label"):
            if isinstance(part.get(name), str):
                yield part[name]
