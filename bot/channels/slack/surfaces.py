"""How do the pages of a reply become a modal, a message, or the Home tab?

A modal carries its capsule once, in ``private_metadata``; a message carries it in each button.
What a press does stands in the button's ``action_id`` or the modal's ``callback_id``: ``choose``,
``goto``, ``page:whole:2`` and so on; ``decode`` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

from bot.channels.controls import Control, controls, onward, to_private
from bot.channels.paging import Page
from bot.channels.rating import rating_of
from bot.channels.slack import blocks
from bot.channels.slack.blocks import Block
from bot.channels.slack.mrkdwn import literal
from bot.channels.slack.pen import PEN, page_of
from bot.channels.text import in_pieces, to_copy
from bot.channels.wording import both, promise_line, takes_words, typing_label
from bot.conversation import Reply
from bot.guidance.pages import HOME
from bot.guidance.understand import MAX_TYPED

TITLE: Final = "Cairn"
MAIN: Final = ("can_i_post", "post_reported")
"""The two main walks, as Home shows them."""

_FIELD: Final = 3_000
_RADIO: Final = 10
_LABEL: Final = 75
_SUBMIT: Final = 24

Payload = dict[str, Any]


def modal(reply: Reply, page: Page, capsule: str) -> Payload:
    """Return a page of the reply as a modal view."""
    found = [*page.elements]
    if takes_words(reply.screen):
        found.insert(-1, _type_field(capsule, reply))
    main = onward(reply, page) or Control("nothing", "")
    row = blocks.actions([*_controls(reply, page, None)], _row(reply))
    below = [row, *_rating(reply, page, None), found[-1]]
    return _view(reply, [*found[:-1], *below], capsule, main.do, main.words or None)


def message(reply: Reply, page: Page, capsule: str) -> Payload:
    """Return a page of the reply as a message, with the neutral text for notifications."""
    main = onward(reply, page)
    first = [blocks.button(*main, value=capsule, style="primary")] if main else []
    row = blocks.actions([*first, *_controls(reply, page, capsule)], _row(reply))
    keeps = blocks.context(literal(reply.phrase("chat_keeps_copy")))
    rating = _rating(reply, page, capsule)
    found = [*page.elements[:-1], row, *rating, keeps, page.elements[-1]]
    return {"text": reply.phrase("neutral_text"), "blocks": found}


def posted(reply: Reply, page: Page, capsule: str) -> Payload:
    """Return a page of the reply as a new message.

    A new message may be shown on a desktop by its first words, so those are neutral too; where it
    is changed later nobody is notified.
    """
    shown = message(reply, page, capsule)
    return {**shown, "blocks": [blocks.context(literal(shown["text"])), *shown["blocks"]]}


def _controls(reply: Reply, page: Page, capsule: str | None) -> Iterator[Block]:
    """The row of buttons under a page; in a message each of them carries the capsule."""
    for control in controls(reply, page):
        yield blocks.button(control.do, control.words, value=capsule)
    if capsule is not None:
        private = to_private(reply)
        yield blocks.button(private.do, private.words, value=capsule)


def _rating(reply: Reply, page: Page, capsule: str | None) -> Iterator[Block]:
    """Whether the screen helped, below its first page; in a message buttons carry the capsule."""
    rating = rating_of(reply)
    if rating is None or page.number > 1:
        return
    yield blocks.context(literal(rating.words))
    if rating.buttons:
        buttons = [blocks.button(*button, value=capsule) for button in rating.buttons]
        yield blocks.actions(buttons, f"rating:{reply.lang}")


def trail_modal(reply: Reply, capsule: str) -> Payload:
    """Return the form that asks which choice of the trail to change, as a modal."""
    field = _trail_field(reply)
    row = blocks.actions([blocks.button("look", reply.phrase("back"))], _row(reply))
    return _view(reply, [field, row], capsule, "change", reply.phrase("next"))


def trail_message(reply: Reply, capsule: str) -> Payload:
    """Return the same form as a message."""
    row = blocks.actions(
        [
            blocks.button("change", reply.phrase("next"), value=capsule, style="primary"),
            blocks.button("look", reply.phrase("back"), value=capsule),
        ],
        _row(reply),
    )
    return {"text": reply.phrase("neutral_text"), "blocks": [_trail_field(reply), row]}


def _trail_field(reply: Reply) -> Block:
    options = []
    for number, step in enumerate(reply.screen.trail, start=1):
        ask = f"{number}. {step.question.ask[reply.lang]}"
        picked = "; ".join(option.label[reply.lang] for option in step.picked)
        options.append(blocks.option(step.question.id, clip(ask, _LABEL), clip(picked, _LABEL)))
    if len(options) <= _RADIO:
        element = blocks.radio("change", options)
    else:
        element = blocks.select("change", options, reply.phrase("choose_one"))
    return blocks.labelled(f"change:{reply.lang}", reply.phrase("change_which"), element)


def copy_modal(reply: Reply, capsule: str, told: str | None = None) -> Payload:
    """Return an answer as filled fields to copy from, with the offer to send it to the chat.

    ``told`` is the name of a phrase said above it: what became of sending it.
    """
    texts = in_pieces(to_copy(reply), _FIELD)
    found: list[Block] = [*_told(reply, told)]
    for number, text in enumerate(texts, start=1):
        label = reply.phrase("copy_field", number=number, count=len(texts))
        element = blocks.text_field("copy", filled=text, most=_FIELD)
        hint = reply.phrase("copy_hint") if number == 1 else None
        name = f"copy:{reply.lang}:{number}"
        found.append(blocks.labelled(name, label, element, hint=hint, optional=True))
    asked = blocks.confirm(
        reply.phrase("send_here"),
        reply.phrase("send_here_warning"),
        reply.phrase("send_here_yes"),
        reply.phrase("cancel"),
    )
    if told is None:
        send = blocks.button("send", reply.phrase("send_here"), confirm=asked)
        found.append(blocks.actions([send], _row(reply)))
    return _view(reply, found, capsule, "look", reply.phrase("back"))


def home_tab(reply: Reply, capsule: str) -> Payload:
    """Return the Home tab: the main walks, the others, topics, learning, promise, language."""
    guidance, say = reply.guidance, reply.phrase

    def start(place: str, words: str, *, main: bool = False) -> Block:
        return blocks.button(
            f"start:{place}", clip(words, _LABEL), style="primary" if main else None
        )

    titles = {name: tree.title[reply.lang] for name, tree in guidance.trees.items()}
    main = [start(name, titles[name], main=True) for name in MAIN]
    others = [start(name, title) for name, title in titles.items() if name not in MAIN]
    promise = start("promise", say("promise_link"))
    read = [start(name, say(f"{name}_title")) for name in ("topics", "offices")]
    read += [start("topic:learning", guidance.topics["learning"].title[reply.lang]), promise]
    if reply.writes:
        read.append(blocks.button("desk:offices", say("desk_write_button")))
    walks = [
        blocks.section(f"*{literal(say('home_walks'))}*"),
        blocks.actions(main, "main"),
        blocks.actions(others, "others"),
        blocks.section(f"*{literal(say('home_topics'))}*"),
        blocks.actions(read, "read"),
    ]
    if reply.is_offline:
        offices = start("offices", say("offices_title"), main=True)
        walks = [
            blocks.section(literal(say("trouble_offline"))),
            blocks.actions([offices, promise], "read"),
        ]
    found = [
        *_notices(reply),
        blocks.header(say("home_title")),
        blocks.section(literal(say("what_i_am"))),
        blocks.context(PEN.marked(promise_line(reply))),
        *walks,
        blocks.divider(),
        blocks.actions(
            [
                blocks.button("home_language", say("other_language")),
                start("crisis", say("crisis_button")),
            ],
            _row(reply),
        ),
        *page_of(reply, 1).elements[-1:],
    ]
    # By its mark it is known later whether Home still shows what it would show then.
    mark = blake2b(json.dumps(found).encode(), digest_size=8).hexdigest()
    return {"type": "home", "callback_id": mark, "private_metadata": capsule, "blocks": found}


def both_languages(replies: tuple[Reply, Reply]) -> list[Block]:
    """Return the first screen for a person whose language is not known yet, in both."""
    english, french = replies
    offline = [
        blocks.section(literal(one.phrase("trouble_offline"))) for one in replies if one.is_offline
    ]
    options = [
        blocks.option(name, tree.title.en, tree.title.fr)
        for name, tree in english.guidance.trees.items()
        if not offline
    ]
    options += [
        blocks.option(name, english.phrase(f"{name}_title"), french.phrase(f"{name}_title"))
        for name in (("offices",) if offline else ("topics", "offices"))
    ]
    tongues = [blocks.option("en", "English"), blocks.option("fr", "Français")]
    return [
        *_notices(english),
        *_notices(french),
        blocks.section(literal(english.phrase("what_i_am"))),
        blocks.section(literal(french.phrase("what_i_am"))),
        blocks.context(PEN.marked(promise_line(english))),
        blocks.context(PEN.marked(promise_line(french))),
        *offline,
        blocks.labelled("lang", "Language · Langue", blocks.radio("lang", tongues)),
        blocks.labelled(
            "goto:both",
            both(replies, "home_title"),
            blocks.radio("goto", options),
            optional=True,
        ),
    ]


def first_modal(replies: tuple[Reply, Reply], capsule: str) -> Payload:
    """Return the first screen in both languages as a modal."""
    row = blocks.actions([*_danger(replies, None)], "controls")
    found = [*both_languages(replies), _type_field(capsule, *replies), row]
    view = _view(replies[0], found, capsule, "first", both(replies, "next"))
    view["close"] = blocks.plain(both(replies, "close"))
    return view


def first_message(replies: tuple[Reply, Reply], capsule: str) -> Payload:
    """Return the first screen in both languages as a message."""
    row = blocks.actions(
        [
            blocks.button("first", both(replies, "next"), value=capsule, style="primary"),
            *_danger(replies, capsule),
        ],
        "controls",
    )
    return {
        "text": both(replies, "neutral_text"),
        "blocks": [*both_languages(replies), row],
    }


def _danger(replies: tuple[Reply, Reply], capsule: str | None) -> Iterator[Block]:
    """Yield the button for danger in each language; the one that is pressed tells which."""
    for reply in replies:
        words = reply.phrase("crisis_button")
        yield blocks.button(f"danger:{reply.lang}", words, value=capsule)


def channel_reply(reply: Reply, link: str) -> Payload:
    """Return what a mention in a channel is answered with, seen by that person only."""
    row = blocks.actions(
        [
            blocks.button(f"start:{HOME}", reply.phrase("open_private"), style="primary"),
            blocks.link_button("chat", reply.phrase("open_chat"), link),
        ],
        _row(reply),
    )
    text = literal(reply.phrase("mention_reply"))
    return {"text": reply.phrase("neutral_text"), "blocks": [blocks.section(text), row]}


def refusal(replies: tuple[Reply, Reply]) -> Payload:
    """Return what people from elsewhere are told, in both languages."""
    rows = [blocks.section(PEN.marked(reply.phrase("from_elsewhere"))) for reply in replies]
    return {"text": both(replies, "neutral_text"), "blocks": rows}


def clip(text: str, most: int) -> str:
    """Return text cut to ``most`` letters, with an ellipsis where it was cut."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _view(reply: Reply, found: list[Block], capsule: str, do: str, submit: str | None) -> Payload:
    view: Payload = {
        "type": "modal",
        "callback_id": do,
        "title": blocks.plain(TITLE),
        "close": blocks.plain(reply.phrase("close")),
        "private_metadata": capsule,
        "blocks": found,
    }
    if submit is not None:
        view["submit"] = blocks.plain(clip(submit, _SUBMIT))
    return view


def _type_field(capsule: str, *replies: Reply) -> Block:
    """Return the field to ask in one's own words.

    Slack keeps what was typed for as long as a field has its name, and then it would be asked
    again at each step; so the field gets a name of its own, which the capsule has at its end.
    """
    label = both(replies, typing_label(replies[0].screen))
    hint = " ".join(reply.phrase("type_hint") for reply in replies)
    element = blocks.text_field("say", most=MAX_TYPED)
    return blocks.labelled(f"say:{capsule[-8:]}", label, element, hint=hint, optional=True)


def _row(reply: Reply) -> str:
    """Return the name of the row of buttons; it tells the language when nothing else can."""
    return f"controls:{reply.lang}"


def _told(reply: Reply, phrase: str | None) -> Iterator[Block]:
    if phrase is not None:
        yield blocks.section(f"*{literal(reply.phrase(phrase))}*")


def _notices(reply: Reply) -> Iterator[Block]:
    for notice in reply.notices:
        words = PEN.marked(notice.words[reply.lang])
        yield blocks.section(f"*{literal(reply.phrase('notice'))}* {words}")
