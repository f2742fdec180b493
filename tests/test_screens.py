"""Can every distinct screen be shown, in both languages, as text and as a page, within limits?

Every route of every tree is walked; of the screens that differ in what they say, those that show
all of it are rendered, and every one in `make proof`.
"""

from __future__ import annotations

import re

import pytest

from bot.channels.text import WIDTH
from bot.channels.text import render as as_text
from bot.channels.web.render import renderer
from bot.conversation import Conversation, Look, Move
from bot.guidance.model import Guidance
from bot.guidance.pages import Part
from bot.guidance.screen import Sort, notes
from bot.guidance.walk import count_routes, picks, routes, walk
from bot.guidance.words import LANGS, Lang
from tests.conftest import TODAY
from tests.places import drawn, pages
from tests.test_content import TREES
from tests.whole import one_now

MAX_HTML = 60_000
MAX_TEXT = 25_000


@pytest.mark.parametrize("lang", one_now("fr", "en"))
@pytest.mark.parametrize("tree", TREES)
def test_every_distinct_screen_is_shown_as_text_and_as_a_page(
    conversation: Conversation, tree: str, lang: Lang
):
    guidance = conversation.guidance
    page = renderer()
    count = 0
    for place in drawn(guidance, tree):
        reply = conversation.respond(Move(place, lang, Look()))
        text, html = as_text(reply), page(reply)
        assert len(html) < MAX_HTML
        assert len(text) < MAX_TEXT
        if reply.screen.answer is not None:
            assert reply.screen.answer.title[lang] in text.replace("\n", " ")
            for one in reply.screen.said[:2]:
                assert one.statement.words[lang].split(" ")[0].strip("*_[") in text
        assert html.count('<li id="note-') == len(notes(reply.screen))
        count += 1
    assert count > len(guidance.trees[tree].questions)


@pytest.mark.parametrize("tree", TREES)
def test_every_transition_of_a_tree_is_on_a_route(guidance: Guidance, tree: str):
    wanted = {
        (question.id, tuple(option.id for option in picked))
        for question in guidance.trees[tree].questions.values()
        for picked in picks(question)
    }
    for ticket in routes(guidance.trees[tree]):
        wanted -= set(ticket.choices.items())
    assert wanted == set()


@pytest.mark.parametrize("tree", TREES)
def test_every_route_ends_at_an_answer_with_somebody_to_turn_to(guidance: Guidance, tree: str):
    count = 0
    for ticket in routes(guidance.trees[tree]):
        screen = walk(guidance, ticket, TODAY)
        assert screen.answer is not None
        assert screen.offices or screen.offer
        assert str(ticket) == screen.place
        count += 1
    assert count == count_routes(guidance.trees[tree]).routes


@pytest.mark.parametrize("lang", LANGS)
def test_every_page_outside_the_walks_is_shown_too(department: Conversation, lang: Lang):
    page = renderer()
    for place in pages(department.guidance):
        reply = department.respond(Move(place, lang, Look()))
        assert reply.screen.place == place
        assert reply.screen.trouble is None
        assert len(as_text(reply)) > 100
        assert f'lang="{lang}-CA"' in page(reply)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("part", [Part.WHY, Part.OUTLINE])
@pytest.mark.parametrize("tree", TREES)
def test_why_and_the_outline_are_shown_for_every_tree(
    conversation: Conversation, tree: str, part: Part, lang: Lang
):
    ticket = next(routes(conversation.guidance.trees[tree]))
    reply = conversation.respond(Move(str(ticket), lang, Look(part)))
    assert reply.screen.sort == Sort(part)
    text, html = as_text(reply), renderer()(reply)
    for step in reply.screen.trail:
        assert step.question.ask[lang].split()[0] in text
    assert "<h1>" in html


def test_text_fits_the_width_but_for_addresses(department: Conversation):
    for place in pages(department.guidance):
        text = as_text(department.respond(Move(place, "fr", Look())))
        for row in text.splitlines():
            assert len(row) <= WIDTH or "http" in row


def test_no_browser_is_asked_to_look_up_what_is_typed(conversation: Conversation):
    """A spelling service, or a memory of forms, would get the words of a person."""
    page = renderer()
    for place in pages(conversation.guidance):
        html = page(conversation.respond(Move(place, "en", Look())))
        fields = re.findall(r"<(?:textarea|input)[^>]* name=\"text\"[^>]*>", html)
        assert all('spellcheck="false"' in field for field in fields)
        assert 'autocomplete="off"' in html or not fields


def test_pages_hold_no_script_style_or_address_of_their_own(conversation: Conversation):
    page = renderer()
    for place in pages(conversation.guidance):
        html = page(conversation.respond(Move(place, "en", Look())))
        assert not re.search(r"<script(?! src=\"/static/)|\son\w+=|\sstyle=|javascript:", html)
        assert not re.search(r"(?:src|action)=\"(?!/)", html)


def test_an_answer_after_its_grace_gives_way_to_sources_and_offices(guidance: Guidance, clock_at):
    late = Conversation(guidance, None, clock_at("2027-10-01T12:00:00+00:00"))
    ticket = next(routes(guidance.trees["can_i_post"]))
    reply = late.respond(Move(str(ticket), "en", Look()))
    said = [one.statement.words.en for one in reply.screen.said]
    for shown in (as_text(reply), renderer()(reply)):
        assert "withdrawn until it is reviewed" in shown.replace("\n", " ")
        assert not any(sentence in shown for sentence in said)
        assert guidance.sources[reply.screen.said[0].statement.refs[0].source].url["en"] in shown
        assert reply.screen.offices[0].name.en in shown
