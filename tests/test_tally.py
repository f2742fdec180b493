"""Is what people did counted once, by week, and without anything of them?"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select

from bot.app import utc_now, web_application
from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.decode import Person as SlackPerson
from bot.channels.teams.answers import TeamsAnswers
from bot.channels.teams.decode import Person as TeamsPerson
from bot.conversation import (
    Act,
    Back,
    Change,
    Choose,
    Conversation,
    Look,
    Move,
    Open,
    Rate,
    Say,
    StartOver,
)
from bot.counting import KINDS
from bot.disclosure import Cell, shown
from bot.guidance.model import Guidance
from bot.guidance.pages import Part
from bot.guidance.screen import Sort
from bot.guidance.words import LANGS, Lang
from bot.organization import Organization
from bot.seal import Seal, Surface
from bot.settings import read_settings
from bot.store import Store, counts, engine, open_store
from bot.store import tables as stored
from bot.tally import _MOST, Tally
from bot.weeks import last_closed, last_shown, monday_of, week_of
from tests.conftest import NOON, still
from tests.promise import contents
from tests.slack.fake import FakeSlack
from tests.slack.screen import block_of
from tests.slack_app import SEAL_KEY
from tests.slack_app import running as on_slack
from tests.teams.fake import FakeTeams
from tests.teams_app import running as in_teams

pytest_plugins = ["tests.postgres"]

KEY = bytes(32)
WEEK = week_of(NOON)
AN_ANSWER = "find_office?who=employee&need=media"


# -- what counts


class Counted:
    """Conversations that are counted, on one channel and without a channel."""

    def __init__(self, guidance: Guidance, organization: Organization | None = None) -> None:
        self.many: Counter[tuple[str, str, Lang]] = Counter()
        bare = Conversation(guidance, organization, still)
        self.conversation = bare.counting(self.count).on("teams")

    def count(self, kind: str, name: str, lang: Lang) -> None:
        self.many[(kind, name, lang)] += 1

    def of(self, act: Act, place: str = "home", lang: Lang = "en", **more: str) -> set[str]:
        """What one act counts, as words."""
        self.many.clear()
        self.conversation.respond(Move(place, lang, act, **more))
        assert set(self.many.values()) <= {1}
        return {" ".join(cell) for cell in self.many}


@pytest.fixture
def counted(guidance: Guidance) -> Counted:
    return Counted(guidance)


def test_a_walk_that_is_begun_counts_for_itself_and_for_the_channel(counted: Counted):
    assert counted.of(Open("post_reported")) == {"tree post_reported en", "channel teams en"}
    assert counted.of(Open("post_reported"), lang="fr") == {
        "tree post_reported fr",
        "channel teams fr",
    }


def test_a_walk_that_is_begun_with_the_marks_of_a_draft_counts_too(counted: Counted):
    begun = counted.of(Open("can_i_post?marks=party"), "marks:party")
    assert begun == {"tree can_i_post en", "channel teams en"}


@pytest.mark.parametrize("place", ["topic:monitoring", "summary:elections"])
def test_a_topic_and_a_summary_that_are_opened_count(counted: Counted, place: str):
    name = place.removeprefix("topic:")
    assert counted.of(Open(place)) == {f"topic {name} en", "channel teams en"}


@pytest.mark.parametrize(
    ("typed", "lang"),
    [("does my employer monitor my facebook page?", "en"),
     ("est-ce que mon employeur surveille mon compte facebook?", "fr")],
)  # fmt: skip
def test_a_topic_that_is_found_by_typing_counts_in_the_language_of_the_answer(
    counted: Counted, typed: str, lang: Lang
):
    found = counted.of(Say(typed), lang=lang)
    assert found == {f"topic monitoring {lang}", f"channel teams {lang}"}


def test_an_answer_counts_when_a_choice_leads_to_it(counted: Counted):
    before = "find_office?who=employee"
    expected = {"answer find_office/media en"}
    assert counted.of(Choose("need", ("media",)), before) == expected
    question = counted.conversation.respond(Move(before, "en", Look())).screen.question
    assert question is not None
    label = next(one.label["en"] for one in question.options if one.id == "media")
    assert counted.of(Say(label), before) == expected
    assert counted.of(Choose("who", ("employee",)), "find_office") == set()


def test_nothing_that_names_emergency_services_is_counted(counted: Counted):
    guidance = counted.conversation.guidance
    cards = {f"topic:{one.id}": one for one in guidance.topics.values()}
    cards |= {f"summary:{one.id}": one for one in guidance.summaries.values()}
    named = [place for place, card in cards.items() if "emergency" in card.offices]
    assert len(named) >= 2
    named.append("office:emergency")
    assert [counted.of(Open(place)) for place in named] == [set()] * len(named)
    before = "find_office?who=employee"
    assert counted.of(Choose("need", ("danger",)), before) == set()
    assert counted.of(Rate(helped=True), f"{before}&need=danger") == set()


@pytest.mark.parametrize("place", ["office:ombud", "offices"])
def test_which_office_somebody_looks_for_is_not_counted_only_that_somebody_came(
    counted: Counted, place: str
):
    assert counted.of(Open(place)) == {"channel teams en"}


def test_whether_it_helped_counts_by_yes_and_no(counted: Counted):
    assert counted.of(Rate(helped=True), AN_ANSWER) == {"helped yes en"}
    assert counted.of(Rate(helped=False), AN_ANSWER, lang="fr") == {"helped no fr"}


LOOKED = [Look(), Look(Part.WHY), Look(Part.OUTLINE), Back(), StartOver(), Change("channel"),
          Open("home"), Open("promise"), Open("topics"), Open("draft"), Open("crisis"),
          Open("marks:party"), Open("unsure:learning+monitoring"), Open("nothing-of-ours"),
          Choose("danger", ()), Choose("danger", ("nonsense",)), Choose("nonsense", ("no",)),
          *map(Say, ("back", "start over", "why", "english", "french", "recommencer", "retour",
                     "home", "promise", "", "2 3 4", "hello", "thank you", "I want to die tonight",
                     "je veux mourir ce soir", "what is the rate of my pension?"))]  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("act", LOOKED, ids=str)
def test_looking_around_is_not_counted_and_danger_never_is(counted: Counted, act: Act, lang: Lang):
    assert counted.of(act, "post_reported?channel=media_query", lang) == set()


@pytest.mark.parametrize("place", ["post_reported", AN_ANSWER, "topic:monitoring", "offices",
                                   "summary:elections", "office:ombud"])  # fmt: skip
def test_a_screen_that_is_shown_again_is_not_counted_again(counted: Counted, place: str):
    for lang in LANGS:
        for part in Part:
            assert counted.of(Look(part), place, lang) == set()
        assert counted.of(Say("english"), place, lang) == set()
        assert counted.of(Say("français"), place, lang) == set()


def test_going_back_from_a_page_to_the_walk_is_no_second_beginning(counted: Counted):
    for walk in ("post_reported", "post_reported?channel=media_query"):
        back = counted.of(Open(walk), "promise", came_from=walk)
        assert back == counted.of(Say("back"), "promise", came_from=walk) == set()
        assert counted.of(Open("can_i_post"), "promise", came_from=walk) != set()


def test_a_walk_that_is_opened_in_its_middle_was_not_begun(counted: Counted):
    assert counted.of(Open("post_reported?channel=media_query")) == set()


def test_without_anybody_to_count_nothing_is_counted_and_all_is_answered(guidance: Guidance):
    plain = Conversation(guidance, None, still).on("teams")
    assert plain.respond(Move("home", "en", Open("post_reported"))).screen.question is not None


def test_what_cairn_draws_by_itself_counts_nothing(organized: tuple[Guidance, Organization]):
    """First screens in both languages, answers to mentions, refusals, Home, copies and trails."""
    made = Counted(*organized)
    seal = Seal([SEAL_KEY], made.conversation.guidance, utc_now)
    slack, teams = SlackAnswers(made.conversation, seal), TeamsAnswers(made.conversation, seal)
    on_slack, in_teams = SlackPerson("T000", "U000"), TeamsPerson("nowhere", "nobody", "nobody")
    for surface in (Surface.MODAL, Surface.MESSAGE):
        slack.first(on_slack, surface)
        for lang in (*LANGS, None):
            teams.first(in_teams, lang, surface)
            teams.channel_card(lang, "https://example.org/", "can_i_post", alone=False)
    for answers in (slack, teams):
        answers.refusal()
        answers.both()
        for lang in LANGS:
            answers.at("home", lang)
            answers.at("crisis", lang)
    assert not made.many


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_act_counts_at_most_one_thing_and_the_channel(guidance: Guidance, data: st.DataObject):
    """And the channel counts whenever something is opened, so it is never less than all of it."""
    made = Counted(guidance)
    place, came_from, lang = "home", None, data.draw(st.sampled_from(LANGS))
    opened = channel = 0
    for _ in range(data.draw(st.integers(1, 12))):
        reply = made.conversation.respond(Move(place, lang, Look(), came_from=came_from))
        question = reply.screen.question
        acts: list[Act] = [
            Open(name) for name in ("home", "topics", "offices", *reply.screen.offer)
        ]
        acts += [Open(name) for name in guidance.trees]
        acts += [Look(), Back(), StartOver(), Say("back"), Say("1"), Say("is it monitored?")]
        if question is not None:
            acts += [Choose(question.id, (one.id,)) for one in question.options]
        move = Move(place, lang, data.draw(st.sampled_from(acts)), came_from=came_from)
        made.many.clear()
        reply = made.conversation.respond(move)
        kinds = Counter(kind for kind, _, _ in made.many.elements())
        assert max(kinds.values(), default=0) <= 1
        assert kinds["tree"] + kinds["topic"] <= kinds["channel"]
        assert not (kinds["answer"] and kinds["channel"])
        assert (reply.screen.sort is not Sort.CRISIS) or not kinds
        assert {lang for _, _, lang in made.many} <= {reply.lang}
        opened += kinds["tree"] + kinds["topic"]
        channel += kinds["channel"]
        place, lang, came_from = reply.screen.place, reply.lang, reply.came_from
    assert opened <= channel


# -- weeks


@settings(max_examples=300, deadline=None)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(-12, 12))
def test_a_week_is_its_monday_by_utc_wherever_somebody_is(moment: datetime, hours: int):
    at = moment.replace(tzinfo=UTC)
    monday = monday_of(week_of(at))
    assert monday.weekday() == 0
    assert timedelta(0) <= at.date() - monday < timedelta(days=7)
    assert week_of(at.astimezone(timezone(timedelta(hours=hours)))) == week_of(at)


def test_a_week_is_shown_a_day_after_it_is_over_and_closed_an_hour_before_that():
    over = datetime(2026, 11, 16, tzinfo=UTC)
    week = week_of(over - timedelta(seconds=1))
    day, hour, second = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
    assert last_shown(over + day - second) == week - 7
    assert last_shown(over + day) == week
    assert last_closed(over + day - hour - second) == week - 7
    assert last_closed(over + day - hour) == week


# -- in the database


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(address: str, clock: Clock, patient: None) -> AsyncIterator[Store]:
    opened = await open_store(address, [KEY], clock)
    yield opened
    await opened.close()


async def rows(store: Store) -> list[tuple[object, ...]]:
    async with store.transaction() as transaction:
        found = await transaction.connection.execute(select(stored.counts))
        return [tuple(row) for row in found]


def some(tally: Tally, many: int, name: str = "can_i_post", lang: Lang = "en") -> None:
    for _ in range(many):
        tally.count("tree", name, lang)


async def test_numbers_add_up_over_batches_replicas_and_restarts(store: Store, clock: Clock):
    first, second = Tally(clock), Tally(clock)
    some(first, 2)
    some(second, 3)
    await asyncio.gather(first.write(store), second.write(store))
    some(first, 4)
    some(Tally(clock), 9)  # one that died before it wrote
    await first.write(store)
    await first.write(store)
    assert await rows(store) == [(WEEK, "tree", "can_i_post", "en", 9)]


async def test_each_week_kind_name_and_language_has_a_number_of_its_own(store: Store, clock: Clock):
    tally = Tally(clock)
    for lang in LANGS:
        for kind in KINDS:
            for name in ("a", "b"):
                tally.count(kind, name, lang)
    clock.move(days=7)
    some(tally, 1)
    clock.move(days=-7)
    await tally.write(store)
    found = await rows(store)
    assert len(found) == len(set(found)) == 2 * len(KINDS) * 2 + 1
    assert {row[0] for row in found} == {WEEK, WEEK + 7}
    assert {row[-1] for row in found} == {1}


async def test_the_table_has_no_place_for_a_person_or_a_finer_time(store: Store):
    async with store.transaction() as transaction:
        columns = await transaction.connection.run_sync(
            lambda c: {one["name"] for one in inspect(c).get_columns("counts")}
        )
    assert columns == {"week", "kind", "name", "lang", "many"}


async def test_rows_lie_in_their_own_order_and_have_no_number(clock: Clock, tmp_path: Path):
    store = await open_store(f"sqlite:///{tmp_path}/cairn.db", [KEY], clock)
    tally = Tally(clock)
    for name in ("zebra", "apple", "mango"):
        some(tally, 1, name)
        await tally.write(store)
    assert [row[2] for row in await rows(store)] == ["apple", "mango", "zebra"]
    await store.close()
    with (
        closing(sqlite3.connect(tmp_path / "cairn.db")) as database,
        pytest.raises(sqlite3.OperationalError, match="rowid"),
    ):
        database.execute("SELECT rowid FROM counts")


async def test_an_answer_does_not_fail_and_numbers_wait_while_the_database_is_away(
    clock: Clock, caplog: pytest.LogCaptureFixture, line, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engine, "PATIENCE", 2.0)
    store = await open_store(line.address, [KEY], clock)
    tally = Tally(clock)
    some(tally, 2)
    await tally.write(store)
    await line.cut()
    with caplog.at_level(logging.DEBUG):
        some(tally, 3)
        await tally.write(store)
        some(tally, 4)
        await tally.write(store)
    assert "The database did not answer" in caplog.text
    await line.mend()
    await tally.write(store)
    assert await rows(store) == [(WEEK, "tree", "can_i_post", "en", 9)]
    assert "can_i_post" not in caplog.text
    await store.close()


async def test_numbers_that_cannot_be_written_do_not_fill_the_memory(store: Store, clock: Clock):
    tally = Tally(clock)
    for number in range(_MOST + 100):
        tally.count("tree", str(number), "en")
    some(tally, 1, "0")
    await tally.write(store)
    found = {row[2]: row[-1] for row in await rows(store)}
    assert len(found) == _MOST
    assert found["0"] == 2


async def test_a_week_that_may_have_been_shown_does_not_change_any_more(store: Store, clock: Clock):
    tally = Tally(clock)
    some(tally, 25)
    await tally.write(store)
    some(tally, 20)  # these wait for too long
    clock.now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # half an hour before it is shown
    await tally.write(store)
    assert await rows(store) == [(WEEK, "tree", "can_i_post", "en", 25)]
    clock.move(hours=1)
    await tally.write(store)
    assert await rows(store) == [(WEEK, "tree", "can_i_post", "en", 20)]
    clock.move(days=30)
    await tally.write(store)
    assert await rows(store) == [(WEEK, "tree", "can_i_post", "en", 20)]


async def test_what_waits_when_a_week_ends_still_counts_for_it(store: Store, clock: Clock):
    tally = Tally(clock)
    some(tally, 11)
    clock.now = datetime(2026, 11, 23, 0, 10, tzinfo=UTC)
    some(tally, 12)
    await tally.write(store)
    assert [(row[0], row[-1]) for row in await rows(store)] == [(WEEK, 11), (WEEK + 7, 12)]


async def test_a_day_after_a_week_no_small_number_of_it_is_left(store: Store, clock: Clock):
    tally = Tally(clock)
    many = {"none-left": 9, "ten": 10, "more": 47, "one": 1}
    for name, times in many.items():
        some(tally, times, name)
    await tally.write(store)
    clock.move(days=4)  # a Tuesday; other numbers of now are as they were
    some(tally, 3)
    await asyncio.gather(tally.write(store), Tally(clock).write(store))
    found = {(row[0], row[2]): row[-1] for row in await rows(store)}
    assert found == {(WEEK, "ten"): 10, (WEEK, "more"): 40, (WEEK + 7, "can_i_post"): 3}


async def test_small_numbers_of_the_past_leave_no_trace_in_the_file(clock: Clock, tmp_path: Path):
    store = await open_store(f"sqlite:///{tmp_path}/cairn.db", [KEY], clock)
    tally = Tally(clock)
    some(tally, 9, "name-of-a-rare-walk")
    await tally.write(store)
    clock.move(days=4)
    await tally.write(store)
    assert b"name-of-a-rare-walk" not in b"".join(contents(tmp_path).values())
    await store.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["count", "write", "look", "hours", "days"]),
                          st.integers(1, 30)), max_size=40))  # fmt: skip
async def test_what_was_shown_of_a_week_once_is_always_shown(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
):
    clock, folder = Clock(), tmp_path_factory.mktemp("counts")
    seen: dict[int, dict[Cell, int]] = {}
    store = await open_store(f"sqlite:///{folder}/cairn.db", [KEY], clock)
    tally = Tally(clock)
    for step, many in steps:
        if step == "count":
            some(tally, many, lang=LANGS[many % 2])
        elif step == "write":
            await tally.write(store)
        elif step == "look":
            async with store.transaction() as transaction:
                found = await counts.read(transaction.connection, last_shown(clock.now))
            now = shown(found, clock.now)
            for week in range(WEEK, last_shown(clock.now) + 1, 7):
                of_week = {cell: least for cell, least in now.items() if cell.week == week}
                assert seen.setdefault(week, of_week) == of_week
        else:
            clock.move(**{step: many / 2})
    await store.close()


# -- by itself


class Sleeps:
    """Sleeps that end when the test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._begun = asyncio.Semaphore(0)
        self._turn = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._begun.release()
        await self._turn.acquire()

    async def begun(self) -> None:
        async with asyncio.timeout(60):
            await self._begun.acquire()

    def end(self) -> None:
        self._turn.release()


