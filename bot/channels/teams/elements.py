"""Which parts of Adaptive Cards do we use? One function a part, version 1.5, as few as will do.

Teams takes cards of version 1.5 from a bot. Texts are Markdown, labels and titles are plain words.
Sizes are looked at in ``limits``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

VERSION: Final = "1.5"
SCHEMA: Final = "http://adaptivecards.io/schemas/adaptive-card.json"
_TYPE: Final = "application/vnd.microsoft.card.adaptive"

Element = dict[str, Any]
Style = Literal["default", "positive", "destructive"]


def text(words: str) -> Element:
    """Return a paragraph of Markdown."""
    return {"type": "TextBlock", "text": words, "wrap": True}


def small(words: str) -> Element:
    """Return a small line of Markdown."""
    return {**text(words), "size": "Small", "isSubtle": True, "spacing": "Small"}


def heading(words: str) -> Element:
    """Return the heading of a part; Teams would draw it as large as that of the card."""
    return {
        **text(words),
        "style": "heading",
        "weight": "Bolder",
        "size": "Medium",
        "spacing": "Medium",
    }


def title(words: str) -> Element:
    """Return the heading of a card."""
    return {**heading(words), "size": "Large", "spacing": "Small"}


def verbatim(runs: Sequence[str], *, apart: bool = False) -> Element:
    """Return a line that is shown letter by letter; ``apart`` leaves room above it."""
    return {
        "type": "RichTextBlock",
        "spacing": "Medium" if apart else "None",
        "inlines": [{"type": "TextRun", "text": run} for run in runs],
    }


def quotation(lines: Sequence[Element]) -> Element:
    """Return lines on a ground of their own: somebody else says them, and not Cairn."""
    return {"type": "Container", "style": "emphasis", "items": list(lines)}


def choices(
    name: str,
    label: str,
    options: Sequence[tuple[str, str]],
    picked: Sequence[str] = (),
    *,
    many: bool = False,
) -> Element:
    """Return radio buttons, or check boxes where several may be chosen."""
    element: Element = {
        "type": "Input.ChoiceSet",
        "id": name,
        "label": label,
        "style": "expanded",
        "wrap": True,
        "choices": [{"title": words, "value": value} for value, words in options],
    }
    if many:
        element["isMultiSelect"] = True
    chosen = [value for value, _ in options if value in picked]
    if chosen:
        element["value"] = ",".join(chosen)
    return element


def text_field(
    name: str,
    label: str,
    *,
    filled: str | None = None,
    most: int | None = None,
    lines: bool = True,
) -> Element:
    """Return a field to type in, of several lines or of one, or a filled one to copy from."""
    element: Element = {"type": "Input.Text", "id": name, "label": label, "isMultiline": lines}
    if filled is not None:
        element["value"] = filled
    if most is not None:
        element["maxLength"] = most
    return element


def hidden(name: str, value: str) -> Element:
    """Return a field out of sight; a client that shows it has a label to show."""
    return {
        "type": "Input.Text",
        "id": name,
        "label": "—",
        "value": value,
        "isVisible": False,
    }


def submit(do: str, words: str, data: Element, *, style: Style = "default") -> Element:
    """Return a button that sends what it does and the fields of the card."""
    action: Element = {"type": "Action.Submit", "title": words, "data": {**data, "do": do}}
    if style != "default":
        action["style"] = style
    return action


def execute(do: str, words: str, data: Element, *, style: Style = "default") -> Element:
    """Return a button whose answer takes the place of the card; older clients submit instead.

    What is submitted holds the data for the button to go on with only; they take up room twice.
    """
    action: Element = {
        "type": "Action.Execute",
        "title": words,
        "verb": do,
        "data": data,
        "fallback": submit(do, words, data if style == "positive" else {}),
    }
    if style != "default":
        action["style"] = style
    return action


def fetch(do: str, words: str, data: Element) -> Element:
    """Return a button that opens a dialog."""
    return submit(do, words, {**data, "msteams": {"type": "task/fetch"}})


def open_url(words: str, address: str) -> Element:
    """Return a button that opens an address."""
    return {"type": "Action.OpenUrl", "title": words, "url": address}


def buttons(actions: Sequence[Element], *, below: bool = False) -> Element:
    """Return a row of buttons; ``below`` says that it goes on from another one."""
    spacing = "Small" if below else "Medium"
    return {"type": "ActionSet", "spacing": spacing, "actions": list(actions)}


def card(body: Sequence[Element], lang: str, fallback: str) -> Element:
    """Return a card; ``fallback`` is shown by a client that cannot draw it."""
    return {
        "type": "AdaptiveCard",
        "$schema": SCHEMA,
        "version": VERSION,
        "lang": lang,
        "fallbackText": fallback,
        "body": list(body),
    }


def attachment(content: Element) -> Element:
    """Return a card as an activity or a dialog holds it."""
    return {"contentType": _TYPE, "content": content}


def message(content: Element, summary: str) -> Element:
    """Return a message with a card; ``summary`` is what a notification shows of it."""
    return {"type": "message", "summary": summary, "attachments": [attachment(content)]}
