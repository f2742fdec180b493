"""What must become of cases as time goes by, told a second time and by other means?

For the simulation of tests/test_desk_time.py. ``Diary`` knows when an office is open by walking
through every quarter of an hour. ``Rules`` say what must be recorded, written down and sent, and
when to the minute, from a table of timers. Nothing here is taken from bot/desk/hours.py, case.py,
reminders.py or timekeeping.py but names. Everything happens at full quarters.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from bot.desk.case import Reason, Record, State
from bot.desk.reminders import Timer
from bot.platforms import Who

QUARTER = timedelta(minutes=15)
RETRY = timedelta(minutes=10)
QUIET = timedelta(hours=1)
"""How long somebody who has not looked is not told again."""

KEPT = {State.WITHDRAWN: 0, State.FALLBACK: 5, State.CLOSED: 30}
"""Days for which words are kept after a case has ended."""

# ---- when an office is open

IN_EVERY_PROVINCE = (
    "2026-09-30 2026-10-12 2026-11-11 2026-12-25 2026-12-28 2027-01-01 2027-03-26 2027-05-24"
    " 2027-07-01 2027-09-06 2027-09-30 2027-10-11 2027-11-11 2027-12-27 2027-12-28 2028-01-03"
    " 2028-04-14"
)
FAMILY_DAYS = "2027-02-15 2028-02-21"
FIRST, LAST = date(2026, 9, 8), date(2028, 5, 21)
"""Between these the holidays are written down here; those on weekends are left out."""


def days(text: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in text.split())


def week(monday_to_thursday: str, friday: str) -> Mapping[int, tuple[time, time]]:
    """Hours by day of the week, from texts such as 8:30-16:30."""

    def hours(text: str) -> tuple[time, time]:
        opens, closes = (time(*map(int, clock.split(":"))) for clock in text.split("-"))
        return opens, closes

    return {day: hours(monday_to_thursday) for day in range(4)} | {4: hours(friday)}


@dataclass(frozen=True)
class Office:
    """An office as its file describes it; without ``week`` it is always open."""

    name: str
    zone: ZoneInfo
    province: str
    week: Mapping[int, tuple[time, time]] | None
    holidays: frozenset[date]
    closes_on: frozenset[date] = frozenset()
    reply_within: int = 2

    def is_open(self, now: datetime) -> bool:
        """Looks at the clock on the wall and the calendar beside it."""
        if self.week is None:
            return True
        here = now.astimezone(self.zone)
        assert FIRST <= here.date() <= LAST, "no holidays are written down for this day"
        if here.date() in self.holidays | self.closes_on or here.weekday() not in self.week:
            return False
        opens, closes = self.week[here.weekday()]
        return opens <= here.time() < closes


class Diary:
    """Every quarter of an hour of a span in which an office is open."""

    def __init__(self, office: Office, first: datetime, length: int) -> None:
        """Walk through ``length`` days from ``first`` on, and a good deal further."""
        self._zone = office.zone
        until = (length + 40) * 96
        self._open = [now for n in range(until) if office.is_open(now := first + n * QUARTER)]
        self._known = frozenset(self._open)

    def is_open(self, now: datetime) -> bool:
        return now in self._known

    def hours(self, since: datetime, hours: int) -> datetime:
        """The first open quarter once so many have been open."""
        return self._open[bisect_left(self._open, since) + 4 * hours]

    def calendar(self, since: datetime, days: int) -> datetime:
        return self._open[bisect_left(self._open, since + timedelta(days))]

    def working(self, since: datetime, days: int) -> datetime:
        """The same time of the day, so many open days later."""
        first = self._open[bisect_left(self._open, since)].astimezone(self._zone)
        by_day = self._by_day
        dates = list(by_day)
        quarters = by_day[dates[dates.index(first.date()) + days]]
        for quarter in quarters:
            if quarter.astimezone(self._zone).time() >= first.time():
                return quarter
        return quarters[-1] + timedelta(minutes=14)  # a minute before it closes

    @cached_property
    def _by_day(self) -> Mapping[date, list[datetime]]:
        found: dict[date, list[datetime]] = {}
        for quarter in self._open:
            found.setdefault(quarter.astimezone(self._zone).date(), []).append(quarter)
        return found


# ---- what is due

TIMERS: Mapping[State, tuple[tuple[Timer, str, int], ...]] = {
    State.QUEUED: ((Timer.NOBODY, "hours", 16),),
    State.ASKING: ((Timer.ASKED, "working", 2), (Timer.NOBODY, "working", 5)),
    State.OFFERED: (
        (Timer.AGAIN, "hours", 4),
        (Timer.DEPUTY, "hours", 8),
        (Timer.NOBODY, "hours", 16),
    ),
    State.CHECKING: ((Timer.SILENT, "hours", 1),),
    State.ANSWERED: ((Timer.NUDGE, "calendar", 5), (Timer.NO_ANSWER, "calendar", 10)),
    State.RESOLVED: ((Timer.RECORD, "calendar", 10), (Timer.LAPSE, "calendar", 14)),
}
"""Those of ``claimed`` depend on what the office gives itself."""


@dataclass
class Told:
    """A case, as the rules tell it. People by what the desk calls them."""

    number: str
    office: str
    asker: Who
    readers: frozenset[str]
    out: set[str]
    since: datetime
    state: State = State.QUEUED
    turn: int = 0
    replied: bool = False
    record: Record = Record.OPEN
    claimer: Who | None = None
    holds: set[str] = field(default_factory=set)
    lifts: set[str] = field(default_factory=set)
    told: dict[str, datetime] = field(default_factory=dict)
    """When somebody was told who has not looked since."""

    has_card: bool = False
    was_open: bool = False
    """Whether somebody at the office could read it."""

    is_blocked: bool = False
    is_erased: bool = False
    recorded: dict[tuple[int, Timer], datetime] = field(default_factory=dict)
    written_down: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def claimers(self) -> frozenset[str]:
        return self.readers - self.out - {self.asker.id}

    def claims(self, who: Who) -> bool:
        return self.claimer is not None and self.claimer.id == who.id


@dataclass
class Row:
    """Something that waits to be sent."""

    case: Told
    kind: str
    due: datetime
    to: str = ""


Seen = tuple[datetime, str, str, str]
"""When, what, where or to whom, of which case: as the counterpart of the platforms sees it."""


class Rules:
    """All cases of a run, and all that must have come of them."""

    def __init__(
        self,
        offices: Iterable[Office],
        first: datetime,
        length: int,
        members: frozenset[str],
        parts: Mapping[str, Who],
        holders: frozenset[str],
    ) -> None:
        self.offices = {office.name: office for office in offices}
        self.diaries = {name: Diary(office, first, length) for name, office in self.offices.items()}
        self.cases: dict[str, Told] = {}
        self.outbox: list[Row] = []
        self.seen: list[Seen] = []
        self.now = first
        self.parked = 0
        self.late = 0
        """How many timers came later than if there were no outages."""
        self._members = members
        self._parts = parts
        self._holders = holders

    # -- time

    def due(self, case: Told) -> list[tuple[datetime, Timer]]:
        """What time must do with a case now, and since when; the first first."""
        diary = self.diaries[case.office]
        if not diary.is_open(self.now):
            return []
        if case.state is State.CLAIMED:
            within = self.offices[case.office].reply_within
            timers = (
                (Timer.CLAIMER if case.replied else Timer.HEAD, "working", within),
                *([(Timer.HEAD, "working", 2 * within)] if case.replied else []),
                (Timer.LATE, "working", 2 * within),
            )
        else:
            timers = TIMERS.get(case.state, ())
        found = [
            (getattr(diary, way)(case.since, amount), timer)
            for timer, way, amount in timers
            if (case.turn, timer) not in case.recorded
            and not (timer is Timer.RECORD and case.record is not Record.OPEN)
        ]
        return sorted((one for one in found if one[0] <= self.now), key=lambda one: one[0])

    def tick(self) -> int:
        """Do what is due; return how many timers that were."""
        done = 0
        for number in sorted(self.cases):
            case = self.cases[number]
            turn = case.turn
            for at, timer in self.due(case):
                case.recorded[turn, timer] = self.now
                self.late += self.now > self.diaries[case.office].hours(at, 0)
                self._do(case, timer)
                done += 1
                if case.turn != turn:
                    break
        return done

    def _do(self, case: Told, timer: Timer) -> None:
        match timer:
            case Timer.AGAIN:
                self._send(case, "thread")
            case Timer.DEPUTY | Timer.HEAD:
                self._send(case, "tell", timer.value)
            case Timer.CLAIMER | Timer.RECORD:
                self._send(case, "tell", "claimer")
            case Timer.ASKED | Timer.NUDGE | Timer.LATE:
                self._send(case, "notice")
            case Timer.NOBODY:
                self._fall_back(case)
                return
            case Timer.SILENT:
                assert case.claimer is not None
                self._note(case, "silent")
                self._take_off(case, case.claimer)
                return
            case Timer.NO_ANSWER:
                self._note(case, "no_answer")
                self._to(case, State.RESOLVED)
                self._send(case, "notice")
                self._card(case)
                return
            case Timer.LAPSE:
                self._note(case, "lapse")
                self._to(case, State.CLOSED)
                if case.record is Record.OPEN:
                    self._send(case, "tell", "head")
                self._card(case)
                return
        self._note(case, timer.value)

    def purge(self) -> int:
        """Erase what has been kept long enough; return how many cases that were."""
        gone = 0
        for case in self.cases.values():
            ends = case.state in KEPT and not (
                case.state is State.CLOSED and case.record is Record.OPEN
            )
            if not ends or case.is_erased or len(case.holds) > 1:
                continue
            if case.since + timedelta(KEPT[case.state]) <= self.now:
                self._erase(case)
                gone += 1
        return gone

    # -- people

    def open(self, case: Told) -> None:
        self.cases[case.number] = case
        self._note(case, "open")
        self._send(case, "offer")

    def act(self, name: str, number: str, who: Who, *more: object) -> bool:
        """Do what somebody does, and tell whether they may."""
        case = self.cases[number]
        act: Callable[..., bool] = getattr(self, f"_{name}")
        if case.is_erased or not act(case, who, *more):
            return False
        if name not in ("withdraw", "recuse", "read"):
            self._note(case, name)
        return True

    def _claim(self, case: Told, who: Who) -> bool:
        if who.id not in case.claimers or case.state is not State.OFFERED:
            return False
        case.claimer = who
        return self._to(case, State.CHECKING) and self._card(case)

    def _clear(self, case: Told, who: Who) -> bool:
        if not case.claims(who) or case.state is not State.CHECKING:
            return False
        case.was_open = True
        return self._to(case, State.CLAIMED) and self._card(case)

    def _recuse(self, case: Told, who: Who) -> bool:
        worked_on = (State.CHECKING, State.CLAIMED, State.ANSWERED)
        theirs = case.claims(who) and case.state in worked_on
        if who.id not in case.claimers or not (theirs or case.state is State.OFFERED):
            return False
        self._note(case, "recuse")
        if case.state is State.OFFERED and case.claimers != {who.id}:
            case.out.add(who.id)  # for the others it goes on waiting
            self._card(case)
        else:
            self._take_off(case, who)
        return True

    def _hand_over(self, case: Told, who: Who, to: Who | None) -> bool:
        if not self._leads(case, who) or not self._is_worked_on(case):
            return False
        if to is None:
            case.claimer = None
            return self._to(case, State.OFFERED) and self._card(case)
        if to.id not in case.claimers:
            return False
        case.claimer = to
        self._to(case, State.CHECKING)
        return self._card(case) and self._tell(case, who)

    def _reply(self, case: Told, who: Who, _: str) -> bool:
        if not case.claims(who) or not self._is_worked_on(case):
            return False
        case.replied = True
        self._to(case, State.ANSWERED)
        return self._card(case) and self._notice(case)

    def _resolve(self, case: Told, who: Who, _: Reason) -> bool:
        if not case.claims(who) or not self._is_worked_on(case):
            return False
        self._to(case, State.RESOLVED)
        return self._card(case) and self._notice(case)

    def _read(self, case: Told, who: Who) -> bool:
        if who.id == case.asker.id:
            if case.state is State.WITHDRAWN:
                return False
        else:
            ended = (State.RESOLVED, State.CLOSED)
            if not case.claims(who) or not (self._is_worked_on(case) or case.state in ended):
                return False
            self._note(case, "read")
        case.told.pop(who.id, None)
        return True

    def _keep(self, case: Told, who: Who, record: Record) -> bool:
        ended = (State.RESOLVED, State.CLOSED)
        if not self._leads(case, who) or not (self._is_worked_on(case) or case.state in ended):
            return False
        case.record = record
        return True

    def _close(self, case: Told, who: Who) -> bool:
        if not self._leads(case, who) or case.state is not State.RESOLVED:
            return False
        return self._to(case, State.CLOSED) and self._card(case)

    def _answer(self, case: Told, who: Who, _: str) -> bool:
        if who.id != case.asker.id:
            return False
        if case.state is State.RESOLVED:
            if not self._open_again(case):
                return False
        elif case.state is State.ANSWERED:
            self._to(case, State.CLAIMED)
        elif case.state is not State.CLAIMED:
            return False
        return self._card(case) and self._tell(case, who)

    def _reopen(self, case: Told, who: Who) -> bool:
        if who.id != case.asker.id or not self._open_again(case):
            return False
        self._card(case)
        return self._tell(case, who)

    def _open_again(self, case: Told) -> bool:
        if case.state is not State.RESOLVED or self.now - case.since > timedelta(14):
            return False
        return self._to(case, State.CLAIMED)

    def _withdraw(self, case: Told, who: Who) -> bool:
        waiting = (State.QUEUED, State.ASKING, State.OFFERED, State.CHECKING)
        unread = case.state in waiting and not case.was_open
        if who.id != case.asker.id or not (unread or case.state is State.FALLBACK):
            return False
        self._note(case, "withdraw")
        self._to(case, State.WITHDRAWN)
        case.claimer = None
        self._card(case)
        if len(case.holds) < 2:
            self._erase(case)
        return True

    def _agree(self, case: Told, who: Who, readers: Mapping[str, str]) -> bool:
        if who.id != case.asker.id or case.state is not State.ASKING:
            return False
        case.readers = frozenset(readers)
        return self._to(case, State.QUEUED) and self._send(case, "offer")

    def _hold(self, case: Told, who: Who) -> bool:
        if who.id not in self._holders or who.id in case.holds or len(case.holds) > 1:
            return False
        case.holds.add(who.id)
        case.lifts.clear()
        return True

    def _lift(self, case: Told, who: Who) -> bool:
        if who.id not in self._holders or who.id in case.lifts or len(case.holds) < 2:
            return False
        case.lifts.add(who.id)
        if len(case.lifts) > 1:
            case.holds.clear()
            case.lifts.clear()
        return True

    # -- what is sent

    def deliver(self) -> None:
        """Bring everything that is due to where it belongs; of one case the oldest first."""
        waits: set[str] = set()
        place = 0
        while place < len(self.outbox):
            row = self.outbox[place]
            if row.due <= self.now and row.case.number not in waits:
                if self._bring(row):
                    del self.outbox[place]
                    continue
                row.due = self.now + RETRY
            waits.add(row.case.number)
            place += 1

    def _bring(self, row: Row) -> bool:
        case, place = row.case, f"channel of {row.case.office}"
        match row.kind:
            case "offer":
                return self._offer(case)
            case "card":
                self._see("update", place, case)
            case "thread" if case.state is State.OFFERED:
                self._see("remind", place, case)
            case "notice" if not case.is_erased:
                self._see("tell", case.asker.user, case)
            case "tell" if not case.is_erased:
                who = case.claimer if row.to == "claimer" else self._parts[row.to]
                if who is not None and (row.to == "claimer" or self._steps_in(case, row.to)):
                    self._see("tell", who.user, case)
        return True

    def _steps_in(self, case: Told, part: str) -> bool:
        """Whether there is still something for the deputy or the head to do."""
        if self._parts[part].id not in case.claimers:
            return False
        if part == "deputy":
            return case.state is State.OFFERED
        late = case.state is State.CLAIMED
        return late or (case.state is State.CLOSED and case.record is Record.OPEN)

    def _offer(self, case: Told) -> bool:
        if case.state is not State.QUEUED:
            self.parked += case.state is State.FALLBACK  # of which an operator is told
            return True
        if self._members - case.readers:
            self._note(case, "ask_again")
            self._to(case, State.ASKING)
            return self._send(case, "notice")
        if case.is_blocked:
            return False
        self._see("post", f"channel of {case.office}", case)
        self._note(case, "offer")
        case.has_card = True
        return self._to(case, State.OFFERED)

    # -- parts of them

    def _leads(self, case: Told, who: Who) -> bool:
        """Whether somebody is the claimer, or a head who can read the case."""
        head = who.id == self._parts["head"].id and who.id in case.claimers
        return head or case.claims(who)

    def _is_worked_on(self, case: Told) -> bool:
        return case.state in (State.CLAIMED, State.ANSWERED)

    def _to(self, case: Told, state: State) -> bool:
        case.state, case.since, case.turn = state, self.now, case.turn + 1
        return True

    def _fall_back(self, case: Told) -> None:
        self._note(case, "fall_back")
        self._to(case, State.FALLBACK)
        case.claimer = None
        self._send(case, "notice")
        self._card(case)

    def _take_off(self, case: Told, who: Who) -> None:
        case.out.add(who.id)
        case.claimer = None
        self._to(case, State.OFFERED if case.claimers else State.FALLBACK)
        self._card(case)
        if case.state is State.FALLBACK:
            self._send(case, "notice")

    def _erase(self, case: Told) -> None:
        self._note(case, "erase")
        case.is_erased = True
        case.recorded.clear()

    def _tell(self, case: Told, by: Who) -> bool:
        """Tell the claimer of what somebody else did."""
        assert case.claimer is not None
        return by.id == case.claimer.id or self._once(case, case.claimer, "tell", "claimer")

    def _notice(self, case: Told) -> bool:
        return self._once(case, case.asker, "notice")

    def _once(self, case: Told, who: Who, kind: str, to: str = "") -> bool:
        """Tell somebody, unless they were told within the hour and have not looked, or will be."""
        is_coming = any((row.case, row.kind, row.to) == (case, kind, to) for row in self.outbox)
        at = case.told.get(who.id)
        if is_coming or (at is not None and abs(self.now - at) < QUIET):
            case.told.setdefault(who.id, self.now)
            return True
        case.told[who.id] = self.now
        return self._send(case, kind, to)

    def _card(self, case: Told) -> bool:
        return self._send(case, "card") if case.has_card else True

    def _send(self, case: Told, kind: str, to: str = "") -> bool:
        self.outbox.append(Row(case, kind, self.now, to))
        return True

    def _note(self, case: Told, act: str) -> None:
        case.written_down.append((self.now, act))

    def _see(self, what: str, where: str, case: Told) -> None:
        self.seen.append((self.now, what, where, case.number))
