"""In which week does something count, and when is that week over?

A week is its Monday, in days since 1970, by UTC: for every replica the same, whatever the
organization's file says today.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

_EPOCH: Final = date(1970, 1, 1)
_MARGIN: Final = timedelta(hours=1)
DAYS: Final = 7
SHOWN_AFTER: Final = timedelta(days=1)
"""How long a week must be over before anything of it is shown."""


def week_of(moment: datetime) -> int:
    """Return the week of an aware time."""
    day = moment.astimezone(UTC).date()
    return (day - timedelta(days=day.weekday()) - _EPOCH).days


def monday_of(week: int) -> date:
    """Return the day on which a week begins."""
    return _EPOCH + timedelta(days=week)


def last_shown(now: datetime) -> int:
    """Return the last week that has been over for so long that it may be shown."""
    return week_of(now - SHOWN_AFTER) - DAYS


def last_closed(now: datetime) -> int:
    """Return the last week to which nothing is added any more.

    That is an hour before it may be shown, so that clocks need not agree to the minute.
    """
    return last_shown(now + _MARGIN)