async def test_numbers_are_written_from_time_to_time_and_at_the_end(store: Store, clock: Clock):
    tally, sleeps = Tally(clock), Sleeps()
    async with tally.running(store, sleeps):
        some(tally, 2)
        await sleeps.begun()
        assert await rows(store) == []
        sleeps.end()
        await sleeps.begun()
        assert [row[-1] for row in await rows(store)] == [2]
        some(tally, 3)
    assert [row[-1] for row in await rows(store)] == [5]
    assert all(600 <= seconds <= 1200 for seconds in sleeps.asked)
    assert len(set(sleeps.asked)) == 2


async def test_what_is_being_written_when_cairn_stops_is_written_once(store: Store, clock: Clock):
    for turns in range(30):
        tally, sleeps = Tally(clock), Sleeps()
        async with tally.running(store, sleeps):
            await sleeps.begun()
            some(tally, 1)
            sleeps.end()
            for _ in range(turns):
                await asyncio.sleep(0)
    assert [row[-1] for row in await rows(store)] == [30]


# -- over HTTP, one act once

ASKED = {"en": "does my employer monitor my facebook page?",
         "fr": "est-ce que mon employeur surveille mon compte facebook?"}  # fmt: skip


def counted_in(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(folder / "cairn.db")) as database:
        rows = database.execute("SELECT kind, name, lang, many FROM counts").fetchall()
    return {f"{kind} {name} {lang}": many for kind, name, lang, many in rows}


