"""Does time do what it must with cases: each thing once, when the office is open, never too late?

Examples by hand, any office at any time, and ninety simulated days with two replicas. In these
people act by a script, outages come, the clocks change, and ``Rules`` tell independently what must
be recorded and sent, and when. Both must be equal: a thing too many is as wrong as one too few.

    python -m tests.test_desk_time DAYS SEEDS [ADDRESS]      for longer, on the database given

At every quarter of an hour that a replica is up, the keeper is asked what is due of every case. It
runs where it or the rules name anything, and besides at regular times; in the longer runs always.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bot.delivery import Delivery
from bot.desk.archive import Archive
from bot.desk.cards import Cards
from bot.desk.case import Case, NotAllowedError, Reason, Record, State
from bot.desk.directory import Directory
from bot.desk.hours import NeverOpenError
from bot.desk.port import Card
from bot.desk.posting import Posting
from bot.desk.records import _case
from bot.desk.reminders import Timer, timers
from bot.desk.service import Desk, Sending
from bot.desk.timekeeping import _TIMED, Timekeeper
from bot.desk.vault import Vault
from bot.organization import Contact, Hours
from bot.platforms import LaterError, Place, Who
from bot.store import audit, engine, open_store
from bot.store import outbox as out
from bot.store.tables import cases, metadata, reminders
from tests.desk import (
    CASE_KEY,
    DEPUTY,
    HEAD,
    HOLDERS,
    OFFICERS,
    READERS,
    SEAL,
    Channel,
    Chat,
    Clock,
    _sample,
    desk_on_slack,
    organization_with,
    person,
)
from tests.desk_rules import (
    FAMILY_DAYS,
    IN_EVERY_PROVINCE,
    QUARTER,
    Office,
    Rules,
    Told,
    days,
    week,
)

pytest_plugins = ["tests.postgres"]
POSTGRES = pytest.mark.xdist_group("postgres")

TORONTO, VANCOUVER, ST_JOHNS = (
    ZoneInfo(f"America/{city}") for city in ("Toronto", "Vancouver", "St_Johns")
)
PLAIN = {day: Hours(time(8, 30), time(16, 30)) for day in range(5)}
ONTARIO = Contact("values_ethics", TORONTO, week=PLAIN, province="ON")
COAST = replace(ONTARIO, zone=VANCOUVER, province="BC")
ISLAND = replace(ONTARIO, zone=ST_JOHNS, province="NL")
ENDED = (State.CLOSED, State.PURGED, State.WITHDRAWN, State.FALLBACK)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store waits for longer than any busy machine makes it."""
    monkeypatch.setattr(engine, "PATIENCE", 60.0)


# ---- by hand


def case_in(state: State, since: datetime, **more: object) -> Case:
    fields = ("AAA-001", "values_ethics", "post_reported", "en", "case", state, 1, since, since)
    return replace(Case(*fields, people=None), **more)


ANSWERED_ONCE, EXPORTED = {"replied": True}, {"record": Record.EXPORTED}


