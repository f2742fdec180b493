"""Do the two small buttons, the letter and the courses draw well in Teams, in both languages?

Drawn by Microsoft's own renderer; pictures in tests/.pictures for whoever wants to look.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from bot.channels.letter import letter_of
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from bot.organization import Organization
from bot.seal import Surface
from tests.feedback import answer_of, at, counting, rated
from tests.test_teams_browser import card_of, draw, drawing, folded, pytestmark

__all__ = ["drawing", "pytestmark"]


@pytest.mark.long
@pytest.mark.parametrize("lang", LANGS)
def test_a_card_asks_once_below_its_buttons_and_thanks_in_the_same_place(
    drawing: Page, organized: tuple[Guidance, Organization], lang: Lang
):
    conversation = counting(*organized).conversation
    place = answer_of(conversation)
    replies = {
        "rate-answer": conversation.respond(at(place, lang)),
        "rate-topic": conversation.respond(at("topic:generative_ai", lang)),
        "rate-yes": rated(conversation, place, lang, helped=True),
        "rate-no": rated(conversation, "topic:generative_ai", lang, helped=False),
        "rate-learning": conversation.respond(at("topic:learning", lang)),
    }
    for name, reply in replies.items():
        for surface in (Surface.MESSAGE, Surface.MODAL):
            seen = draw(drawing, card_of(reply, 1, surface), f"{name}-{surface}-{lang}")
            assert (folded(reply.phrase("rate_ask")) in seen) is reply.may_rate, name
            thanks = folded(reply.phrase("rate_thanks_yes")) in seen
            assert thanks is (reply.rated is not None), name


@pytest.mark.parametrize("lang", LANGS)
def test_the_link_of_the_letter_survives_the_renderer_letter_by_letter(
    drawing: Page, organized: tuple[Guidance, Organization], lang: Lang
):
    reply = counting(*organized).conversation.respond(at("topic:feedback", lang))
    draw(drawing, card_of(reply), f"rate-letter-{lang}")
    link = drawing.get_by_role("link", name=reply.phrase("letter_open"))
    letter = letter_of(reply)
    assert letter is not None
    expect(link).to_have_attribute("href", letter.address)
