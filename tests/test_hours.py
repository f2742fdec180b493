"""Is time counted as an office counts it: its hours, its holidays, its changes of the clock?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk import hours as inside
from bot.desk.hours import (
    NeverOpenError,
    after,
    calendar_days,
    is_open,
    working_days,
)
from bot.organization import Contact, Hours, opening

TORONTO = ZoneInfo("America/Toronto")
MONTREAL = ZoneInfo("America/Montreal")
VANCOUVER = ZoneInfo("America/Vancouver")
WEEK = {day: Hours(time(8, 30), time(16, 30)) for day in range(5)}
OFFICE = Contact("values_ethics", TORONTO, week=WEEK, province="ON")
QUEBEC = replace(OFFICE, zone=MONTREAL, province="QC")
COAST = replace(OFFICE, zone=VANCOUVER, province="BC")
SHORT_FRIDAYS = replace(OFFICE, week=WEEK | {4: Hours(time(9), time(12))})
NIGHTS = Contact("security", TORONTO, week={6: Hours(time(1), time(4))})
ALWAYS = Contact("emergency", TORONTO, always_open=True, closed_on=frozenset({date(2026, 12, 25)}))
UNKNOWN = Contact("harassment_recipient", VANCOUVER, province="BC")
CLOSED = frozenset(date(2026, 11, 1) + timedelta(days=n) for n in range(800))
NEVER = Contact("ombud", TORONTO, week={1: Hours(time(9), time(17))}, closed_on=CLOSED)


def business_time(contact: Contact, start: datetime, end: datetime) -> timedelta:
    """How long the office is open from ``start`` to ``end``: the other way round than ``after``."""
    start, end = inside._utc(start), inside._utc(end)
    total, day, last = timedelta(), inside._day(contact, start), inside._day(contact, end)
    while day <= last:
        window = inside._window(contact, day)
        if window is not None:
            total += max(min(window[1], end) - max(window[0], start), timedelta())
        day += timedelta(days=1)
    return total


def at(text: str, zone: ZoneInfo = TORONTO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ---- by hand


@pytest.mark.parametrize(
    ("office", "start", "hours", "due"),
    [
        (OFFICE, "2026-11-20T09:00", 4, "2026-11-20T13:00"),
        (OFFICE, "2026-11-20T16:00", 4, "2026-11-23T12:00"),  # half an hour on Friday
        (OFFICE, "2026-11-20T16:00", 0.5, "2026-11-23T08:30"),  # closing is the next opening
        (OFFICE, "2026-11-20T16:00", 16, "2026-11-24T16:00"),
        (OFFICE, "2026-11-20T07:00", 1, "2026-11-20T09:30"),
        (OFFICE, "2026-11-20T16:30", 0, "2026-11-23T08:30"),
        (OFFICE, "2026-11-21T12:00", 8, "2026-11-24T08:30"),
        (OFFICE, "2026-12-24T16:00", 1, "2026-12-29T09:00"),  # 26 is a Saturday: Monday off
        (OFFICE, "2027-12-24T16:00", 1, "2027-12-29T09:00"),  # both on a weekend: two days off
        (OFFICE, "2026-11-10T16:00", 1, "2026-11-12T09:00"),  # Remembrance Day is federal
        (OFFICE, "2026-06-23T16:00", 1, "2026-06-24T09:00"),
        (QUEBEC, "2026-06-23T16:00", 1, "2026-06-25T09:00"),  # Saint-Jean-Baptiste
        (QUEBEC, "2026-02-13T16:00", 1, "2026-02-16T09:00"),
        (COAST, "2026-02-13T16:00", 1, "2026-02-17T09:00"),  # Family Day
        (UNKNOWN, "2026-02-13T16:00", 1, "2026-02-17T09:00"),
        (SHORT_FRIDAYS, "2026-11-19T16:00", 4, "2026-11-23T09:00"),
        (ALWAYS, "2026-12-24T23:30", 30, "2026-12-26T05:30"),
    ],
)
def test_open_time_runs_in_the_hours_of_the_office_only(
    office: Contact, start: str, hours: float, due: str
):
    found = after(office, at(start, office.zone), hours)
    assert found == at(due, office.zone)
    assert found.tzinfo is UTC
    assert after(office, at(start, office.zone), timedelta(hours=hours)) == found


@pytest.mark.parametrize(
    ("office", "start", "hours", "due"),
    [
        (OFFICE, "2027-03-12T21:00", 1, "2027-03-15T13:00"),  # 16:00 EST, then 9:00 EDT
        (OFFICE, "2026-10-30T20:00", 1, "2026-11-02T14:00"),  # 16:00 EDT, then 9:00 EST
        (NIGHTS, "2027-03-14T05:00", 1.5, "2027-03-14T07:30"),  # 1:00 EST to 3:30 EDT
        (NIGHTS, "2027-03-14T05:00", 2, "2027-03-21T05:00"),  # that night has two hours
        (NIGHTS, "2026-11-01T04:00", 3.5, "2026-11-01T08:30"),  # 1:00 EDT to 3:30 EST
        (NIGHTS, "2026-11-01T04:00", 4, "2026-11-08T06:00"),  # that night has four
        (NIGHTS, "2026-11-01T06:15", 0, "2026-11-01T06:15"),  # 1:15 for the second time
        (ALWAYS, "2027-03-14T05:00", 24, "2027-03-15T05:00"),  # a day and an hour, on the clock
        (ALWAYS, "2026-11-01T04:00", 24, "2026-11-02T04:00"),
    ],
)
def test_open_time_is_real_time_when_the_clock_changes(
    office: Contact, start: str, hours: float, due: str
):
    assert after(office, utc(start), hours) == utc(due)


def test_an_opening_that_the_clock_skips_is_the_moment_of_the_change():
    late = replace(NIGHTS, week={6: Hours(time(2, 30), time(3, 15))})
    assert not is_open(late, utc("2027-03-14T06:59"))
    assert after(late, utc("2027-03-14T05:00"), 0) == utc("2027-03-14T07:00")
    assert business_time(late, utc("2027-03-14T00:00"), utc("2027-03-15T00:00")) == timedelta(
        minutes=15
    )
    skipped = replace(NIGHTS, week={6: Hours(time(2, 10), time(2, 50))})
    assert after(skipped, utc("2027-03-14T05:00"), 0) == at("2027-03-21T02:10")
    assert working_days(skipped, at("2027-03-07T02:20"), 1) == at("2027-03-21T02:20")


@pytest.mark.parametrize(
    ("office", "start", "days", "due"),
    [
        (OFFICE, "2026-11-19T10:15", 2, "2026-11-23T10:15"),
        (OFFICE, "2026-11-20T18:00", 1, "2026-11-24T08:30"),  # counts from Monday's opening
        (OFFICE, "2026-12-23T10:00", 2, "2026-12-29T10:00"),  # Christmas and Boxing Day
        (QUEBEC, "2026-06-23T10:00", 2, "2026-06-26T10:00"),
        (SHORT_FRIDAYS, "2026-11-19T15:00", 1, "2026-11-20T11:59"),
        (SHORT_FRIDAYS, "2026-11-19T08:45", 1, "2026-11-20T09:00"),
        (OFFICE, "2027-03-12T10:00", 1, "2027-03-15T10:00"),  # the clock goes forward between
        (OFFICE, "2026-10-30T10:00", 1, "2026-11-02T10:00"),
        (ALWAYS, "2026-12-24T10:00", 2, "2026-12-26T10:00"),
        (ALWAYS, "2027-03-13T02:30", 1, "2027-03-14T03:00"),  # the clock skips 2:30
    ],
)
def test_working_days_end_at_the_same_time_of_the_day(
    office: Contact, start: str, days: int, due: str
):
    found = working_days(office, at(start, office.zone), days)
    assert (found, found.tzinfo) == (at(due, office.zone), UTC)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-16T10:00", 4, "2026-11-20T10:00"),
        ("2026-11-16T10:00", 5, "2026-11-23T08:30"),  # a Saturday
        ("2026-11-16T20:00", 1, "2026-11-18T08:30"),
        ("2026-11-25T10:00", 30, "2026-12-29T08:30"),  # Christmas
        ("2026-10-30T10:00", 5, "2026-11-04T09:00"),  # days of 24 hours
    ],
)
def test_calendar_days_end_at_the_first_open_moment(start: str, days: int, due: str):
    found = calendar_days(OFFICE, at(start), days)
    assert (found, found.tzinfo) == (at(due), UTC)


def test_business_time_is_the_open_part_of_a_span():
    def between(office: Contact, start: str, end: str) -> float:
        return business_time(office, at(start), at(end)) / timedelta(hours=1)

    assert between(OFFICE, "2026-11-20T16:00", "2026-11-23T12:00") == 4
    assert between(OFFICE, "2026-11-21T00:00", "2026-11-23T00:00") == 0
    assert between(OFFICE, "2026-11-23T12:00", "2026-11-20T16:00") == 0
    assert between(NIGHTS, "2027-03-14T00:00", "2027-03-15T00:00") == 2
    assert between(NIGHTS, "2026-11-01T00:00", "2026-11-02T00:00") == 4
    assert between(ALWAYS, "2026-12-25T00:00", "2026-12-26T00:00") == 24
    assert between(NEVER, "2026-12-01T00:00", "2026-12-31T00:00") == 0


@pytest.mark.parametrize(
    ("now", "opened"),
    [("08:29:59", False), ("08:30", True), ("16:29:59", True), ("16:30", False)],
)
def test_closing_time_is_not_open_any_more(now: str, opened: bool):
    assert is_open(OFFICE, at(f"2026-11-20T{now}")) is opened
    assert is_open(UNKNOWN, at(f"2026-11-20T{now}", VANCOUVER)) is opened
    assert is_open(ALWAYS, at(f"2026-11-20T{now}"))


def test_days_on_which_the_organization_closes_do_not_count():
    closed = replace(OFFICE, closed_on=frozenset({date(2026, 11, 23)}))
    assert after(closed, at("2026-11-20T16:00"), 1) == at("2026-11-24T09:00")
    assert working_days(closed, at("2026-11-20T10:00"), 1) == at("2026-11-24T10:00")
    unknown = replace(UNKNOWN, closed_on=closed.closed_on)
    assert after(unknown, at("2026-11-20T17:00", VANCOUVER), 0) == at("2026-11-24T08:30", VANCOUVER)


def test_an_office_that_does_not_open_for_a_year_is_an_error_and_not_a_wait_for_ever():
    now = at("2026-12-01T10:00")
    for ask in (
        lambda: after(NEVER, now, 0),
        lambda: after(NEVER, now, 4),
        lambda: working_days(NEVER, now, 2),
        lambda: calendar_days(NEVER, now, 5),
    ):
        with pytest.raises(NeverOpenError, match="ombud"):
            ask()
    assert issubclass(NeverOpenError, ValueError)
    assert not is_open(NEVER, now)


def test_an_office_that_opens_once_a_week_is_not_taken_for_closed():
    rare = replace(NEVER, week={1: Hours(time(9), time(10))}, closed_on=frozenset())
    assert after(rare, at("2026-11-30T10:00"), 60) > at("2028-01-01T00:00")


@pytest.mark.parametrize("hours", [-1, -0.001, timedelta(microseconds=-1)])
def test_time_does_not_run_backwards(hours: float | timedelta):
    with pytest.raises(ValueError):
        after(OFFICE, at("2026-11-20T10:00"), hours)


@pytest.mark.parametrize("days", [0, -1])
def test_there_is_at_least_one_working_day_to_count(days: int):
    with pytest.raises(ValueError):
        working_days(OFFICE, at("2026-11-20T10:00"), days)


def test_a_moment_without_its_offset_is_refused():
    naive = datetime(2026, 11, 20, 10, 0)
    aware = at("2026-11-20T10:00")
    for ask in (
        lambda: is_open(OFFICE, naive),
        lambda: after(OFFICE, naive, 1),
        lambda: working_days(OFFICE, naive, 1),
        lambda: calendar_days(OFFICE, naive, 1),
        lambda: business_time(OFFICE, naive, aware),
        lambda: business_time(OFFICE, aware, naive),
    ):
        with pytest.raises(ValueError):
            ask()


# ---- for any office


MINUTES = st.integers(0, 23 * 60 + 59).filter(lambda minute: not 60 < minute < 120)
"""No office opens or closes in the hour that the clock shows twice; there the two ways differ."""


@st.composite
def offices(draw: st.DrawFn) -> Contact:
    week = {}
    for day in draw(st.sets(st.integers(0, 6))):
        opens, closes = sorted(
            draw(st.tuples(MINUTES, MINUTES).filter(lambda two: two[0] != two[1]))
        )
        week[day] = Hours(time(*divmod(opens, 60)), time(*divmod(closes, 60)))
    return Contact(
        "values_ethics",
        ZoneInfo(draw(st.sampled_from(
            ["America/Toronto", "America/Vancouver", "America/St_Johns", "America/Regina"]
        ))),
        week=week,
        province=draw(st.sampled_from([None, "ON", "QC", "BC", "NL"])),
        closed_on=draw(st.frozensets(st.dates(date(2026, 10, 25), date(2027, 4, 1)), max_size=3)),
        always_open=draw(st.integers(0, 9)) == 0,
    )  # fmt: skip


def around(*days: str) -> st.SearchStrategy[datetime]:
    """Moments within four days of one of these, at any microsecond."""
    near = st.builds(
        lambda day, span: utc(day) + span,
        st.sampled_from(days),
        st.timedeltas(timedelta(days=-4), timedelta(days=4)),
    )
    return near | near.map(lambda moment: moment.replace(second=0, microsecond=0))


MOMENTS = around("2026-11-01", "2027-03-14", "2026-12-26", "2026-06-24", "2028-02-29")
HOURS = st.timedeltas(timedelta(), timedelta(hours=40)) | st.integers(0, 40).map(
    lambda hours: timedelta(hours=hours)
)


@cache
def calendar(province: str | None, year: int) -> holidays.HolidayBase:
    return holidays.country_holidays(
        "CA", subdiv=province, years=year, categories=("public", "government")
    )


def counts(office: Contact, now: datetime) -> bool:
    """Whether an office is open, by looking at its own clock and calendar."""
    if office.always_open:
        return True
    here = now.astimezone(office.zone)
    if here.date() in calendar(office.province, here.year) or here.date() in office.closed_on:
        return False
    week = office.week or {day: Hours(time(8, 30), time(16, 30)) for day in range(5)}
    hours = week.get(here.weekday())
    return hours is not None and hours.opens <= here.time() < hours.closes


@given(offices(), MOMENTS)
@settings(deadline=None)
def test_an_office_is_open_when_its_own_clock_says_so(office: Contact, now: datetime):
    assert is_open(office, now) is counts(office, now)


@given(offices().filter(lambda office: bool(office.week)), MOMENTS)
@settings(deadline=None)
def test_what_people_are_shown_about_the_hours_agrees(office: Contact, now: datetime):
    shown = opening(office, now)
    assert shown is not None
    assert shown.is_open is is_open(office, now)


@given(offices(), MOMENTS.map(lambda now: now.replace(second=0, microsecond=0)),
       st.integers(0, 36 * 60))  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_counting_minute_by_minute_gives_the_same(office: Contact, start: datetime, minutes: int):
    counted = sum(counts(office, start + timedelta(minutes=n)) for n in range(minutes))
    end = start + timedelta(minutes=minutes)
    assert business_time(office, start, end) == timedelta(minutes=counted)


@given(offices(), MOMENTS, HOURS)
@settings(deadline=None)
def test_exactly_the_time_that_was_asked_for_has_passed_and_the_office_is_open(
    office: Contact, start: datetime, hours: timedelta
):
    due = after(office, start, hours)
    assert is_open(office, due)
    assert due >= start + hours
    assert business_time(office, start, due) == hours


@given(offices(), MOMENTS, MOMENTS, HOURS, HOURS)
@settings(deadline=None)
def test_later_starts_and_longer_times_never_end_sooner(
    office: Contact, one: datetime, other: datetime, some: timedelta, more: timedelta
):
    first, second = sorted((one, other))
    assert after(office, first, some) <= after(office, second, some)
    less, most = sorted((some, more))
    assert after(office, first, less) <= after(office, first, most)
    assert (after(office, first, less) == after(office, first, most)) is (less == most)
    # In two steps it comes to the same.
    assert after(office, after(office, first, some), more) == after(office, first, some + more)


@given(offices(), MOMENTS, st.integers(1, 12))
@settings(deadline=None)
def test_working_days_are_open_days_and_each_of_them_counts(
    office: Contact, start: datetime, days: int
):
    due = working_days(office, start, days)
    assert is_open(office, due)
    assert due > start
    first, last = (
        moment.astimezone(office.zone).date() for moment in (after(office, start, 0), due)
    )
    midnights = [
        datetime.combine(first + timedelta(days=n), time(), office.zone)
        for n in range(1, (last - first).days + 2)
    ]
    opened = [business_time(office, *day) > timedelta() for day in pairwise(midnights)]
    assert opened.count(True) == days
    assert opened[-1]
    assert working_days(office, start, days + 1) > due


@given(offices(), MOMENTS, st.integers(0, 30))
@settings(deadline=None)
def test_nothing_is_open_between_the_end_of_calendar_days_and_what_is_returned(
    office: Contact, start: datetime, days: int
):
    due = calendar_days(office, start, days)
    earliest = start + timedelta(days=days)
    assert due >= earliest
    assert is_open(office, due)
    assert business_time(office, earliest, due) == timedelta()
