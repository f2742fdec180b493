"""Does every screen with an office that takes hand-offs still fit, with the way to it in reach?"""

from __future__ import annotations

import pytest

from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.decode import Person as OnSlack
from bot.channels.teams.answers import TeamsAnswers
from bot.channels.teams.decode import Person as InTeams
from bot.conversation import Conversation, Look, Move
from bot.guidance.walk import routes
from bot.guidance.words import LANGS, Lang
from bot.seal import Seal, Surface, new_key
from tests.conftest import still
from tests.desk import DESKS, _sample, organization_with
from tests.teams import screen as teams_screen


@pytest.fixture(scope="module")
def conversation() -> Conversation:
    guidance, _ = _sample()
    return Conversation(guidance, organization_with(DESKS), still)


def places(conversation: Conversation) -> list[str]:
    """The longest walk to an answer of each tree, and each page that names offices."""
    guidance = conversation.guidance
    longest = [
        max((str(ticket) for ticket in routes(tree)), key=len) for tree in guidance.trees.values()
    ]
    pages = [f"topic:{name}" for name in guidance.topics]
    return ["home", "offices", *longest, *pages, *(f"office:{name}" for name in guidance.offices)]


@pytest.mark.parametrize("lang", LANGS)
def test_the_way_to_an_office_stands_on_slack_wherever_one_takes_hand_offs(
    conversation: Conversation, lang: Lang
):
    on = conversation.on("slack", hands_over=True)
    answers = SlackAnswers(on, Seal([new_key()], on.guidance, still))
    alice, button = OnSlack("T0CAIRN", "U0ALICE"), on.guidance.phrases["desk_write_button"][lang]
    shown = 0
    for place in places(on):
        reply = on.respond(Move(place, lang, Look()))
        for made in (answers.modal(reply, alice), answers.posted(reply, alice)):
            buttons = [
                one["text"]["text"]
                for block in made["blocks"]
                if block["type"] == "actions"
                for one in block["elements"]
            ]
            assert (button in buttons) is reply.writes, place
        shown += reply.writes
    assert shown > 20
    home = answers.home(on.respond(Move("home", lang, Look())), alice)
    assert button in str(home["blocks"])


@pytest.mark.parametrize("lang", LANGS)
def test_the_way_to_an_office_stands_in_teams_wherever_one_takes_hand_offs(
    conversation: Conversation, lang: Lang
):
    on = conversation.on("teams", hands_over=True)
    answers = TeamsAnswers(on, Seal([new_key()], on.guidance, still))
    alice, button = InTeams("a-tenant", "alice", "29:alice"), "desk_write_button"
    for place in places(on):
        reply = on.respond(Move(place, lang, Look()))
        for surface in (Surface.MESSAGE, Surface.MODAL):
            card = dict(answers.card(reply, alice, surface))
            titles = [one.get("title") for one in teams_screen.actions(card)]
            assert (on.guidance.phrases[button][lang] in titles) is reply.writes, place


@pytest.mark.parametrize("channel", ["web", "terminal"])
def test_on_the_web_and_in_the_terminal_nothing_can_be_sent(
    conversation: Conversation, channel: str
):
    on = conversation.on(channel, hands_over=True)
    for place in places(on):
        assert not on.respond(Move(place, "en", Look())).writes
