"""What do people see while their organization gives no guidance? Offices only, and danger first."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.slack import surfaces as slack_surfaces
from bot.channels.teams import surfaces as teams_surfaces
from bot.conversation import (
    Act,
    Back,
    Choose,
    Conversation,
    Look,
    Move,
    Open,
    Rate,
    Reply,
    Say,
    StartOver,
)
from bot.guidance.model import Guidance
from bot.guidance.pages import Part
from bot.guidance.screen import Sort, Trouble
from bot.guidance.words import LANGS, Lang
from bot.seal import Surface
from tests.conftest import still

PLACES = (
    "home", "can_i_post", "post_reported?channel=media_query", "topic:monitoring", "draft:own",
    "summary:elections", "marks:official", "unsure:monitoring+executives", "nowhere",
)  # fmt: skip
STAY = {
    "offices": Sort.OFFICES,
    "office:psc": Sort.OFFICE,
    "promise": Sort.PROMISE,
    "crisis": Sort.CRISIS,
}


@pytest.fixture(scope="module")
def offline(department: Conversation) -> Conversation:
    organization = department.organization
    assert organization is not None
    return Conversation(department.guidance, replace(organization, offline=True), still)


def names_offices_only(reply: Reply, lang: Lang) -> bool:
    """Whether the screen is the list of offices, and says why it is."""
    said = reply.guidance.phrases["trouble_offline"][lang]
    screen = reply.screen
    return (
        screen.sort is Sort.OFFICES
        and reply.phrase(f"trouble_{screen.trouble}") == said
        and len(reply.cards) == len(reply.guidance.offices)
        and not (screen.first or screen.card or screen.question or reply.writes)
    )


ACTS: tuple[Act, ...] = (
    Look(), Look(Part.WHY), Look(Part.OUTLINE), Back(), StartOver(), Rate(helped=True),
    Choose("channel", ("media_query",)), Say("can I post about my job?"), Say("1"), Say(""),
    Say("puis-je publier ceci?"), Say("help"),
)  # fmt: skip


@settings(deadline=None)
@given(
    place=st.sampled_from(PLACES),
    act=st.sampled_from(ACTS)
    | st.builds(Open, st.sampled_from(PLACES))
    | st.builds(Say, st.text()),
    lang=st.sampled_from(LANGS),
    channel=st.sampled_from(("slack", "teams", "web", "terminal")),
)
def test_whatever_is_asked_offices_are_named_and_no_guidance_is_given(
    offline: Conversation, place: str, act: Act, lang: Lang, channel: str
):
    reply = offline.on(channel, hands_over=True).respond(Move(place, lang, act))
    if reply.screen.sort in STAY.values() and reply.screen.trouble is None:
        return  # they asked for it by its name
    assert names_offices_only(reply, reply.lang)


@pytest.mark.parametrize("place", STAY)
@pytest.mark.parametrize("lang", LANGS)
def test_offices_the_promise_and_the_crisis_card_stay(
    offline: Conversation, place: str, lang: Lang
):
    reply = offline.respond(Move("home", lang, Open(place)))
    assert (reply.screen.sort, reply.screen.trouble) == (STAY[place], None)
    assert not reply.writes


@pytest.mark.parametrize(
    ("text", "lang"), [("I want to kill myself", "en"), ("je veux mourir", "fr")]
)
def test_words_of_danger_get_the_crisis_card(offline: Conversation, text: str, lang: Lang):
    reply = offline.respond(Move("can_i_post", lang, Say(text)))
    assert (reply.screen.sort, reply.lang) == (Sort.CRISIS, lang)


def test_what_else_a_channel_would_say_does_not_take_the_place_of_why(offline: Conversation):
    reply = offline.respond(Move("home", "en", Look())).with_trouble(Trouble.TAP_THE_CARD)
    assert reply.screen.trouble is Trouble.OFFLINE


def test_what_stands_in_channels_already_goes_on(offline: Conversation):
    reply = offline.always().on("slack").respond(Move("home", "en", Open("summary:elections")))
    assert reply.screen.sort is Sort.SUMMARY
    assert not reply.screen.trouble


def test_once_the_line_is_gone_guidance_is_given_again(
    offline: Conversation, department: Conversation
):
    here = offline.of(offline.organization)
    assert names_offices_only(here.respond(Move("home", "fr", Look())), "fr")
    here.swap(department.guidance, department.organization)
    assert here.respond(Move("home", "fr", Look())).screen.sort is Sort.HOME


# ---- what channels say besides


def told_once(shown: str, lang: Lang, guidance: Guidance) -> bool:
    """Whether a form says that no guidance is given, and offers no walk and no topic."""
    titles = [tree.title[lang] for tree in guidance.trees.values()]
    titles.append(guidance.phrases["topics_title"][lang])
    return guidance.phrases["trouble_offline"][lang] in shown and not any(
        title in shown for title in titles
    )


@pytest.mark.parametrize("lang", LANGS)
def test_the_home_tab_offers_offices_only(offline: Conversation, lang: Lang):
    reply = offline.on("slack", hands_over=True).respond(Move("home", lang, Open("home")))
    tab = json.dumps(slack_surfaces.home_tab(reply, "capsule"), ensure_ascii=False)
    assert told_once(tab, lang, offline.guidance)
    assert "start:offices" in tab
    assert "start:crisis" in tab


def test_the_first_screens_in_both_languages_offer_offices_only(offline: Conversation):
    english, french = (offline.respond(Move("home", lang, Open("home"))) for lang in LANGS)
    both = (english, french)
    on_slack = [slack_surfaces.first_modal(both, "capsule")]
    in_teams = teams_surfaces.first_card(both, "capsule", Surface.MESSAGE)
    for shown in (*on_slack, in_teams):
        text = json.dumps(shown, ensure_ascii=False)
        assert all(told_once(text, lang, offline.guidance) for lang in LANGS)
        assert '"offices"' in text