@pytest.mark.parametrize(
    ("office", "state", "more", "since", "due"),
    [
        # Over a night, a weekend to the minute of closing, Christmas, and the clocks going back.
        (ONTARIO, "offered", {}, "2026-11-17T15:00",
         {"again": "2026-11-18T11:00", "deputy": "2026-11-18T15:00", "nobody": "2026-11-19T15:00"}),
        (ONTARIO, "offered", {}, "2026-11-20T12:30",
         {"again": "2026-11-23T08:30", "deputy": "2026-11-23T12:30", "nobody": "2026-11-24T12:30"}),
        (ONTARIO, "offered", {}, "2026-12-24T10:00",
         {"again": "2026-12-24T14:00", "deputy": "2026-12-29T10:00", "nobody": "2026-12-30T10:00"}),
        (ONTARIO, "offered", {}, "2026-10-30T15:30",
         {"again": "2026-11-02T11:30", "deputy": "2026-11-02T15:30", "nobody": "2026-11-03T15:30"}),
        # From a Saturday night in which the clocks go forward.
        (ONTARIO, "offered", {}, "2027-03-13T22:00",
         {"again": "2027-03-15T12:30", "deputy": "2027-03-16T08:30", "nobody": "2027-03-17T08:30"}),
        # Family Day is a holiday in British Columbia, and not in Newfoundland.
        (COAST, "offered", {}, "2027-02-12T16:00",
         {"again": "2027-02-16T12:00", "deputy": "2027-02-16T16:00", "nobody": "2027-02-17T16:00"}),
        (ISLAND, "offered", {}, "2027-02-12T16:00",
         {"again": "2027-02-15T12:00", "deputy": "2027-02-15T16:00", "nobody": "2027-02-16T16:00"}),
        # The leap day counts like any other.
        (ONTARIO, "offered", {}, "2028-02-28T12:30",
         {"again": "2028-02-29T08:30", "deputy": "2028-02-29T12:30", "nobody": "2028-03-01T12:30"}),
        (ONTARIO, "queued", {}, "2026-11-17T15:00", {"nobody": "2026-11-19T15:00"}),
        (ONTARIO, "asking", {}, "2026-11-20T18:00",
         {"asked": "2026-11-25T08:30", "nobody": "2026-11-30T08:30"}),
        (ONTARIO, "checking", {}, "2026-11-17T10:00", {"silent": "2026-11-17T11:00"}),
        (ONTARIO, "checking", {}, "2026-11-20T16:00", {"silent": "2026-11-23T09:00"}),
        (ONTARIO, "claimed", {}, "2026-11-19T10:15",
         {"head": "2026-11-23T10:15", "late": "2026-11-25T10:15"}),
        (ONTARIO, "claimed", {}, "2026-11-10T11:00",
         {"head": "2026-11-13T11:00", "late": "2026-11-17T11:00"}),
        (ONTARIO, "claimed", {}, "2028-02-25T10:00",
         {"head": "2028-02-29T10:00", "late": "2028-03-02T10:00"}),
        (ONTARIO, "claimed", ANSWERED_ONCE, "2026-12-23T10:00",
         {"claimer": "2026-12-29T10:00", "head": "2026-12-31T10:00", "late": "2026-12-31T10:00"}),
        # Calendar days are of 24 hours: nine o'clock, after the clocks have gone back.
        (ONTARIO, "answered", ANSWERED_ONCE, "2026-11-16T10:00",
         {"nudge": "2026-11-23T08:30", "no_answer": "2026-11-26T10:00"}),
        (ONTARIO, "answered", ANSWERED_ONCE, "2026-10-29T10:00",
         {"nudge": "2026-11-03T09:00", "no_answer": "2026-11-09T08:30"}),
        (ONTARIO, "answered", ANSWERED_ONCE, "2028-02-24T10:00",
         {"nudge": "2028-02-29T10:00", "no_answer": "2028-03-06T08:30"}),
        (ONTARIO, "resolved", {}, "2026-12-15T10:00",
         {"record": "2026-12-29T08:30", "lapse": "2026-12-29T10:00"}),
        (ONTARIO, "resolved", {}, "2028-02-15T10:00",
         {"record": "2028-02-25T10:00", "lapse": "2028-02-29T10:00"}),
        (ONTARIO, "resolved", EXPORTED, "2026-12-15T10:00", {"lapse": "2026-12-29T10:00"}),
    ],
)  # fmt: skip
def test_each_timer_is_due_when_a_calendar_says_so(
    office: Contact, state: str, more: Mapping[str, object], since: str, due: Mapping[str, str]
):
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=office.zone)

    found = timers(case_in(State(state), at(since), **more), office, 2)
    assert [(one.timer.value, one.at) for one in found] == [(k, at(v)) for k, v in due.items()]


@pytest.mark.parametrize(
    ("within", "due", "late"),
    [(1, "11-20", "11-23"), (3, "11-24", "11-27"), (10, "12-03", "12-17")],
)
def test_an_office_is_held_to_the_days_that_it_gives_itself(within: int, due: str, late: str):
    since, *at = (datetime.fromisoformat(f"2026-{day}T10:15-05:00") for day in ("11-19", due, late))
    found = timers(case_in(State.CLAIMED, since), ONTARIO, within)
    assert [one.timer for one in found] == [Timer.HEAD, Timer.LATE]
    assert [one.at for one in found] == at


# ---- any office, any time

MINUTES = st.integers(0, 23 * 60 + 59).filter(lambda minute: not 60 < minute < 120)
"""No office opens or closes in the hour that the clock shows twice."""


