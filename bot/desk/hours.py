"""When does time count for an office, and when has enough of it passed?

Open time is real time that passes between opening and closing on the office's own clock, so a day
on which that clock changes is an hour longer or shorter only where the change falls within its
hours. A moment that the clock shows twice is its first; one that it skips is the moment of the
change. An office whose hours are not known counts as open on the days of a common working week;
one that is always open counts every minute, and its days end at midnight.

What is returned is in UTC, and a moment at which the office is open; closing time is not. An
office that does not open for a year raises ``NeverOpenError``: nothing would ever be due, so a
case must not go there, and the person is better told at once than never.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from bot.organization import Contact, Hours, is_holiday

_COMMON_WEEK: Final = {day: Hours(time(8, 30), time(16, 30)) for day in range(5)}
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_NONE: Final = timedelta()
_LONGEST: Final = 366
"""Days without an opening after which an office is taken never to open again."""


class NeverOpenError(ValueError):
    """An office does not open for a year, so no moment can be told."""

    def __init__(self, office: str) -> None:
        self.office = office
        super().__init__(f"the office {office} does not open for a year")


def is_open(contact: Contact, now: datetime) -> bool:
    """Return whether the office is open at ``now``."""
    now = _utc(now)
    window = _window(contact, _day(contact, now))
    return window is not None and window[0] <= now < window[1]


def after(contact: Contact, start: datetime, hours: float | timedelta) -> datetime:
    """Return the moment at which ``hours`` of open time have passed since ``start``.

    Where they are over as the office closes, it is the next opening; with none, the first open
    moment from ``start`` on.

    Raises:
        NeverOpenError: the office does not open for a year.
        ValueError: ``hours`` is less than nothing.

    """
    start = _utc(start)
    left = hours if isinstance(hours, timedelta) else timedelta(hours=hours)
    if left < _NONE:
        raise ValueError("time does not run backwards")
    for opens, closes in _windows(contact, start):
        if left < closes - opens:
            return opens + left
        left -= closes - opens
    raise NeverOpenError(contact.office)


def working_days(contact: Contact, start: datetime, days: int) -> datetime:
    """Return the same clock time on the ``days``-th open day after the one that ``start`` is in.

    Out of hours, ``start`` counts as the next opening. Where the office has other hours on that
    day, it is at the earliest when it opens, and at the latest a minute before it closes.

    Raises:
        NeverOpenError: the office does not open for a year.
        ValueError: ``days`` is not one or more.

    """
    if days < 1:
        raise ValueError("there is no working day to count")
    first = after(contact, start, _NONE)
    clock = first.astimezone(contact.zone).time()
    for opens, closes in islice(_windows(contact, first), days, None):
        same = _moment(_day(contact, opens), clock, contact.zone)
        return min(max(same, opens), closes - _MINUTE)
    raise NeverOpenError(contact.office)


def calendar_days(contact: Contact, start: datetime, days: int) -> datetime:
    """Return the first open moment from ``days`` times 24 hours after ``start`` on.

    Raises:
        NeverOpenError: the office does not open for a year.

    """
    return after(contact, _utc(start) + days * _DAY, _NONE)


def _windows(contact: Contact, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when the office is open from ``start`` on, until it stays closed for a year."""
    day, closed = _day(contact, start), 0
    while closed < _LONGEST:
        window = _window(contact, day)
        if window is not None and start < window[1]:
            yield max(window[0], start), window[1]
            closed = 0
        else:
            closed += 1
        day += _DAY


def _window(contact: Contact, day: date) -> tuple[datetime, datetime] | None:
    """Return when the office opens and closes on a day of its own clock, if it does."""
    if contact.always_open:
        midnight = time()
        opens = _moment(day, midnight, contact.zone)
        closes = _moment(day + _DAY, midnight, contact.zone)
    else:
        hours = (contact.week or _COMMON_WEEK).get(day.weekday())
        if hours is None or is_holiday(contact, day):
            return None
        opens = _moment(day, hours.opens, contact.zone)
        closes = _moment(day, hours.closes, contact.zone)
    return (opens, closes) if opens < closes else None


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return when clocks first show a time on a day, or the next that they show if they skip it."""
    shown = datetime.combine(day, clock.replace(fold=0), zone)
    moment = shown.astimezone(UTC)
    while moment.astimezone(zone) != shown:  # within a zone, what the clocks show is compared
        shown = shown.replace(second=0, microsecond=0) + _MINUTE
        moment = shown.astimezone(UTC)
    return moment


def _day(contact: Contact, moment: datetime) -> date:
    return moment.astimezone(contact.zone).date()


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs its offset from UTC")
    return moment.astimezone(UTC)