async def test_each_act_on_slack_counts_once_however_it_is_answered(tmp_path: Path):
    async with FakeSlack(rates=False) as fake, on_slack(fake, folder=tmp_path) as cairn:
        alice = fake.person("alice", locale="en-CA")
        team = fake.channel("team", alice)
        await alice.shortcut("find_office.en")
        for question, picked in (("who", "employee"), ("need", "media")):
            assert question in block_of(alice.view, "pick")
            await alice.pick(alice.view, block_of(alice.view, "pick"), picked)
            await alice.submit(alice.view)
        for button in ("why", "look", "language:whole", "language:whole", "copy"):
            await alice.press(alice.view, button)
            await cairn.drain()
        await alice.submit(alice.view)
        await alice.press(alice.view, "rate:yes")
        await cairn.drain()
        await alice.slash("/cairn", ASKED["en"])
        outcome = await alice.message(ASKED["en"])
        await cairn.drain()
        await fake.redeliver(outcome)
        await cairn.drain()
        await alice.mention(team, ASKED["en"])
        await alice.open_home()
        await alice.slash("/cairn")
        await alice.message("menu")
        await alice.message("I want to die tonight")
        await cairn.drain()
    assert counted_in(tmp_path) == {
        "answer find_office/media en": 1, "channel slack en": 3, "helped yes en": 1,
        "topic monitoring en": 2, "tree find_office en": 1,
    }  # fmt: skip