@st.composite
def offices(draw: st.DrawFn) -> Contact:
    week = {}
    for day in draw(st.sets(st.integers(0, 6))):
        opens, closes = sorted(draw(st.sets(MINUTES, min_size=2, max_size=2)))
        week[day] = Hours(time(*divmod(opens, 60)), time(*divmod(closes, 60)))
    return replace(
        ONTARIO,
        zone=draw(st.sampled_from([TORONTO, VANCOUVER, ST_JOHNS, ZoneInfo("America/Regina")])),
        week=week,
        province=draw(st.sampled_from([None, "ON", "QC", "BC", "NL"])),
        closed_on=draw(st.frozensets(st.dates(date(2026, 10, 25), date(2027, 4, 1)), max_size=3)),
        always_open=draw(st.integers(0, 9)) == 0,
    )


@cache
def holidays_of(province: str | None, year: int) -> frozenset[date]:
    found = holidays.country_holidays("CA", province, [year], categories=("public", "government"))
    return frozenset(found)


def shows_open(office: Contact, now: datetime) -> bool:
    """Whether the clock on the wall and the calendar beside it say that the office is open."""
    here = now.astimezone(office.zone)
    hours = (office.week or PLAIN).get(here.weekday())
    closed = office.closed_on | holidays_of(office.province, here.year)
    within = hours is not None and hours.opens <= here.time() < hours.closes
    return office.always_open or (within and here.date() not in closed)


MOMENTS = st.datetimes(datetime(2026, 9, 1), datetime(2028, 3, 31), timezones=st.just(UTC))
CASES = st.builds(
    case_in,
    st.sampled_from(State),
    MOMENTS,
    replied=st.booleans(),
    record=st.sampled_from(Record),
)


@given(offices(), CASES, st.integers(1, 10))
@settings(deadline=None)
def test_whatever_is_due_is_due_within_open_hours(office: Contact, case: Case, within: int):
    try:
        found = timers(case, office, within)
    except NeverOpenError:
        return
    assert all(shows_open(office, due.at) and due.at >= case.since for due in found)
    assert [due.at for due in found] == sorted(due.at for due in found)
    assert len({due.timer for due in found}) == len(found)
    assert (found == ()) is (case.state in ENDED), "time has nothing to do with what has ended"


# ---- ninety days

OFFICES = (
    Office(
        "values_ethics",
        TORONTO,
        "ON",
        week("8:30-16:30", "8:30-16:30"),
        days(f"{IN_EVERY_PROVINCE} {FAMILY_DAYS}"),
        days("2027-03-29"),  # Easter Monday: only a department's own file says so
    ),
    Office(
        "conflict_of_interest",
        VANCOUVER,
        "BC",
        week("8:00-16:00", "9:00-12:00"),
        days(f"{IN_EVERY_PROVINCE} {FAMILY_DAYS} 2027-08-02"),
        reply_within=3,
    ),
    Office(
        "labour_relations", ST_JOHNS, "NL", week("9:00-17:00", "9:00-17:00"),
        days(IN_EVERY_PROVINCE),
    ),
    Office("security", TORONTO, "ON", None, frozenset(), reply_within=1),
)  # fmt: skip
PARTS = {"deputy": DEPUTY, "head": HEAD}
NEWCOMER = READERS[2]
"""Somebody who was not in the channel yet when some people looked who is."""


def contact_of(office: Office) -> Contact:
    hours = {day: Hours(*two) for day, two in (office.week or {}).items()}
    channel = desk_on_slack(channel_of(office.name), reply_within=office.reply_within)
    return Contact(
        office.name, office.zone, week=hours, province=office.province,
        closed_on=office.closes_on, always_open=not hours, desk=channel,
    )  # fmt: skip


def channel_of(office: str) -> str:
    return f"channel of {office}"


class Wall(Chat):
    """A chat that notes what is done in it, when, and of which case."""

    def __init__(self, name: str, clock: Clock, seen: list[tuple[datetime, str, str, str]]) -> None:
        super().__init__(name)
        self._clock = clock
        self.seen = seen
        self.blocked: set[str] = set()

    async def post(self, place: Place, card: Card) -> str:
        if card.value in self.blocked:
            raise LaterError("down")
        ref = await super().post(place, card)
        self._note("post", place.channel, card.value)
        return ref

    async def update(self, place: Place, ref: str, card: Card) -> None:
        await super().update(place, ref, card)
        self._note("update", place.channel, card.value)

    async def remind(self, place: Place, ref: str, line: str) -> None:
        await super().remind(place, ref, line)
        number = self.channels[place.channel].cards[ref].value
        assert number in line
        self._note("remind", place.channel, number)

    async def tell(self, who: Who, card: Card) -> None:
        await super().tell(who, card)
        self._note("tell", who.user, card.value)

    def _note(self, what: str, where: str, number: str) -> None:
        self.seen.append((self._clock(), what, where, number))


