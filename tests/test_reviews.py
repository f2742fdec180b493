"""A review date comes near, passes, and is long past: who is told, and what people see meanwhile.

``test_a_year_of_review_dates`` goes through more than a year in steps of hours, with two replicas,
nights on which nothing runs, and an owner whose channel or mail server fails.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot.conversation import Conversation, Move, Open
from bot.guidance.model import Guidance
from bot.handoff import Mode, OfficeDesk
from bot.organization import Organization
from bot.platforms import LaterError, RefusedError
from bot.reviews import Reviews
from bot.store import Store, open_store
from tests.desk import CHANNEL, SEAL, Channel, Chat, Clock, Post, desk_on_slack

pytest_plugins = ["tests.postgres"]

OWNER, BY_MAIL = "values_ethics", "ai_lead"
HERE = ZoneInfo("America/Toronto")
DUE = date(2027, 3, 31)  # a Wednesday
AT_WORK = time(10)


def at(day: date, clock: time = AT_WORK) -> datetime:
    return datetime.combine(day, clock, HERE)


class World:
    """Owners, two replicas that tell them, and what they were told."""

    def __init__(
        self, stores: list[Store], clock: Clock, guidance: Guidance, organization: Organization
    ) -> None:
        self.clock = clock
        self.slack, self.post = Chat("slack"), Post()
        self.slack.channels = {CHANNEL: Channel({})}
        self.conversation = Conversation(guidance, organization, clock)
        self.replicas = [
            Reviews(store, self.conversation, {"slack": self.slack}, self.post) for store in stores
        ]

    @property
    def posted(self) -> list[str]:
        return ["\n".join(card.lines) for card in self.slack.channels[CHANNEL].cards.values()]

    async def tick(self, day: date, clock: time = AT_WORK) -> int:
        self.clock.now = at(day, clock)
        return sum([await one.tick() for one in self.replicas])


@pytest.fixture
async def world(address: str, organized: tuple[Guidance, Organization]):
    guidance, organization = organized
    desks = {OWNER: desk_on_slack()}
    clock = Clock()
    stores = [await open_store(address, (SEAL,), clock)]
    try:
        yield World(stores, clock, with_dates(guidance, {}), with_desks(organization, desks))
    finally:
        for store in stores:
            await store.close()


def with_dates(guidance: Guidance, dates: Mapping[str, date]) -> Guidance:
    """The guidance, in which only these trees are to be reviewed in the years of the test."""
    far = date(2040, 1, 1)
    trees = {
        name: replace(tree, review_by=dates.get(name, far)) for name, tree in guidance.trees.items()
    }
    return replace(guidance, trees=trees)


def with_desks(organization: Organization, desks: Mapping[str, OfficeDesk]) -> Organization:
    contacts = {
        name: replace(contact, desk=desks.get(name))
        for name, contact in organization.contacts.items()
    }
    return replace(organization, contacts=contacts)


def reviewed(world: World, dates: Mapping[str, date]) -> None:
    guidance = with_dates(world.conversation.guidance, dates)
    world.conversation.swap(guidance, world.conversation.organization)


# ---- one owner


async def test_thirty_days_before_and_not_earlier_the_owner_reads_of_it_in_its_channel(
    world: World,
):
    reviewed(world, {"can_i_post": DUE})
    assert not await world.tick(DUE - timedelta(31))
    assert await world.tick(DUE - timedelta(30)) == 1
    (told,) = world.posted
    for lang in ("en", "fr"):
        assert world.conversation.guidance.trees["can_i_post"].title[lang] in told
    assert DUE.isoformat() in told
    assert not await world.tick(DUE - timedelta(29))


async def test_it_is_told_again_when_the_date_has_passed_and_when_answers_are_withdrawn(
    world: World,
):
    reviewed(world, {"can_i_post": DUE})
    assert await world.tick(DUE - timedelta(2)) == 1
    assert await world.tick(DUE) == 0
    assert await world.tick(DUE + timedelta(1)) == 1
    assert await world.tick(DUE + timedelta(90)) == 0
    assert await world.tick(DUE + timedelta(91)) == 1
    assert await world.tick(DUE + timedelta(200)) == 0
    assert len(world.posted) == 3


async def test_trees_of_one_owner_with_one_date_are_told_together(world: World):
    reviewed(world, {"can_i_post": DUE, "post_reported": DUE, "political_activity": DUE})
    owners = {
        world.conversation.guidance.trees[name].owner for name in ("can_i_post", "post_reported")
    }
    assert owners == {OWNER}
    assert await world.tick(DUE) >= 1
    told = next(one for one in world.posted if "A post was brought to my attention" in one)
    assert world.conversation.guidance.trees["can_i_post"].title.en in told


async def test_a_new_date_is_a_new_review_and_the_old_one_is_forgotten(world: World):
    reviewed(world, {"can_i_post": DUE})
    assert await world.tick(DUE) == 1
    reviewed(world, {"can_i_post": DUE + timedelta(365)})
    assert await world.tick(DUE + timedelta(105)) == 0
    assert await world.tick(DUE + timedelta(336)) == 1


async def test_nobody_is_told_at_night_on_a_holiday_or_on_a_weekend(world: World):
    friday = date(2027, 12, 24)
    reviewed(world, {"can_i_post": friday})
    assert not await world.tick(friday, time(7))
    assert not await world.tick(friday, time(22))
    for day in range(1, 5):  # the weekend, then two days that are given for it
        assert not await world.tick(friday + timedelta(day))
    assert await world.tick(friday + timedelta(5)) == 1
    assert "2027-12-24" in world.posted[0]
    # What is told is where it stands now.
    assert world.conversation.guidance.phrases["owner_over"].en.split("{")[0] in world.posted[0]


async def test_an_owner_without_a_channel_gets_a_letter(world: World):
    guidance = world.conversation.guidance
    tree = replace(guidance.trees["generative_ai"], owner=BY_MAIL)
    guidance = replace(guidance, trees={**guidance.trees, "generative_ai": tree})
    world.conversation.swap(guidance, world.conversation.organization)
    reviewed(world, {"generative_ai": DUE})
    assert await world.tick(DUE) == 1
    ((to, subject, letter, _),) = world.post.letters
    assert to == "ai-ia@lakes.example"
    assert subject == "Guidance to review · Orientations à revoir"
    assert guidance.trees["generative_ai"].title.fr in letter


async def test_without_a_way_to_the_owner_the_operator_reads_it_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
):
    organization = world.conversation.organization
    assert organization is not None
    contact = replace(organization.contacts[OWNER], desk=None, email=None)
    contacts = {**organization.contacts, OWNER: contact}
    world.conversation.swap(world.conversation.guidance, replace(organization, contacts=contacts))
    reviewed(world, {"can_i_post": DUE})
    with caplog.at_level(logging.WARNING):
        assert not await world.tick(DUE)
        assert not await world.tick(DUE + timedelta(0), time(11))
    (line,) = caplog.messages
    assert "can_i_post" in line
    assert OWNER in line


async def test_a_platform_that_fails_is_asked_again_and_one_that_refuses_is_not(
    world: World, caplog: pytest.LogCaptureFixture
):
    reviewed(world, {"can_i_post": DUE})
    world.slack.fault = lambda _: LaterError("unreachable")
    assert not await world.tick(DUE)
    assert not await world.tick(DUE, time(10, 10))
    world.slack.fault = lambda _: None
    assert await world.tick(DUE, time(11)) == 1
    world.slack.fault = lambda _: RefusedError("channel_not_found")
    await world.tick(DUE + timedelta(1))
    world.slack.fault = lambda _: None
    assert not await world.tick(DUE + timedelta(1), time(15))
    assert "an owner cannot be told of a review: channel_not_found" in caplog.messages


# ---- what people see


@pytest.mark.parametrize("place", ["topic:learning", "summary:before_you_post"])
@pytest.mark.parametrize(
    ("days", "seen"), [(0, "current"), (1, "passed"), (90, "passed"), (91, "withdrawn")]
)
def test_a_topic_and_a_summary_are_reviewed_with_their_tree(
    guidance: Guidance, place: str, days: int, seen: str
):
    name = place.partition(":")[2]
    card = guidance.topics.get(name) or guidance.summaries[name]
    moment = datetime.combine(DUE + timedelta(days), time(12), UTC)
    talk = Conversation(with_dates(guidance, {card.tree: DUE}), None, lambda: moment)
    assert talk.respond(Move("home", "en", Open(place))).screen.review == seen


# ---- a year


@pytest.mark.long
async def test_a_year_of_review_dates(address: str, organized: tuple[Guidance, Organization]):
    guidance, organization = organized
    dice = random.Random(20271)
    start = date(2026, 12, 1)
    clock = Clock()
    stores = [await open_store(address, (SEAL,), clock) for _ in range(2)]
    try:
        owners = {"find_office": BY_MAIL, "generative_ai": BY_MAIL}
        trees = {
            name: replace(tree, owner=owners.get(name, OWNER))
            for name, tree in guidance.trees.items()
        }
        desks = {OWNER: desk_on_slack(), BY_MAIL: OfficeDesk(Mode.INTRODUCTION, "mail")}
        dates = {name: start + timedelta(dice.randrange(40, 300)) for name in trees}
        renewed = "political_activity"
        dates[renewed] = start + timedelta(75)
        world = World(
            stores,
            clock,
            with_dates(replace(guidance, trees=trees), dates),
            with_desks(organization, desks),
        )
        expected: Counter[tuple[str, str, str]] = Counter()
        for name, day in dates.items():
            for stage in ("soon", "over", "withdrawn"):
                if not (name == renewed and stage == "withdrawn"):
                    expected[name, day.isoformat(), stage] += 1
        again = dates[renewed] + timedelta(60)
        for stage in ("soon", "over", "withdrawn"):
            expected[renewed, (again + timedelta(200)).isoformat(), stage] += 1
        told: Counter[tuple[str, str, str]] = Counter()
        for hour in range(0, 24 * 500, 3):
            now = datetime.combine(start, time(0), HERE) + timedelta(hours=hour)
            clock.now = now
            if now.date() == again and now.hour < 3:
                reviewed(world, {**dates, renewed: again + timedelta(200)})
            down = dice.random() < 0.1
            world.slack.fault = lambda _, down=down: LaterError("unreachable") if down else None
            world.post.fault = LaterError("connection") if dice.random() < 0.1 else None
            for replica in dice.sample(world.replicas, dice.randrange(3)):
                await replica.tick()
            for stage, day, names in news(world):
                assert now.weekday() < 5, "nobody reads it on a weekend"
                assert 8 <= now.hour < 17
                told.update((name, day, stage) for name in names)
                begins = date.fromisoformat(day) + {
                    "soon": timedelta(-30), "over": timedelta(1), "withdrawn": timedelta(91)
                }[stage]  # fmt: skip
                assert begins <= now.date() <= begins + timedelta(9)
        assert told == expected
        async with stores[0].transaction() as transaction:
            left = await transaction.connection.execute(
                text("SELECT count(*) FROM reviews WHERE due IS NOT NULL")
            )
            assert left.scalar_one() == 0
    finally:
        for store in stores:
            await store.close()


def news(world: World) -> list[tuple[str, str, list[str]]]:
    """What owners were told since the last time: the stage, the date, and of which trees."""
    cards = world.slack.channels[CHANNEL].cards
    texts = ["\n".join(card.lines) for card in cards.values()]
    texts += [letter[2] for letter in world.post.letters]
    cards.clear()
    world.post.letters.clear()
    guidance, found = world.conversation.guidance, []
    for told in texts:
        (stage,) = (
            stage
            for stage in ("soon", "over", "withdrawn")
            if guidance.phrases[f"owner_{stage}"].en.split("{", maxsplit=1)[0] in told
        )
        names = [name for name, tree in guidance.trees.items() if tree.title.en in told]
        days = {guidance.trees[name].review_by.isoformat() for name in names}
        assert len(days) == 1
        assert days.copy().pop() in told
        found.append((stage, days.pop(), names))
    return found
