"""Is somebody told that they typed personal data, in every channel, and is it never repeated?"""

from __future__ import annotations

import pytest

from bot.channels.slack.pen import pages_of as slack_pages
from bot.channels.teams.pen import pages_of as teams_pages
from bot.channels.text import render as as_text
from bot.channels.web.render import renderer
from bot.conversation import Conversation, Move, Say
from bot.guidance.words import LANGS, Lang
from bot.personal import personal_data

SIN = "130 692 544"
CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to alice@lakes.example about it", ("email",)),
        ("call me at 613-555-0111", ("phone",)),
        ("mon numéro : (613) 555.0111", ("phone",)),
        ("+1 613 555 0111", ("phone",)),
        (f"my number is {SIN}", ("sin",)),
        (f"nas{SIN.replace(' ', '-')}", ()),
        (f"carte {CARD}", ("card",)),
        ("PRI 123 456 789", ("pri",)),
        ("cidp: 12345678", ("pri",)),
        (f"alice@lakes.example, {CARD} or 613-555-0111", ("email", "card", "phone")),
    ],
)
def test_each_kind_is_known(text: str, kinds: tuple[str, ...]):
    assert personal_data(text) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "may I post at 12:30 on 2026-11-25?",
        "section 12 of C.R.C., c. 1234567890123",
        "130 692 545",
        "in 2019-2020 there were 38 000 000 people",
        "@alice said so",
        "call 911 or 9-8-8",
        "DDN2-A29, TRN125 and CANFORGEN 123/24",
        "4111 1111 1111 1112",
    ],
)
def test_other_numbers_are_no_personal_data(text: str):
    assert personal_data(text) == ()


@pytest.mark.parametrize("lang", LANGS)
def test_every_channel_tells_it_and_repeats_nothing(conversation: Conversation, lang: Lang):
    said = {"en": "a social insurance number", "fr": "un numéro d’assurance sociale"}
    reply = conversation.respond(Move("can_i_post", lang, Say(f"is {SIN} ok?")))
    shown = [
        as_text(reply),
        renderer()(reply),
        str([page.elements for page in slack_pages(reply)]),
        str([page.elements for page in teams_pages(reply, 200)]),
    ]
    for text in shown:
        assert said[reply.lang] in " ".join(text.split())
        assert SIN not in text