@dataclass
class Replica:
    """One process, as far as time is concerned."""

    archive: Archive
    service: Desk
    keeper: Timekeeper
    delivery: Delivery

    async def deliver(self) -> None:
        while await self.delivery.once():
            pass


@asynccontextmanager
async def replica(address: str, clock: Clock, slack: Wall, teams: Wall) -> AsyncIterator[Replica]:
    guidance, _ = _sample()
    organization = replace(
        organization_with({}), contacts={office.name: contact_of(office) for office in OFFICES}
    )
    store = await open_store(address, (SEAL,), clock)
    try:
        archive, directory = Archive(store, Vault((CASE_KEY,))), Directory(organization)
        platforms = {"slack": slack, "teams": teams}
        cards, posting = Cards(guidance, directory), Posting(archive)
        yield Replica(
            archive,
            Desk(archive, directory),
            Timekeeper(archive, directory),
            Delivery(posting, directory, cards, platforms, None),
        )
    finally:
        await store.close()


# -- what people do

FIRST, SECOND, THIRD = OFFICERS
Step = tuple[float, float, str, tuple[object, ...]]
"""Something that is done from so many hours to so many hours after what was done before."""


def step(least: float, most: float, act: str, *more: object) -> Step:
    return least, most, act, more


ASKER = "asker"
"""Whoever has opened the case."""

OPENED = (step(1, 3, "claim", FIRST), step(0.25, 0.25, "clear", FIRST))


@dataclass(frozen=True)
class Story:
    """What people do with a case. ``early``: it takes long, and begins in the first weeks."""

    steps: Sequence[Step] = ()
    early: bool = False
    is_blocked: bool = False
    unknown: bool = False
    """Whether somebody reads the channel whom the person has not seen."""

    excluded: tuple[Who, ...] = ()
    asker: Who | None = None
    falls_into_outage: bool = False
    """Whether the first reminder becomes due in one; the office is one that never closes."""


STORIES: Mapping[str, Story] = {
    "nobody claims it": Story(),
    "nobody claims it, and neither deputy nor head may": Story(excluded=(DEPUTY, HEAD)),
    "the deputy asks, and nobody claims it": Story(asker=DEPUTY),
    "nobody claims it, and the replicas go down": Story(falls_into_outage=True),
    "its office cannot be reached": Story(is_blocked=True),
    "its reader never agrees": Story(unknown=True),
    "its reader agrees late": Story((step(20, 90, "agree", ASKER), *OPENED), unknown=True),
    "taken back soon": Story((step(0, 3, "withdraw", ASKER),)),
    "taken back late": Story((step(6, 60, "withdraw", ASKER),)),
    "whoever claims it is silent": Story(
        (step(2, 30, "claim", FIRST), step(20, 40, "clear", FIRST), step(0, 20, "claim", SECOND))
    ),
    "one steps back, the other is silent": Story(
        (step(0, 6, "recuse", FIRST), step(0, 3, "claim", SECOND)), excluded=(DEPUTY, HEAD, THIRD)
    ),
    "answered late, and never again": Story((*OPENED, step(200, 240, "reply", FIRST)), early=True),
    "answered, kept and left to lapse": Story(
        (
            *OPENED,
            step(2, 30, "reply", FIRST),
            step(1, 60, "answer", ASKER),
            step(200, 240, "reply", FIRST),
            step(2, 60, "resolve", FIRST, Reason.ANSWERED),
            step(0, 300, "keep", FIRST, Record.EXPORTED),
        ),
        early=True,
    ),
    "opened again, and closed": Story(
        (
            *OPENED,
            step(2, 30, "reply", FIRST),
            step(1, 30, "resolve", FIRST, Reason.REFERRED),
            step(24, 400, "reopen", ASKER),
            step(20, 200, "resolve", FIRST, Reason.REFERRED),
            step(1, 240, "close", FIRST),
        )
    ),
    "written in again and again": Story(
        (
            *OPENED,
            step(0.25, 1, "reply", FIRST),
            step(0.25, 0.5, "reply", FIRST),
            step(0, 1, "answer", ASKER),
            step(0, 0.5, "answer", ASKER),
            step(0, 0.5, "answer", ASKER),
            step(0, 0.5, "read", FIRST),
            step(0, 0.25, "answer", ASKER),
            step(0.5, 1, "reply", FIRST),
            step(0, 0.25, "read", ASKER),
            step(0, 0.25, "reply", FIRST),
            step(1, 2, "reply", FIRST),
        )
    ),
    "handed on and back": Story(
        (
            *OPENED,
            step(1, 20, "hand_over", FIRST, SECOND),
            step(0.25, 3, "clear", SECOND),
            step(0, 60, "reply", SECOND),
            step(1, 30, "hand_over", HEAD, None),
            step(0, 12, "recuse", FIRST),
        )
    ),
    "held": Story(
        (
            *OPENED,
            step(1, 30, "resolve", FIRST, Reason.MISUSE),
            step(1, 30, "keep", FIRST, Record.NONE),
            step(1, 30, "hold", HOLDERS[0]),
            step(1, 30, "hold", HOLDERS[1]),
            step(1, 30, "close", HEAD),
            step(900, 1000, "lift", HOLDERS[0]),
            step(1, 20, "lift", HOLDERS[1]),
        ),
        early=True,
    ),
}


