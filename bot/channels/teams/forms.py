"""How does a form become the card of a dialog, and what came back from it a press?

What a person wrote stands in text runs and fields, which know no format, link or mention. The name
of a field is ``desk:``, the language, ``pick`` or ``write``, and what the desk calls it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from bot.channels.teams import elements
from bot.channels.teams.elements import Element
from bot.channels.teams.limits import DIALOG, Checked, TooLargeError, checked
from bot.channels.teams.markdown import literal
from bot.channels.teams.pen import PEN
from bot.channels.teams.surfaces import CAPSULE, in_rows
from bot.desk.port import Card
from bot.forms import (
    DESK,
    PINS,
    Button,
    Form,
    Part,
    Picked,
    Press,
    Said,
    Shown,
    Style,
    Written,
    is_of_a_form,
)
from bot.guidance.words import LANGS, Lang, Words

_HELD: Final = "held"
_PICK: Final = "pick"
_WRITE: Final = "write"
_LINES: Final = 40
"""Lines of a quotation that stand for themselves; clients may put those after them in one."""

_MOST_FIELDS: Final = 50
_MOST_PICKED: Final = 250
_LONGEST_DO: Final = 100
_LONGEST_NAME: Final = 100
_LONGEST_HELD: Final = 8_000
_LONGEST_WRITTEN: Final = 8_000
_UNSEEN: Final = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    r"\ud800-\udfff\ufff9-\ufffb]"
)
"""Signs that nobody sees, that turn the order of others round, or that no store can keep."""

_BREAK: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BRACES: Final = re.compile(r"(?<=\{)(?=\{)")
"""Where a run ends: two braces together in one would begin a function."""

_NO_WIDTH: Final = "\u2060"

_IN_A_NAME: Final = str.maketrans(
    {"[": "(", "]": ")", "*": "∗", "`": "’", "<": "‹", "\\": "∖", "{": "(", "}": ")", "~": "∼"}
)
"""Choices are Markdown to some clients and plain words to others: signs that read alike in both."""

_FAILED: Final = {DESK: ("desk_failed", "desk_again"), PINS: ("pin_failed", "pin_again")}
_MEMBERS_ONLY: Final = {DESK: "desk_members_only", PINS: "pin_members_only"}
"""The phrases that are said where no counter answers, by how the press begins."""


# ---- what is shown


def form_card(form: Form, phrases: Mapping[str, Words]) -> Checked:
    """Return a form as the card of a dialog.

    What it holds stands in every button; where that is too much, once, in a field out of sight,
    which some clients show. Where it is still too much, the lines of quotations are not set apart.

    Raises:
        TooLargeError: it does not fit even so.

    """
    neutral = phrases["neutral_text"][form.lang]

    def card(data: Element, *hidden: Element, tight: bool = False) -> Checked:
        parts = [one for part in form.parts for one in _part(part, form.lang, phrases, tight=tight)]
        rows = in_rows(_buttons(form, {_mark(form.lang): "", **data}))
        return checked(elements.card([*parts, *hidden, *rows], form.lang, neutral), around=DIALOG)

    with suppress(TooLargeError):
        return card({_HELD: form.held})
    held = elements.hidden(f"{_mark(form.lang)}:{_HELD}", form.held)
    with suppress(TooLargeError):
        return card({}, held)
    return card({}, held, tight=True)


def chat_card(card: Card) -> Checked:
    """Return a card for a chat or a channel; its buttons open a dialog.

    Raises:
        TooLargeError: it does not fit.

    """
    data = {_HELD: card.value, _mark(card.lang): ""}
    opening = [elements.fetch(button.do, button.words, data) for button in card.buttons]
    lines = [elements.text(literal(line)) for line in card.lines]
    return checked(elements.card([*lines, *in_rows(opening)], card.lang, card.summary))


def failed_card(press: Press, lang: Lang, phrases: Mapping[str, Words]) -> Checked:
    """Return that it is not known whether a press was done, and a button to press again.

    What was picked and written goes with the button; without it, where it is too much.
    """
    failed, once_more = _FAILED[_kind(press)]
    again = elements.submit(
        press.do, phrases[once_more][lang], _data_of(press, lang), style="positive"
    )
    try:
        return _note(failed, lang, phrases, again)
    except TooLargeError:
        return _note(failed, lang, phrases)


def refusal_card(press: Press, lang: Lang, phrases: Mapping[str, Words]) -> Checked:
    """Return what guests and people from elsewhere are told."""
    return _note(_MEMBERS_ONLY[_kind(press)], lang, phrases)


def _kind(press: Press) -> str:
    return PINS if press.do.startswith(PINS) else DESK


def _note(name: str, lang: Lang, phrases: Mapping[str, Words], *actions: Element) -> Checked:
    """Return a card that says one phrase."""
    told = [elements.text(PEN.marked(phrases[name][lang])), *in_rows(actions)]
    return checked(elements.card(told, lang, phrases["neutral_text"][lang]))


def _mark(lang: Lang) -> str:
    return f"{DESK}{lang}"


def _buttons(form: Form, data: Element) -> list[Element]:
    def submit(button: Button, **style: Any) -> Element:
        return elements.submit(button.do, button.words, data, **style)

    main = [submit(form.main, style="positive")] if form.main is not None else []
    return [*main, *map(submit, form.buttons)]


def _part(
    part: Part, lang: Lang, phrases: Mapping[str, Words], *, tight: bool
) -> Iterator[Element]:
    if isinstance(part, Said):
        yield from _said(part, tight=tight)
        return
    if isinstance(part, Shown):
        yield from (dict(element) for element in part.elements)
        return
    if part.hint is not None:
        yield elements.small(PEN.marked(part.hint))
    label = part.label
    if part.optional:
        label = f"{label} ({phrases['optional'][lang]})"
    if isinstance(part, Picked):
        options = [(value, words.translate(_IN_A_NAME)) for value, words in part.choices]
        name = f"{_mark(lang)}:{_PICK}:{part.name}"
        yield elements.choices(name, label, options, part.picked, many=part.many)
    else:
        yield _written(part, f"{_mark(lang)}:{_WRITE}:{part.name}", label)


def _written(part: Written, name: str, label: str) -> Element:
    filled = plain(part.filled) or None
    return elements.text_field(name, label, filled=filled, most=part.most, lines=part.lines)


def _said(said: Said, *, tight: bool) -> Iterator[Element]:
    match said.style:
        case Style.HEADING:
            yield elements.heading(literal(said.words))
        case Style.SMALL:
            yield elements.small(PEN.marked(said.words))
        case Style.STRONG:
            yield elements.text(PEN.strong(said.words))
        case Style.PLAIN:
            yield elements.text(literal(plain(said.words)))
        case Style.QUOTED:
            words = plain(said.words)
            if lines := [*_tightly(words)] if tight else _quoted(words):
                yield elements.quotation(lines)
        case _:
            yield elements.text(PEN.marked(said.words))


def _quoted(words: str) -> list[Element]:
    """Return the lines of a text, letter by letter; an empty line leaves room."""
    lines = words.split("\n")
    lines = [*lines[:_LINES], "\n".join(lines[_LINES:])]
    found, apart = [], False
    for line in lines:
        if line.strip():
            found.append(elements.verbatim(_BRACES.split(line), apart=apart))
        apart = not line.strip()
    return found


def _tightly(words: str) -> Iterator[Element]:
    """Yield a text in as few letters of a card as will do.

    Its lines are one, in which a letter of no width keeps two braces apart.
    """
    if words.strip():
        yield elements.verbatim([_BRACES.sub(_NO_WIDTH, words)])


def plain(words: str) -> str:
    """Return words without signs that nobody sees, their lines ended as ours are."""
    return _UNSEEN.sub("", _BREAK.sub("\n", words))


# ---- what comes back


def press_in(data: object) -> Press | None:
    """Return the press of a form in the data of a button and its fields, if it is one.

    What is too long to be of our making is left out.
    """
    given = data if isinstance(data, dict) else {}
    do = given.get("do")
    if not is_of_a_form(do) or len(do) > _LONGEST_DO:
        return None
    held = given.get(_HELD)
    picked: dict[str, tuple[str, ...]] = {}
    written: dict[str, str] = {}
    for kind, name, value in _fields(given):
        if kind == _PICK:
            picked[name] = tuple(filter(None, value.split(",")))[:_MOST_PICKED]
        elif kind == _WRITE:
            written[name] = plain(value)[:_LONGEST_WRITTEN]
        elif kind == _HELD:
            held = value
    if not isinstance(held, str) or len(held) > _LONGEST_HELD:
        held = ""
    return Press(do, held, picked, written)


def capsule_in(data: object) -> object:
    """Return the capsule that came with a press from a walk; nothing where none did."""
    return data.get(CAPSULE) if isinstance(data, dict) else None


def _fields(data: Mapping[object, object]) -> Iterator[tuple[str, str, str]]:
    """Yield the kind, the name and the value of each field of ours."""
    count = 0
    for name, value in data.items():
        if not isinstance(name, str) or not isinstance(value, str) or len(name) > _LONGEST_NAME:
            continue
        parts = name.split(":", 3)
        if parts[0] != DESK[:-1] or len(parts) < 3 or parts[1] not in LANGS:  # noqa: PLR2004 kind
            continue
        count += 1
        if count > _MOST_FIELDS:
            return
        yield parts[2], "".join(parts[3:]), value


def _data_of(press: Press, lang: Lang) -> Element:
    """Return a press as the data of a button that does the same."""
    mark = _mark(lang)
    picked = {f"{mark}:{_PICK}:{name}": ",".join(ids) for name, ids in press.picked.items()}
    written = {f"{mark}:{_WRITE}:{name}": words for name, words in press.written.items()}
    return {_HELD: press.held, mark: "", **picked, **written}
