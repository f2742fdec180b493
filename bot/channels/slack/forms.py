"""How does a form, or a card of the desk, look on Slack, and what does a press of it hold?

What a person wrote stands in rich text, of which Slack reads nothing as a mark, link or mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from bot.channels.slack import blocks
from bot.channels.slack.blocks import Block
from bot.channels.slack.limits import (
    FORM_SUM,
    TEXT,
    Checked,
    TooLargeError,
    checked_message,
    checked_view,
    units,
)
from bot.channels.slack.mrkdwn import escape, literal
from bot.channels.slack.pen import PEN
from bot.channels.slack.surfaces import TITLE
from bot.desk.port import Card
from bot.forms import Form, Picked, Press, Said, Shown, Style, Written
from bot.guidance.words import Lang, Words, lines, plain

_NOTHING: Final = "desk:nothing"
_FAILED: Final = "failed"
_FEW: Final = 10
"""Choices that are shown one below the other; more are a list to open."""

_MOST_FIELDS: Final = 50
_MOST_PICKED: Final = 100
"""As many as a field of Slack holds. None may be lost: they may be people to keep away."""

_LONGEST_ID: Final = 255
_LONGEST_HELD: Final = 3_000
_HEADER: Final = 150
_SHORT: Final = 75
_SUBMIT: Final = 24
_ROW: Final = 2_000
"""Letters of one section; escaped it may be longer."""

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

Phrases = Mapping[str, Words]


def cleaned(text: str) -> str:
    """Return what can be seen of a text: no control signs, and none that turn its direction."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


# ---- what is shown


def view_of(form: Form, phrases: Phrases) -> Checked:
    """Return a form as a modal.

    Slack keeps what was typed for as long as a field has its name. So a field is called after
    what the form holds and sends: shown again after a trouble it keeps what stands in it, and
    another form begins with its own.

    Raises:
        TooLargeError: something in it is larger than Slack takes.

    """
    do = form.main.do if form.main is not None else _NOTHING
    mark = blake2b(f"{do}\0{form.held}".encode(), digest_size=6).hexdigest()
    found: list[Block] = []
    for part in form.parts:
        if isinstance(part, Said):
            found += _said(part)
        elif isinstance(part, Shown):
            shown = [dict(element) for element in part.elements]
            found += [blocks.divider(), *shown, blocks.divider()]
        elif isinstance(part, Written) or part.choices:  # a field without choices asks nothing
            found.append(_field(part, form.lang, mark, phrases))
    if form.buttons:
        row = [blocks.button(one.do, _short(one.words, _SHORT)) for one in form.buttons]
        found.append(blocks.actions(row, f"controls:{form.lang}"))
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": do,
        "title": blocks.plain(TITLE),
        "close": blocks.plain(phrases["close"][form.lang]),
        "private_metadata": form.held,
        "blocks": found,
    }
    if form.main is not None:
        view["submit"] = blocks.plain(_short(form.main.words, _SUBMIT))
    return checked_view(view, FORM_SUM)


def message_of(card: Card) -> Checked:
    """Return a card as a message; nothing is in it that is not in the card.

    Raises:
        TooLargeError: something in it is larger than Slack takes.

    """
    said = [one for one in map(cleaned, card.lines) if one.strip()]
    found = [blocks.plain_section(one) for one in said or [card.summary]]
    if card.buttons:
        row = [
            blocks.button(one.do, _short(one.words, _SHORT), value=card.value)
            for one in card.buttons
        ]
        found.append(blocks.actions(row, f"controls:{card.lang}"))
    return checked_message({"text": literal(cleaned(card.summary)), "blocks": found})


def line_of(line: str) -> Checked:
    """Return one line as a message.

    Raises:
        TooLargeError: it is longer than Slack takes.

    """
    words = cleaned(line)
    return checked_message({"text": literal(words), "blocks": [blocks.plain_section(words)]})


def shown_again(view: Mapping[str, Any], words: str, lang: Lang) -> Checked | None:
    """Return the view that a press came from, with a line at its end, where the buttons are.

    Its fields keep their names, and so what stands in them. Nothing where it cannot be shown.
    """
    name = f"{_FAILED}:{lang}"
    kept = ("callback_id", "title", "close", "submit", "private_metadata")
    line = {**blocks.section(PEN.strong(words)), "block_id": name}
    try:
        found = [block for block in view["blocks"] if block.get("block_id") != name]
        again = {one: view[one] for one in kept if view.get(one)}
        again |= {"type": "modal", "blocks": [*found, line]}
        return checked_view(again, FORM_SUM)
    except (TooLargeError, AttributeError, KeyError, TypeError):
        return None