def wandering(random: Random) -> Story:
    """Somebody does something, again and again, whether they may or not."""
    acts: list[Callable[[], tuple[object, ...]]] = [
        lambda: ("claim", random.choice(READERS)),
        lambda: ("clear", random.choice(OFFICERS)),
        lambda: ("recuse", random.choice(OFFICERS)),
        lambda: ("hand_over", random.choice(READERS), random.choice([None, *READERS])),
        lambda: ("reply", random.choice(OFFICERS)),
        lambda: ("answer", ASKER),
        lambda: ("resolve", random.choice(OFFICERS), Reason.ANSWERED),
        lambda: ("reopen", ASKER),
        lambda: ("keep", random.choice(OFFICERS), Record.EXPORTED),
        lambda: ("close", random.choice([HEAD, *OFFICERS])),
        lambda: ("hold", random.choice(HOLDERS)),
        lambda: ("lift", random.choice(HOLDERS)),
        lambda: ("read", random.choice(OFFICERS)),
        lambda: ("read", ASKER),
    ]
    steps: list[Step] = list(OPENED)
    for _ in range(20):
        act, *more = random.choice(acts)()
        steps.append(step(0, random.choice([1, 12, 100]), str(act), *more))
    return Story(steps)


# -- outages and clocks

DAY = 96
"""Quarters of an hour."""


def always(_: int) -> bool:
    return True


def down_at_night(quarter: int) -> bool:
    """From 18:00 in Toronto, which is the last hour of the office in Vancouver."""
    return 2 * 4 <= quarter % DAY < 23 * 4


def down_each_ten_days(quarter: int) -> bool:
    return not 14 * 4 <= quarter % (10 * DAY) < 14 * 4 + DAY


def down_once(quarter: int) -> bool:
    return not 33 * DAY + 60 <= quarter < 38 * DAY + 60