async def test_each_act_in_teams_counts_once_however_it_is_answered(tmp_path: Path):
    async with FakeTeams(rates=False) as fake, in_teams(fake, folder=tmp_path) as cairn:
        alice = fake.person("alice", locale="fr-CA", installed=False)
        team = fake.channel("team", alice)
        await alice.install()
        outcome = await alice.message(ASKED["fr"])
        await cairn.drain()
        await fake.redeliver(outcome)
        await cairn.drain()
        await alice.message("Trouver le bon bureau")
        await cairn.drain()
        for question, picked in (("who", "employee"), ("need", "media")):
            await alice.pick(alice.card, f"pick:fr:{question}", picked)
            await alice.press(alice.card, "choose")
            await cairn.drain()
        for button in ("why", "look", "language:whole", "language:whole", "rate:no"):
            await alice.press(alice.card, button)
            await cairn.drain()
        await alice.press(alice.card, "private:whole")
        await alice.press(alice.dialog, "open:crisis")
        alice.close()
        await alice.extension("check_before_post")
        alice.close()
        await alice.mention(team, ASKED["fr"])
        await alice.message("menu")
        await cairn.drain()
    assert counted_in(tmp_path) == {
        "answer find_office/media fr": 1, "channel teams fr": 3, "helped no fr": 1,
        "topic monitoring fr": 1, "tree can_i_post fr": 1, "tree find_office fr": 1,
    }  # fmt: skip


async def test_without_a_database_nothing_is_counted_and_the_web_chat_answers(
    tmp_path: Path, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    server = TestServer(web_application(read_settings({}), conversation))
    await server.start_server(access_log=None)
    async with ClientSession() as http:
        answer = await http.post(server.make_url("/"), data={"do": "open:can_i_post"})
        assert "rate:yes" not in await answer.text()
    await server.close()
    assert contents(tmp_path) == {}