def _said(part: Said) -> Iterator[Block]:
    words = cleaned(part.words)
    if not words.strip():
        return
    if part.style is Style.QUOTED:
        yield blocks.quote([*_pieces(words, TEXT)])
    elif part.style is Style.PLAIN:
        yield from map(blocks.plain_section, _pieces(words, _ROW))
    elif part.style is Style.HEADING:
        yield blocks.header(_short(plain(words), _HEADER))
    elif part.style is Style.STRONG:
        yield from map(blocks.section, PEN.joined(map(_strong, _rows(words))))
    else:
        small = part.style is Style.SMALL
        write = blocks.context if small else blocks.section
        yield from map(write, PEN.joined(map(PEN.marked, _rows(words))))


def _strong(row: str) -> str:
    """Return a row in bold; a link in it stays one."""
    spans = [span for line in lines(row) for span in line.spans]
    return "".join([PEN.link(s.href, s.text) if s.href else PEN.strong(s.text) for s in spans])


def _rows(words: str) -> Iterator[str]:
    for row in words.splitlines():
        if row.strip():
            yield from (piece.strip() for piece in _pieces(row, _ROW))


def _field(part: Picked | Written, lang: Lang, mark: str, phrases: Phrases) -> Block:
    if isinstance(part, Written):
        filled = _first(cleaned(part.filled), TEXT)
        # What was taken once is not made shorter: Slack may count it in another way than we do.
        most = min(max(part.most, units(filled)), TEXT)
        element = blocks.text_field(part.name, filled=filled or None, most=most, lines=part.lines)
    else:
        options = [_option(value, cleaned(words)) for value, words in part.choices]
        words = phrases["choose_many" if part.many else "choose_one"][lang]
        if len(options) <= _FEW:
            build = blocks.boxes if part.many else blocks.radio
            element = build(part.name, options, part.picked)
        else:
            listed = blocks.multi_select if part.many else blocks.select
            element = listed(part.name, options, words, part.picked)
    name = f"{part.name}:{lang}:{mark}"
    return blocks.labelled(name, part.label, element, hint=part.hint, optional=part.optional)


def _option(value: str, words: str) -> Block:
    """Return a choice; what is too long for its line goes on in a smaller one below it."""
    if units(escape(words)) <= _SHORT:
        return blocks.option(value, words)
    first, *rest = _pieces(words, _SHORT)
    below = _short("".join(rest), _SHORT) if rest else None
    return blocks.option(value, _short(first.rstrip(), _SHORT), below)


def _short(words: str, most: int) -> str:
    """Return words that are no longer than ``most`` letters when escaped."""
    kept = words
    while units(escape(words)) > most:
        kept = kept[:-1]
        words = f"{kept.rstrip()}…"
    return words


def _pieces(text: str, most: int) -> Iterator[str]:
    """Yield a text in pieces of at most that many letters, cut after a line or word if it can be.

    Put together again they are the text.
    """
    while units(text) > most:
        at = len(_first(text, most))
        at = max(text.rfind("\n", 0, at), text.rfind(" ", 0, at)) + 1 or at
        yield text[:at]
        text = text[at:]
    if text:
        yield text


def _first(text: str, most: int) -> str:
    """Return the beginning of a text that Slack counts at most that many letters for."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


# ---- what comes back


def press_of(do: str, held: object, state: object) -> Press | None:
    """Return a press with what the fields hold; nothing where they hold more than ours can."""
    values = state.get("values") if isinstance(state, dict) else None
    fields = [
        (name, element)
        for held_by in (values.values() if isinstance(values, dict) else ())
        for name, element in (held_by.items() if isinstance(held_by, dict) else ())
        if isinstance(element, dict)
    ]
    where = held if isinstance(held, str) else ""
    if len(fields) > _MOST_FIELDS or len(do) > _LONGEST_ID or len(where) > _LONGEST_HELD:
        return None
    picked: dict[str, tuple[str, ...]] = {}
    written: dict[str, str] = {}
    for name, element in fields:
        if element.get("type") == "plain_text_input":
            text = element.get("value")
            written[name] = cleaned(text) if isinstance(text, str) else ""
            if len(written[name]) > TEXT:
                return None
        else:
            picked[name] = _picked(element)
            if len(picked[name]) > _MOST_PICKED:
                return None
    return Press(do, where, picked, written)


def _picked(element: Mapping[str, Any]) -> tuple[str, ...]:
    several = element.get("selected_options")
    options = several if isinstance(several, list) else [element.get("selected_option")]
    values = [one.get("value") for one in options if isinstance(one, dict)]
    return tuple(value for value in values if isinstance(value, str))