def leaps(quarter: int) -> timedelta:
    """How wrong the clock is: right, an hour ahead, right, an hour behind; five days each."""
    return timedelta(hours=(0, 1, 0, -1)[max(0, quarter - 17 * 4) // (5 * DAY) % 4])


DOWNTIME = {
    "never": always,
    "three hours each night": down_at_night,
    "a day of each ten": down_each_ten_days,
    "five days once": down_once,
}
AUTUMN = datetime(2026, 10, 19, tzinfo=UTC)
"""The clocks go back on 1 November; then come Christmas and New Year, in ninety days."""

WINTER = datetime(2027, 1, 18, tzinfo=UTC)
"""Family Day, the clocks go forward on 14 March, and Easter."""

LEAP = datetime(2028, 2, 7, tzinfo=UTC)

BEFORE = [
    datetime.fromisoformat(f"{day}T14:00+00:00")
    for day in (
        "2026-10-30", "2026-10-31", "2026-11-10", "2026-12-23", "2026-12-24", "2026-12-31",
        "2027-02-12", "2027-03-12", "2027-03-13", "2027-03-25", "2028-02-18", "2028-02-28",
    )
]  # fmt: skip
"""Days on which it is worthwhile to begin: before a change of the clock or a holiday."""


@dataclass
class Course:
    """How a run goes: its span, when replicas are up, how wrong their clock is, and the dice."""

    start: datetime
    length: int
    is_up: Callable[[int], bool]
    seed: int
    wrong: Callable[[int], timedelta] = lambda _: timedelta()
    every: int = 93
    """Quarters after which the keepers run at the latest; not a whole day, so the hour wanders."""


@dataclass
class Run:
    """Ninety days of a desk with two replicas."""

    course: Course
    replicas: Sequence[Replica]
    clock: Clock
    slack: Wall
    rules: Rules
    random: Random
    """What people do."""

    dice: Random
    """Which replicas do it."""

    script: list[tuple[int, str, int]] = field(default_factory=list)
    stories: dict[str, Story] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    ticks: int = 0
    ran: Counter[Timer] = field(default_factory=Counter)
    left: bool = False
    """Whether the replicas died before they delivered."""

    def write_script(self) -> None:
        """Let every story begin: anywhere, before a change of the calendar, or before an outage."""
        end, is_up = self.course.length * DAY, self.course.is_up
        calendar = [at for day in BEFORE if 0 <= (at := (day - self.course.start) // QUARTER) < end]
        outages = [at for at in range(end) if is_up(at) and not is_up(at + 1)]
        stories = [*STORIES.values(), wandering(self.random), wandering(self.random)]
        for place, story in enumerate(stories):
            number = f"AAA-{place:03d}"
            self.stories[number] = story
            if story.early:
                at = self.random.randrange(end // 5)
            elif story.falls_into_outage and outages:
                at = self.random.choice(outages[: len(outages) // 2 + 1]) - 10
            else:
                at = self.random.choice(
                    [
                        self.random.randrange(max(1, end - 5 * DAY)),
                        self.random.choice(calendar or [0]) + self.random.randrange(DAY // 2),
                        max(0, self.random.choice(outages or [0]) - self.random.randrange(24)),
                    ]
                )
            heappush(self.script, (at, number, -1))

    async def go(self) -> None:
        self.write_script()
        for quarter in range(self.course.length * DAY):
            if self.course.is_up(quarter):
                self.clock.now = self.course.start + quarter * QUARTER + self.course.wrong(quarter)
                self.rules.now = self.clock.now
                await self._quarter(quarter)
        self.clock.move(days=1)  # what died with its replica goes out
        self.rules.now = self.clock.now
        await self._deliver()

    async def _quarter(self, quarter: int) -> None:
        dies = not self.course.is_up(quarter + 1)
        has_more = self.left
        if self.left:
            await self._deliver()
        while self.script and self.script[0][0] <= quarter:
            await self._act(quarter, *heappop(self.script)[1:])
            has_more = True
        if has_more and not dies:
            await self._deliver()
        if quarter % (7 * DAY) == 0:
            gone = await asyncio.gather(*(one.keeper.purge() for one in self._who_runs()))
            assert sum(gone) == self.rules.purge()
        if has_more:
            await self._look()
        if await self._tick(quarter):
            if not dies:
                await self._deliver()
            await self._look()
        self.left = dies

    # -- people

    async def _act(self, quarter: int, number: str, place: int) -> None:
        story = self.stories[number]
        if place < 0:
            await self._open(number, story)
        else:
            await self._step(number, *story.steps[place][2:])
        if place + 1 < len(story.steps):
            least, most = story.steps[place + 1][:2]
            wait = self.random.randint(int(least * 4), int(most * 4))
            heappush(self.script, (quarter + wait, number, place + 1))

    async def _open(self, number: str, story: Story) -> None:
        place = int(number[-3:])
        office = (OFFICES[-1] if story.falls_into_outage else self.random.choice(OFFICES)).name
        known = [who for who in READERS if not (story.unknown and who == NEWCOMER)]
        asker = story.asker or person(place)
        readers = {who.id: who.name for who in known}
        excluded = frozenset(who.id for who in story.excluded)
        if story.is_blocked:
            self.slack.blocked.add(number)
        await self._one().service.open(
            Sending(
                number, office, "post_reported", "en", "case", asker, readers, excluded, "words"
            )
        )
        told = Told(number, office, asker, frozenset(readers), set(excluded), self.clock.now)
        told.is_blocked = story.is_blocked
        self.rules.open(told)

    async def _step(self, number: str, act: str, given: Sequence[object]) -> None:
        asker = self.rules.cases[number].asker
        who, *more = (asker if one == ASKER else one for one in given)
        if act in ("reply", "answer"):
            more = [f"words {self.random.random()}"]  # the same ones twice would be the same press
        if act == "agree":
            more = [{one.id: one.name for one in READERS}]
        may = self.rules.act(act, number, who, *more)
        try:
            await getattr(self._one().service, act)(number, who, *more)
        except NotAllowedError:
            assert not may, (number, act)
        else:
            assert may, (number, act)

    # -- the replicas

    def _one(self) -> Replica:
        return self.dice.choice(self.replicas)

    def _who_runs(self) -> Sequence[Replica]:
        """Mostly both at once; now and then one is late."""
        return self.replicas if self.dice.random() < 0.7 else [self._one()]

    async def _deliver(self) -> None:
        await asyncio.gather(*(one.deliver() for one in self._who_runs()))
        self.rules.deliver()

    async def _tick(self, quarter: int) -> int:
        """Let time do what is due, and return how much that was."""
        is_due = False
        for number, case in self.cases.items():
            told = self.rules.cases[number]
            found = [due.timer for due in self.replicas[0].keeper._due(case, self.clock.now)]
            new = [timer for timer in found if (told.turn, timer) not in told.recorded]
            assert new == [timer for _, timer in self.rules.due(told)], (number, self.clock.now)
            is_due |= bool(new)
        if not is_due and quarter % self.course.every:
            return 0
        before = {number: set(told.recorded) for number, told in self.rules.cases.items()}
        who = self._who_runs() if is_due else [self._one()]
        done = await asyncio.gather(*(one.keeper.tick() for one in who))
        self.ticks += len(done)
        assert sum(done) == self.rules.tick()
        for number, told in self.rules.cases.items():
            self.ran.update(timer for _, timer in set(told.recorded) - before[number])
        return sum(done)

    async def _look(self) -> None:
        """Read anew how cases stand, which must be as the rules tell."""
        async with self._one().archive.transaction() as transaction:
            timed = select(cases).where(cases.c.state.in_(_TIMED))
            rows = await transaction.connection.execute(timed)
            self.cases = {row.number: _case(row, None) for row in rows}
        told = {
            number: (one.state, one.turn, one.since)
            for number, one in self.rules.cases.items()
            if one.state in _TIMED
        }
        found = {n: (one.state, one.turn, one.since) for n, one in self.cases.items()}
        assert found == told, set(found.items()) ^ set(told.items())

    # -- what came of it

    async def judge(self) -> None:
        told = self.rules.cases
        async with self._one().archive.records() as records:
            connection = records.transaction.connection
            rows = [tuple(row) for row in await connection.execute(select(reminders))]
            entries = {number: await audit.of_case(connection, number) for number in told}
            assert (await audit.chain(connection)).broken is None
            assert await out.waiting(connection) == out.Waiting(0, None, self.rules.parked)
        recorded = {
            (number, turn, timer.value): int(at.timestamp())
            for number, one in told.items()
            for (turn, timer), at in one.recorded.items()
        }
        assert {row[:3]: row[3] for row in rows} == recorded
        assert len(rows) == len(recorded)
        for number, one in told.items():
            written = [(entry.at, entry.act) for entry in entries[number]]
            assert written == [(int(at.timestamp()), act) for at, act in one.written_down]
            self._judge_order(number, entries[number])
        seen, told_of = Counter(self.slack.seen), Counter(self.rules.seen)
        assert seen == told_of, (seen - told_of, told_of - seen)

    def _judge_order(self, number: str, entries: Sequence[audit.Entry]) -> None:
        """Past the rules: what time does, it does in the office's hours, and never after an end."""
        told = self.rules.cases[number]
        office, is_over = self.rules.offices[told.office], False
        for entry in entries:
            at = datetime.fromtimestamp(entry.at, UTC)
            if not entry.actor and entry.act not in ("erase", "offer", "ask_again"):
                assert office.is_open(at), (number, entry.act)
                assert not is_over, (number, entry.act)
            is_over |= entry.act in ("close", "lapse", "withdraw", "fall_back")
            if entry.act == "fall_back":
                # After a long outage the person is also asked once more in the same moment.
                asked = sum((one.at, one.act) == (entry.at, "asked") for one in entries)
                notices = [
                    when
                    for when, *what in self.slack.seen
                    if what == ["tell", told.asker.user, number] and when >= at
                ]
                assert len(notices) == 1 + asked, "the person is told once that nobody takes it"


async def simulate(address: str, course: Course) -> Run:
    clock = Clock(course.start)
    seen: list[tuple[datetime, str, str, str]] = []
    slack, teams = Wall("slack", clock, seen), Wall("teams", clock, seen)
    for office in OFFICES:
        slack.channels[channel_of(office.name)] = Channel({who.user: who.name for who in READERS})
    members, holders = (frozenset(who.id for who in group) for group in (READERS, HOLDERS))
    rules = Rules(OFFICES, course.start, course.length, members, PARTS, holders)
    async with (
        replica(address, clock, slack, teams) as one,
        replica(address, clock, slack, teams) as other,
    ):
        async with one.archive.transaction() as transaction:
            for table in reversed(metadata.sorted_tables):
                await transaction.connection.execute(delete(table))
        run = Run(
            course, (one, other), clock, slack, rules, Random(course.seed), Random(course.seed)
        )
        await run.go()
        await run.judge()
    return run


@contextmanager
def sqlite_file() -> Iterator[str]:
    """A database in memory, where there is such a folder: what a disk does is not in question."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield f"sqlite:///{folder}/cairn.db"


@pytest.fixture
def file() -> Iterator[str]:
    with sqlite_file() as address:
        yield address


BY_TIME = {timer.value for timer in Timer} - {"nobody"} | {"fall_back"}


def written_down(run: Run) -> list[tuple[datetime, str]]:
    return [one for told in run.rules.cases.values() for one in told.written_down]


def has_run(run: Run) -> None:
    """Nothing of this holds where nothing happened."""
    recorded = sum(run.ran.values())
    assert recorded == sum(act in BY_TIME for _, act in written_down(run))
    assert set(run.ran) == set(Timer), "each timer came"
    assert run.ticks > recorded
    assert (run.rules.late > 0) is (run.course.is_up is not always), "the outages mattered"


@pytest.mark.long
@pytest.mark.parametrize(
    ("downtime", "start", "seed"), [*zip(DOWNTIME, [AUTUMN, WINTER] * 2, range(4), strict=True)]
)
async def test_ninety_days_with_two_replicas_on_sqlite(
    file: str, downtime: str, start: datetime, seed: int
):
    has_run(await simulate(file, Course(start, 90, DOWNTIME[downtime], seed)))


@pytest.mark.long
@POSTGRES
@pytest.mark.parametrize(
    ("downtime", "start", "seed"), [*zip(DOWNTIME, [WINTER, AUTUMN] * 2, range(4), strict=True)]
)
async def test_ninety_days_with_two_replicas_on_postgresql(
    new_database: Callable[[], str], downtime: str, start: datetime, seed: int
):
    has_run(await simulate(new_database(), Course(start, 90, DOWNTIME[downtime], seed)))


@pytest.mark.long
async def test_a_clock_that_leaps_an_hour_forward_and_back_brings_nothing_twice(file: str):
    run = await simulate(file, Course(AUTUMN, 60, down_each_ten_days, 4, leaps))
    assert set(run.ran) == set(Timer)


@pytest.mark.long
async def test_a_leap_day_is_a_day(file: str):
    run = await simulate(file, Course(LEAP, 30, down_at_night, 5))
    assert run.ticks > sum(run.ran.values()) > 0
    leap_day = [act for at, act in written_down(run) if at.date() == date(2028, 2, 29)]
    assert BY_TIME & set(leap_day)


def run_for_long(address: str, length: int, seeds: int) -> None:
    runs = [(name, up, lambda _: timedelta()) for name, up in DOWNTIME.items()]
    runs.append(("never, and the clock leaps", always, leaps))
    for seed in range(seeds):
        for place, (name, up, wrong) in enumerate(runs):
            start = (AUTUMN, WINTER)[(seed + place) % 2]
            course = Course(start, length, up, seed, wrong, every=1)
            run = asyncio.run(simulate(address, course))
            ran = dict(sorted((timer.value, times) for timer, times in run.ran.items()))
            told = f"{name}: {run.ticks} ticks, {run.rules.late} late, {ran}"
            print(f"seed {seed}, down: {told}", flush=True)  # noqa: T201


if __name__ == "__main__":
    numbers = int(sys.argv[1]), int(sys.argv[2])
    if len(sys.argv) > 3:
        run_for_long(sys.argv[3], *numbers)
    else:
        with sqlite_file() as address:
            run_for_long(address, *numbers)
