"""Does it work from one end to the other? Somebody in Teams asks, an office on Slack answers.

Real HTTP on both sides, in front of both fakes; the mail server is a real one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.guidance.words import Lang
from tests.both_app import Running, running
from tests.slack import screen as slack_screen
from tests.slack.fake import FakeSlack
from tests.slack.state import Message
from tests.slack_app import block_named, guidance_of, hand_over
from tests.teams import screen as teams_screen
from tests.teams.fake import FakeTeams
from tests.teams.person import Person
from tests.whole import one_now

PHRASES = guidance_of().guidance.phrases

WORDS = "My post about the lake was shared widely. What should I do now?"
REPLY = "Thank you for asking. You may leave it up."


@pytest.fixture
async def cairn() -> AsyncIterator[Running]:
    async with (
        FakeSlack(rates=False) as slack,
        FakeTeams(rates=False) as teams,
        running(slack, teams) as app,
    ):
        yield app
        assert slack.violations == []
        assert teams.violations == []
        assert slack.failures == []
        assert teams.failures == []


def card(cairn: Running) -> Message:
    """The newest card in the office's channel."""
    return [m for m in cairn.office.messages.values() if not m.deleted][-1]


async def asked(cairn: Running, lang: Lang, words: str = WORDS) -> Person:
    """Somebody in Teams who has pressed Send."""

    def say(name: str) -> str:
        return PHRASES[name][lang]

    office_name = {"en": "Values and Ethics, Lakes and Portages",
                   "fr": "Valeurs et éthique, Lacs et Portages"}  # fmt: skip
    alice = cairn.teams.person("Alice Asker", locale=f"{lang}-CA")
    await alice.message("accueil" if lang == "fr" else "home")
    await cairn.teams.until(lambda: alice.cards)
    await alice.press(alice.card, say("desk_write_button"))
    await alice.pick(alice.dialog, say("desk_office"), office_name[lang])
    await alice.press(alice.dialog, say("next"))
    names = teams_screen.text(alice.dialog)
    assert all(officer.user.name in names for officer in cairn.officers)
    assert not cairn.rows("cases"), "nothing is kept before Send"
    await alice.type(alice.dialog, say("desk_text"), words)
    await alice.press(alice.dialog, say("desk_review"))
    review = teams_screen.text(alice.dialog)
    assert words in review
    assert "Alice Asker" in review
    assert not cairn.rows("cases"), "nothing is kept before Send"
    await alice.pick(alice.dialog, say("desk_agree"), say("desk_agree_yes"))
    await alice.press(alice.dialog, say("desk_send"))
    (kept,) = cairn.rows("cases")
    assert str(kept[0]) in teams_screen.text(alice.dialog)
    await cairn.settle()
    return alice


@pytest.mark.parametrize("lang", one_now("fr", "en"))
async def test_somebody_in_teams_asks_and_an_office_on_slack_answers(cairn: Running, lang: Lang):
    alice = await asked(cairn, lang)
    offered = slack_screen.text(card(cairn))
    assert WORDS not in offered
    assert "Alice" not in offered
    officer, other = cairn.officers[0], cairn.officers[1]
    await officer.press(card(cairn), "desk:claim")
    await cairn.settle()
    assert WORDS not in slack_screen.text(officer.view), "not before the conflict check"
    await other.press(card(cairn), "desk:open")
    await cairn.settle()
    assert WORDS not in slack_screen.text(other.view), "not to anybody else"
    await officer.press(officer.view, "desk:clear")
    await cairn.settle()
    opened = slack_screen.text(officer.view)
    assert WORDS in opened
    assert "Alice Asker" in opened
    await officer.fill(PHRASES["desk_reply"].en, REPLY)
    await officer.submit(officer.view)
    await cairn.settle()
    assert REPLY in slack_screen.text(officer.view)
    assert not any(REPLY in teams_screen.text(one) for one in alice.cards), "not before Send"
    await officer.submit(officer.view)
    await cairn.settle()
    alice.close()
    notice = teams_screen.text(alice.card)
    assert PHRASES["desk_notice"][lang] in notice
    assert REPLY not in notice
    await alice.press(alice.card, PHRASES["desk_read"][lang])
    assert REPLY in teams_screen.text(alice.dialog)
    alice.close()
    await officer.press(officer.view, "desk:resolve")
    await cairn.settle()
    await officer.submit(officer.view)
    await cairn.settle()
    await officer.press(officer.view, "desk:close")
    await cairn.settle()
    await officer.pick(officer.view, block_named(officer.view, "record"), "none")
    await officer.submit(officer.view)
    await cairn.settle()
    assert PHRASES["desk_card_closed"].en in slack_screen.text(card(cairn))
    await alice.press(alice.card, PHRASES["desk_read"][lang])
    assert PHRASES["desk_state_closed"][lang] in teams_screen.text(alice.dialog)
    for message in cairn.office.messages.values():
        assert WORDS not in str(message)
        assert REPLY not in str(message)
    for path in cairn.folder.glob("cairn.db*"):
        data = path.read_bytes()
        for secret in (WORDS, REPLY, "Alice Asker", alice.user.aad):
            assert secret.encode() not in data, path.name


@pytest.mark.long
async def test_what_slack_and_teams_sent_acts_once_however_often_it_comes_again(cairn: Running):
    alice, officer = await asked(cairn, "en"), cairn.officers[0]
    for act in ("desk:claim", "desk:clear"):
        await officer.press(card(cairn) if act == "desk:claim" else officer.view, act)
        await cairn.settle()
    await officer.fill(PHRASES["desk_reply"].en, REPLY)
    for _ in ("preview", "send"):
        await officer.submit(officer.view)
        await cairn.settle()
    reply = cairn.slack.deliveries[-1]
    alice.close()
    await alice.press(alice.card, PHRASES["desk_read"].en)
    await alice.type(alice.dialog, "desk:en:write:answer", "Thank you")
    await alice.press(alice.dialog, PHRASES["desk_send_answer"].en)
    answer = cairn.teams.deliveries[-1]
    await cairn.settle()
    kept = len(cairn.rows("messages"))
    assert kept == 3
    for _ in range(2):
        again = await hand_over(cairn.slack, reply.delivery)
        assert (again.status, PHRASES["desk_replied"].en in again.body) == (200, True)
        back = await cairn.teams.redeliver(answer)
        assert (back.status, PHRASES["desk_replied"].en in back.body) == (200, True)
        await cairn.settle()
    assert len(cairn.rows("messages")) == kept
