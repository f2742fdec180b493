"""Do the two small buttons, the letter and the courses draw well on Slack, in both languages?

Drawn by a public renderer of Block Kit; pictures in tests/.pictures for whoever wants to look.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from bot.channels.slack import surfaces
from bot.channels.slack.pen import pages_of
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from bot.organization import Organization
from tests.feedback import answer_of, at, counting, rated
from tests.test_slack_browser import CAPSULE, WIDTH, draw, drawing, pytestmark
from tests.test_teams_browser import folded

__all__ = ["drawing", "pytestmark"]


@pytest.mark.long
@pytest.mark.parametrize("lang", LANGS)
def test_a_screen_asks_once_below_its_buttons_and_thanks_in_the_same_place(
    drawing: Page, organized: tuple[Guidance, Organization], lang: Lang
):
    conversation = counting(*organized).conversation
    place = answer_of(conversation)
    topic = conversation.respond(at("topic:generative_ai", lang))
    replies = {
        "rate-answer": conversation.respond(at(place, lang)),
        "rate-topic": topic,
        "rate-yes": rated(conversation, place, lang, helped=True),
        "rate-no": rated(conversation, "topic:generative_ai", lang, helped=False),
        "rate-letter": conversation.respond(at("topic:feedback", lang)),
        "rate-learning": conversation.respond(at("topic:learning", lang)),
    }
    for name, reply in replies.items():
        blocks = surfaces.message(reply, pages_of(reply)[0], CAPSULE)["blocks"]
        seen = folded(draw(drawing, blocks, "light", f"{name}-{lang}"))
        assert drawing.evaluate("document.documentElement.scrollWidth") <= WIDTH
        asks = folded(reply.phrase("rate_ask")) in seen
        assert asks is reply.may_rate, name
        thanks = folded(reply.phrase("rate_thanks_yes")) in seen
        assert thanks is (reply.rated is not None), name
