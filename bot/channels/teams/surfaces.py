"""How do the pages of a reply become a card in the chat or in a dialog?

A card of the chat is changed in place by ``Action.Execute``, which clients of long ago submit
instead; a dialog knows ``Action.Submit`` only. Every button carries the capsule, since a field that
is not shown is shown after all, or lost, by some phones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from bot.channels.controls import Control, controls, onward, to_private
from bot.channels.paging import Page
from bot.channels.rating import rating_of
from bot.channels.teams import elements
from bot.channels.teams.elements import Element
from bot.channels.teams.markdown import literal
from bot.channels.teams.menu import Pinning
from bot.channels.teams.pen import PEN
from bot.channels.text import in_pieces, to_copy
from bot.channels.wording import both, promise_line, takes_words, typing_label
from bot.conversation import Reply
from bot.forms import is_of_a_form
from bot.guidance.understand import MAX_TYPED
from bot.seal import Surface

TITLE: Final = "Cairn"
CAPSULE: Final = "c"
_CHAT: Final = "https://teams.microsoft.com/l/chat/0/0?users="
_ROW: Final = 62
"""Letters of the buttons of a row; in a longer one some clients cut them short."""

_AROUND: Final = 5
"""How many letters would find room around the words of a button."""

_FIELD: Final = 8_000
"""Letters of a field to copy from, so that the card stays small enough."""

_Button = Callable[..., Element]


def card(reply: Reply, page: Page, capsule: str, surface: Surface) -> Element:
    """Return a page of the reply as a card."""
    found = [*page.elements]
    if takes_words(reply.screen):
        found.insert(-1, _type_field(reply))
    rows = _rows(reply, page, capsule, surface)
    keeps = _keeps(reply) if surface is Surface.MESSAGE else []
    rating = _rating(reply, page, capsule, surface)
    return _card(reply, [*found[:-1], *rows, *rating, *keeps, found[-1]])


def _rows(reply: Reply, page: Page, capsule: str, surface: Surface) -> Iterator[Element]:
    """Return the rows of buttons, the one to go on with first."""
    button = _button(surface)
    data = {CAPSULE: capsule}
    main = onward(reply, page)
    actions = [button(*main, data, style="positive")] if main else []
    actions += [control_button(control, data, surface) for control in controls(reply, page)]
    if surface is Surface.MESSAGE:
        actions.append(elements.fetch(*to_private(reply), data))
    return in_rows(actions)


def _rating(reply: Reply, page: Page, capsule: str, surface: Surface) -> Iterator[Element]:
    """Whether the screen helped, below its first page."""
    rating = rating_of(reply)
    if rating is None or page.number > 1:
        return
    yield elements.small(literal(rating.words))
    button, data = _button(surface), {CAPSULE: capsule}
    yield from in_rows([button(*one, data) for one in rating.buttons])


def control_button(control: Control, data: Element, surface: Surface) -> Element:
    """Return the button of a control; the desk is met in a dialog only, since chats are kept."""
    if surface is Surface.MESSAGE and is_of_a_form(control.do):
        return elements.fetch(*control, data)
    return _button(surface)(*control, data)


def in_rows(actions: Sequence[Element]) -> Iterator[Element]:
    """Return buttons in rows that are not too long; Teams leaves out a seventh in a row."""
    rows: list[list[Element]] = []
    room = 0
    for action in actions:
        size = len(action["title"]) + _AROUND
        if size > room:
            rows.append([])
            room = _ROW
        rows[-1].append(action)
        room -= size
    yield from (elements.buttons(row, below=rows[0] is not row) for row in rows)


def _button(surface: Surface) -> _Button:
    return elements.execute if surface is Surface.MESSAGE else elements.submit


def _keeps(reply: Reply) -> list[Element]:
    return [elements.small(literal(reply.phrase("chat_keeps_copy")))]


def trail_form(reply: Reply, capsule: str, surface: Surface) -> Element:
    """Return the form that asks which choice of the trail to change."""
    options = []
    for number, step in enumerate(reply.screen.trail, start=1):
        picked = "; ".join(option.label[reply.lang] for option in step.picked)
        ask = step.question.ask[reply.lang]
        options.append((step.question.id, f"{number} · {ask} — {picked}"))
    field = elements.choices(f"change:{reply.lang}", reply.phrase("change_which"), options)
    button, data = _button(surface), {CAPSULE: capsule}
    go_on = button("change", reply.phrase("next"), data, style="positive")
    return _card(reply, [field, *in_rows([go_on, button("look", reply.phrase("back"), data)])])


def copy_form(
    reply: Reply, capsule: str, surface: Surface, number: int = 1, told: str | None = None
) -> Element:
    """Return an answer as a filled field to copy from, with the offer to send it to the chat.

    A long answer is in several pieces, each a card of its own. ``told`` is the name of a phrase
    said above it: what became of sending it.
    """
    texts = in_pieces(to_copy(reply), _FIELD)
    number = min(number, len(texts))
    found = [elements.text(f"**{literal(reply.phrase(told))}**")] if told else []
    found.append(elements.small(literal(reply.phrase("copy_hint"))))
    label = reply.phrase("copy_field", number=number, count=len(texts))
    name = f"copy:{reply.lang}:{number}"
    found.append(elements.text_field(name, label, filled=texts[number - 1]))
    data, button, actions = {CAPSULE: capsule}, _button(surface), []
    if number < len(texts):
        words = reply.phrase("page_more", number=number + 1, count=len(texts))
        actions.append(button(f"copy:{number + 1}", words, data, style="positive"))
    if surface is Surface.MODAL and told is None:
        found.append(elements.small(literal(reply.phrase("send_here_warning"))))
        actions.append(button("send", reply.phrase("send_here"), data))
    actions.append(button("look", reply.phrase("back"), data))
    return _card(reply, [*found, *in_rows(actions)])


def first_card(replies: tuple[Reply, Reply], capsule: str, surface: Surface) -> Element:
    """Return the first screen for a person whose language is not known, in both."""
    english, french = replies
    offline = [
        elements.text(literal(one.phrase("trouble_offline"))) for one in replies if one.is_offline
    ]
    options = [
        (name, f"{tree.title.en} · {tree.title.fr}")
        for name, tree in english.guidance.trees.items()
        if not offline
    ]
    pages = ("offices",) if offline else ("topics", "offices")
    options += [(name, both(replies, f"{name}_title")) for name in pages]
    tongues = [("en", "English"), ("fr", "Français")]
    button, data = _button(surface), {CAPSULE: capsule}
    found = [
        *_notices(english),
        *_notices(french),
        elements.title(TITLE),
        elements.text(literal(english.phrase("what_i_am"))),
        elements.text(literal(french.phrase("what_i_am"))),
        elements.small(PEN.marked(promise_line(english))),
        elements.small(PEN.marked(promise_line(french))),
        *offline,
        elements.choices("lang", "Language · Langue", tongues),
        elements.choices("goto:both", both(replies, "home_title"), options),
        _type_field(*replies),
        *in_rows(
            [
                button("first", both(replies, "next"), data, style="positive"),
                # Which of the two is pressed tells the language.
                *(
                    button(f"danger:{one.lang}", one.phrase("crisis_button"), data)
                    for one in replies
                ),
            ]
        ),
    ]
    return elements.card(found, english.lang, both(replies, "neutral_text"))


def channel_card(replies: Sequence[Reply], chat: str, place: str, *, alone: bool) -> Element:
    """Return what a mention in a channel or a group is answered with.

    ``place`` is where its dialog begins. ``alone`` says that only the person sees it; what all
    see is in both languages.
    """
    phrase = "mention_reply" if alone else "mention_shared"
    body: list[Element] = []
    for reply in replies:
        # Which of two buttons was pressed tells the language, as the names of fields do.
        tongue = {f"start:{reply.lang}": ""}
        actions = [
            elements.fetch(f"start:{place}", reply.phrase("open_private"), tongue),
            elements.open_url(reply.phrase("open_chat"), chat),
        ]
        body += [elements.text(literal(reply.phrase(phrase))), *in_rows(actions)]
    return elements.card(body, replies[0].lang, both(replies, "neutral_text"))


def pin_card(replies: Sequence[Reply], pinning: Pinning) -> Element:
    """Return what opens the dialogs in which a summary is pinned or taken away.

    The one that was asked for comes first.
    """
    words = {Pinning.CHOOSE: "pin_start_choose", Pinning.LEAVE: "pin_start_leave"}
    ordered = sorted(words, key=lambda one: one is not pinning)
    body: list[Element] = []
    for reply in replies:
        tongue = {f"start:{reply.lang}": ""}
        actions = [elements.fetch(one, reply.phrase(words[one]), tongue) for one in ordered]
        body += [elements.text(literal(reply.phrase("pin_start"))), *in_rows(actions)]
    return elements.card(body, replies[0].lang, both(replies, "pin_start"))


def chat_link(bot: str) -> str:
    """Return the address of somebody's own chat with Cairn."""
    return f"{_CHAT}{quote(bot, safe='')}"


def refusal(replies: tuple[Reply, Reply]) -> Element:
    """Return what people from elsewhere are told, in both languages."""
    rows = [elements.text(PEN.marked(reply.phrase("from_elsewhere"))) for reply in replies]
    return elements.card(rows, replies[0].lang, both(replies, "neutral_text"))


def _card(reply: Reply, body: Sequence[Element]) -> Element:
    return elements.card(body, reply.lang, reply.phrase("neutral_text"))


def _type_field(*replies: Reply) -> Element:
    name = typing_label(replies[0].screen)
    label = f"{both(replies, name)}. {both(replies, 'type_hint')}"
    return elements.text_field("say", label, most=MAX_TYPED)


def _notices(reply: Reply) -> Iterator[Element]:
    for notice in reply.notices:
        words = PEN.marked(notice.words[reply.lang])
        yield elements.text(f"**{literal(reply.phrase('notice'))}** {words}")
