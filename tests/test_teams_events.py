"""Has everybody who writes to Cairn in Teams their turn, however much somebody else writes?"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot.channels.teams.decode import person_of
from bot.tasks import _MOST_OF_ONE, _MOST_URGENT
from tests.lines import held
from tests.teams import payloads
from tests.teams.fake import FakeTeams
from tests.teams.person import Person
from tests.teams.state import Call
from tests.teams_app import Running, running
from tests.test_slack_events import kept
from tests.test_teams_threats import CRISIS, DANGER, capsule_of, hurry
from tests.test_teams_walk import words


@pytest.fixture
async def cairn() -> AsyncIterator[Running]:
    async with FakeTeams(rates=False) as fake, running(fake) as running_cairn:
        hurry(running_cairn)
        yield running_cairn
        await running_cairn.drain()
        assert fake.violations == fake.failures == []


@pytest.fixture
def alice(cairn: Running) -> Person:
    return cairn.fake.person("alice")


def key_of(person: Person) -> tuple[str, str]:
    found = person_of(payloads.message(person._made(person.chat), ""))
    assert found is not None
    return found.key


async def test_who_floods_has_so_many_answers_and_takes_no_turn_of_others(
    cairn: Running, alice: Person
):
    bob = cairn.fake.person("bob")
    async with held(cairn.channel.tasks, *key_of(alice)):
        statuses = {(await alice.message("hello")).status for _ in range(3 * _MOST_OF_ONE)}
        # Not one is refused: Teams would show an error, or send it again.
        assert statuses == {200}
        assert cairn.channel.tasks.count == 1 + _MOST_OF_ONE
        await bob.message("hello")
        await cairn.fake.until(lambda: len(bob.cards) == 1)
        assert alice.cards == []
        said = len(sends(cairn))
    await cairn.drain()
    assert len(sends(cairn)) == said + _MOST_OF_ONE
    await alice.message("menu")
    await cairn.drain()
    assert len(sends(cairn)) == said + _MOST_OF_ONE + 1


@pytest.mark.parametrize("where", ["own chat", "a team", "a form"])
async def test_words_of_danger_of_who_floods_are_answered_at_once_and_by_a_few_cards(
    cairn: Running, alice: Person, where: str
):
    team = cairn.fake.channel("team", alice)

    async def in_danger() -> int:
        if where == "a team":
            return (await alice.mention(team, DANGER["en"])).status
        if where == "a form":
            data = {"do": "goto", "say": DANGER["en"], "c": capsule_of(alice.card)}
            submitted = payloads.submit(alice._made(alice.chat), data, alice.card.message)
            return (await cairn.fake.deliver(submitted)).status
        return (await alice.message(DANGER["en"])).status

    await alice.message("hello")
    await cairn.drain()
    async with held(cairn.channel.tasks, *key_of(alice)):
        for _ in range(2 * _MOST_OF_ONE):
            await alice.message("hello")
        assert await in_danger() == 200
        await cairn.fake.until(lambda: len(helped(cairn)) == 1)
        async with held(cairn.channel.tasks, *key_of(alice), "crisis"):
            assert {await in_danger() for _ in range(50)} == {200}
            assert cairn.channel.tasks.count == 1 + _MOST_OF_ONE + 1 + _MOST_URGENT
        await cairn.fake.until(lambda: len(helped(cairn)) == 1 + _MOST_URGENT)


def helped(cairn: Running) -> list[Call]:
    """The cards for danger that went out."""
    return [one for one in sends(cairn) if CRISIS.en in str(one.body)]


def sends(cairn: Running) -> list[Call]:
    return [one for one in cairn.fake.calls if one.kind in ("send", "update")]


async def test_with_too_much_to_do_teams_is_told_so_but_who_is_in_danger_is_answered(
    cairn: Running, alice: Person, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.tasks._MOST", 2)
    async with held(cairn.channel.tasks, "somebody"), held(cairn.channel.tasks, "somebody else"):
        assert (await alice.message("hello")).status == 503
        cairn.fake.failures.clear()
        for name in ("bob", "carol", "dan"):
            person = cairn.fake.person(name)
            assert (await person.message(DANGER["en"])).status == 200
            await cairn.fake.until(lambda person=person: len(person.cards) == 1)
            assert CRISIS.en in words(person.card)
    await cairn.drain()
    assert (await alice.message("hello")).status == 200


async def test_of_a_message_that_waits_no_more_is_kept_than_is_read(cairn: Running, alice: Person):
    activity = payloads.message(alice._made(alice.chat), "x " * 15_000)
    activity["attachments"] = [{"contentType": "text/html", "content": "y" * 15_000}]
    sent, take = json.dumps(activity), cairn.channel._events.take
    async with held(cairn.channel.tasks, *key_of(alice)):
        assert take(json.loads(sent))
        assert kept(lambda: take(json.loads(sent))) < 10_000
