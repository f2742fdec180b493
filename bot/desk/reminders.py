"""When is somebody reminded, and when does time decide? Only while the office is open.

Each timer belongs to one turn of a case and comes once in it. None is left once it is closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.desk.case import Case, Record, State
from bot.desk.hours import after, calendar_days, working_days
from bot.organization import Contact

AGAIN: Final = 4
DEPUTY: Final = 8
NOBODY: Final = 16
SILENT: Final = 1
"""Hours of the office's own time."""

ASK_DAYS: Final = 2
ASKED_LONG: Final = 5
"""Working days."""

NUDGE_DAYS: Final = 5
NO_ANSWER_DAYS: Final = 10
RECORD_DAYS: Final = 10
LAPSE_DAYS: Final = 14
"""Calendar days; what comes of them waits until the office is open."""


class Timer(StrEnum):
    """What becomes due."""

    AGAIN = "again"
    """The office is told once more that nobody has claimed the case."""
    DEPUTY = "deputy"
    NOBODY = "nobody"
    """The person is told that nobody has taken it, and shown another door."""
    SILENT = "silent"
    """Who claimed it has not said whether they have a conflict."""
    ASKED = "asked"
    """The person is told once more that they were asked something."""
    HEAD = "head"
    LATE = "late"
    """The person is told that the office has not answered, and how it is reached otherwise."""
    CLAIMER = "claimer"
    NUDGE = "nudge"
    NO_ANSWER = "no_answer"
    RECORD = "record"
    LAPSE = "lapse"


@dataclass(frozen=True, slots=True)
class Due:
    """A timer and the moment from which it is due, always while the office is open."""

    timer: Timer
    at: datetime


def timers(case: Case, contact: Contact, reply_within: int) -> tuple[Due, ...]:
    """Return the timers of a case where it stands, the first one first.

    ``reply_within`` is how many working days the office gives itself for an answer.
    """
    return tuple(sorted(_timers(case, contact, reply_within), key=lambda due: due.at))


def _timers(case: Case, contact: Contact, reply_within: int) -> Iterator[Due]:
    since = case.since
    match case.state:
        case State.QUEUED:
            yield Due(Timer.NOBODY, after(contact, since, NOBODY))
        case State.ASKING:
            yield Due(Timer.ASKED, working_days(contact, since, ASK_DAYS))
            yield Due(Timer.NOBODY, working_days(contact, since, ASKED_LONG))
        case State.OFFERED:
            yield Due(Timer.AGAIN, after(contact, since, AGAIN))
            yield Due(Timer.DEPUTY, after(contact, since, DEPUTY))
            yield Due(Timer.NOBODY, after(contact, since, NOBODY))
        case State.CHECKING:
            yield Due(Timer.SILENT, after(contact, since, SILENT))
        case State.CLAIMED:
            late = working_days(contact, since, 2 * reply_within)
            first = Timer.CLAIMER if case.replied else Timer.HEAD
            yield Due(first, working_days(contact, since, reply_within))
            if case.replied:
                yield Due(Timer.HEAD, late)
            yield Due(Timer.LATE, late)
        case State.ANSWERED:
            yield Due(Timer.NUDGE, calendar_days(contact, since, NUDGE_DAYS))
            yield Due(Timer.NO_ANSWER, calendar_days(contact, since, NO_ANSWER_DAYS))
        case State.RESOLVED:
            if case.record is Record.OPEN:
                yield Due(Timer.RECORD, calendar_days(contact, since, RECORD_DAYS))
            yield Due(Timer.LAPSE, calendar_days(contact, since, LAPSE_DAYS))
