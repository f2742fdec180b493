"""Do pinned summaries, and the windows in which they are pinned, draw well on Slack?

Drawn by a public renderer of Block Kit; pictures in tests/.pictures for whoever wants to look.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from bot.channels.slack import forms
from bot.channels.slack.board import SlackBoard
from bot.conversation import Conversation, Look, Move
from bot.forms import Button, Form, Said, Shown
from bot.guidance.words import LANGS, Lang, plain
from tests.test_slack_browser import WIDTH, draw, drawing, pytestmark

__all__ = ["drawing", "pytestmark"]

BOARD = SlackBoard(None)  # type: ignore[arg-type]  # it only draws here
CHANGED = "2026-11-20"
TONGUES: dict[str, tuple[Lang, ...]] = {"en": ("en",), "fr": ("fr",), "both": ("en", "fr")}


@pytest.mark.long
@pytest.mark.parametrize("tongue", TONGUES)
def test_a_pinned_summary_is_drawn_with_every_word_and_no_stray_mark(
    drawing: Page, department: Conversation, tongue: str
):
    talk = department.on("slack")
    for summary in talk.guidance.summaries:
        shown = [talk.respond(Move(f"summary:{summary}", lang, Look())) for lang in TONGUES[tongue]]
        drawn = BOARD.draw(shown, CHANGED)
        text = draw(drawing, drawn.message["blocks"], "light", f"pin-{summary}-{tongue}")
        seen = " ".join(text.split())
        assert drawing.evaluate("document.documentElement.scrollWidth") <= WIDTH
        assert not any(mark in seen for mark in ("**", "&lt;", "&gt;", "<http", "|http", "*W"))
        for reply in shown:
            words = [one.statement.words[reply.lang] for one in reply.screen.said]
            words += [card.office.name[reply.lang] for card in reply.cards if not card.contact]
            words += [reply.phrase("pin_kept", date=CHANGED), reply.phrase("pin_ask")]
            assert all(" ".join(plain(one).split()) in seen for one in words), summary


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_seen_before_it_is_pinned_is_set_apart_from_the_window(
    drawing: Page, department: Conversation, lang: Lang
):
    talk = department.on("slack")
    shown = [talk.respond(Move("summary:elections", lang, Look()))]
    phrases = talk.guidance.phrases
    parts = [Said(phrases["pin_preview"][lang]), Shown(BOARD.draw(shown, CHANGED).elements)]
    back = Button("pin:choose", phrases["back"][lang])
    form = Form(lang, parts, Button("pin:put", phrases["pin_put"][lang]), [back], "held")
    blocks = forms.view_of(form, phrases)["blocks"]
    kinds = [block["type"] for block in blocks]
    assert kinds.count("divider") == 2
    assert kinds[-2:] == ["divider", "actions"]
    seen = draw(drawing, blocks, "light", f"pin-preview-{lang}", 520)
    assert plain(phrases["pin_preview"][lang]) in " ".join(seen.split())


def test_a_pinned_summary_is_readable_on_a_narrow_phone_and_in_the_dark(
    drawing: Page, department: Conversation
):
    talk = department.on("slack")
    shown = [talk.respond(Move("summary:where_to_get_help", lang, Look())) for lang in LANGS]
    blocks = BOARD.draw(shown, CHANGED).message["blocks"]
    draw(drawing, blocks, "dark", "pin-help")
    drawing.set_viewport_size({"width": 400, "height": 800})
    draw(drawing, blocks, "light", "pin-narrow", 360)
    assert drawing.evaluate("document.documentElement.scrollWidth") <= 400
    drawing.set_viewport_size({"width": WIDTH, "height": 900})
