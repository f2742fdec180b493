"""What may happen to a case, and by whom? Each act returns the next case, or says why not.

    queued ──> offered ──> checking ──> claimed <──> answered ──> resolved ──> closed ──> purged
      │  ▲        │  ▲        │            │                         │
      ▼  │        ▼  └────────┴────────────┘ recused, silent,        └──> claimed: reopened
    asking     fallback                      handed back
      └────────> withdrawn: at any time before ``claimed``

Pure: no clock, no database, no words. Whatever is refused is a ``NotAllowedError`` with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.desk.case import (
    MIN_HOLDERS,
    WORKED_ON,
    Case,
    NotAllowedError,
    Reason,
    Record,
    Roles,
    State,
    Why,
    people_of,
)
from bot.platforms import Who

REOPENS: Final = timedelta(days=14)
KEPT: Final = timedelta(days=30)
"""How long the words of a case are kept after it was closed."""

KEPT_TO_RESEND: Final = timedelta(days=5)
"""How long they are kept where no office has taken the case, so that they can be sent elsewhere."""

_READABLE: Final = WORKED_ON | {State.RESOLVED, State.CLOSED}
_ENDED: Final = frozenset({State.CLOSED, State.FALLBACK, State.WITHDRAWN, State.PURGED})

# ---- on the way to the office


def offered(case: Case, now: datetime) -> Case:
    """The office has got it."""
    _in(case, State.QUEUED)
    return _to(case, State.OFFERED, now)


def delivered(case: Case, now: datetime) -> Case:
    """The office has got it by letter, which is its own record; there is nothing to claim."""
    _in(case, State.QUEUED)
    return replace(_to(case, State.CLOSED, now), reason=Reason.DELIVERED, record=Record.EXPORTED)


def ask_again(case: Case, now: datetime) -> Case:
    """More people read the office's channel than the person agreed to."""
    _in(case, State.QUEUED)
    return _to(case, State.ASKING, now)


def agree(
    case: Case, by: Who, readers: Mapping[str, str], excluded: frozenset[str], now: datetime
) -> Case:
    """The person agrees to those who read the channel now, less those whom they take off.

    Whoever was taken off before stays so, also where they have left the channel.
    """
    must_be_own(case, by)
    _in(case, State.ASKING)
    people = people_of(case)
    people = replace(people, readers=dict(readers), excluded=people.excluded | excluded)
    return _to(replace(case, people=people), State.QUEUED, now)


def fall_back(case: Case, now: datetime) -> Case:
    """Nobody at the office takes it; the person is told, and shown another door."""
    _in(case, State.QUEUED, State.ASKING, State.OFFERED, State.CHECKING)
    return _to(_without_claimer(case), State.FALLBACK, now)


def withdraw(case: Case, by: Who, now: datetime) -> Case:
    """The person takes it back before anybody could have read it."""
    must_be_own(case, by)
    if not case.can_be_withdrawn:
        raise NotAllowedError(Why.TOO_LATE)
    return _to(_without_claimer(case), State.WITHDRAWN, now)


# ---- at the office


def claim(case: Case, by: Who, now: datetime) -> Case:
    """An officer takes it provisionally; they see nothing of it yet."""
    _may_claim(case, by.id)
    if case.state in (State.CHECKING, *WORKED_ON, State.RESOLVED):
        raise NotAllowedError(Why.TAKEN)
    _in(case, State.OFFERED)
    return _to(_with(case, claimer=by), State.CHECKING, now)


def clear(case: Case, by: Who, now: datetime) -> Case:
    """The claimer says that they have no conflict; from here on they may read it."""
    _claimer(case, by)
    _in(case, State.CHECKING)
    people = replace(people_of(case), opened=True)
    return _to(replace(case, people=people), State.CLAIMED, now)


def recuse(case: Case, by: Who, now: datetime) -> Case:
    """Somebody should not see it. They cannot claim it any more, and nobody is told why."""
    _may_claim(case, by.id)
    if case.state is not State.OFFERED:
        _claimer(case, by)
        _in(case, State.CHECKING, *WORKED_ON)
        return _without(case, by.id, now)
    people = people_of(case)
    left = replace(case, people=replace(people, recused=people.recused | {by.id}))
    # For the others it goes on waiting: the person is told in time, however many step aside.
    return left if people_of(left).claimers else _to(left, State.FALLBACK, now)


def silence(case: Case, now: datetime) -> Case:
    """The claimer did not say whether they have a conflict; it is offered to the others."""
    _in(case, State.CHECKING)
    claimer = people_of(case).claimer
    assert claimer is not None
    return _without(case, claimer.id, now)


def may_hand_over(case: Case, by: Who, roles: Roles) -> None:
    """See to it that the claimer or the head acts; who can take a case tells of those who cannot.

    Raises:
        NotAllowedError: they may not, or not now.

    """
    _claimer_or_head(case, by, roles)
    _in(case, *WORKED_ON)


def hand_over(case: Case, by: Who, roles: Roles, to: Who | None, now: datetime) -> Case:
    """Hand it to another reader, who is asked about a conflict first, or back to the office."""
    may_hand_over(case, by, roles)
    if to is None:
        return _to(_without_claimer(case), State.OFFERED, now)
    _may_claim(case, to.id)
    return _to(_with(case, claimer=to), State.CHECKING, now)


def may_work(case: Case, by: Who) -> None:
    """See to it that the claimer acts, who has no conflict, while there is something to do.

    Raises:
        NotAllowedError: it is not theirs, or not now.

    """
    _claimer(case, by)
    _in(case, *WORKED_ON)


def reply(case: Case, by: Who, now: datetime) -> Case:
    """The office has answered."""
    may_work(case, by)
    _takes_words(case)
    return replace(_to(case, State.ANSWERED, now), replied=True)


def resolve(case: Case, by: Who, reason: Reason, now: datetime) -> Case:
    """The claimer says that there is nothing left to do."""
    may_work(case, by)
    return replace(_to(case, State.RESOLVED, now), reason=reason)


def may_close(case: Case, by: Who, roles: Roles) -> None:
    """See to it that the claimer or the head acts, once there is nothing left to do.

    Raises:
        NotAllowedError: they may not, or not yet.

    """
    _claimer_or_head(case, by, roles)
    _in(case, State.RESOLVED, State.CLOSED)


def close(case: Case, by: Who, roles: Roles, now: datetime) -> Case:
    """The claimer or the head closes what is resolved."""
    _claimer_or_head(case, by, roles)
    _in(case, State.RESOLVED)
    return _to(case, State.CLOSED, now)


def keep(case: Case, by: Who, roles: Roles, record: Record) -> Case:
    """The claimer or the head says what became of the office's own record; purging waits for it."""
    _claimer_or_head(case, by, roles)
    _in(case, *_READABLE)
    if record is Record.OPEN:
        raise NotAllowedError(Why.NOT_NOW)
    return replace(case, record=record)


def may_read(case: Case, by: Who) -> None:
    """See to it that somebody may read the words of a case: the person, or who cleared it.

    Raises:
        NotAllowedError: they may not, or not yet.

    """
    people = people_of(case)
    if by.id == people.requester.id:
        if case.state is State.WITHDRAWN:
            raise NotAllowedError(Why.TOO_LATE)
        return
    _claimer(case, by)
    _in(case, *_READABLE)


# ---- the person's side


def answer(case: Case, by: Who, now: datetime) -> Case:
    """The person has written again; what was resolved is open again."""
    must_be_own(case, by)
    _takes_words(case)
    if case.state is State.RESOLVED:
        return reopen(case, by, Roles(), now)
    _in(case, *WORKED_ON)
    return _to(case, State.CLAIMED, now) if case.state is State.ANSWERED else case


def reopen(case: Case, by: Who, roles: Roles, now: datetime) -> Case:
    """The person, the claimer or the head opens what was resolved within fourteen days."""
    people = people_of(case)
    if by.id != people.requester.id:
        _claimer_or_head(case, by, roles)
    if case.state is State.CLOSED:
        raise NotAllowedError(Why.TOO_LATE)
    _in(case, State.RESOLVED)
    if now - case.since > REOPENS:
        raise NotAllowedError(Why.TOO_LATE)
    again = replace(case, reason=None)
    claimer = people.claimer
    if claimer is not None and claimer.id in people.claimers:
        return _to(again, State.CLAIMED, now)
    return _to(_without_claimer(again), State.OFFERED, now)


# ---- what time does


def no_answer(case: Case, now: datetime) -> Case:
    """The person has not answered for long; they are told how to open it again."""
    _in(case, State.ANSWERED)
    return replace(_to(case, State.RESOLVED, now), reason=Reason.NO_ANSWER)


def lapse(case: Case, now: datetime) -> Case:
    """It was resolved long enough ago to be closed."""
    _in(case, State.RESOLVED)
    return _to(case, State.CLOSED, now)


# ---- erasing, and holding


def hold(case: Case, by: Who, roles: Roles) -> Case:
    """One of those who may hold asks that nothing of it be erased; it takes two."""
    return _two_ask(case, by, roles, holding=True)


def lift(case: Case, by: Who, roles: Roles) -> Case:
    """One of those who may hold asks that it be erased in its time again; it takes two."""
    return _two_ask(case, by, roles, holding=False)


def _two_ask(case: Case, by: Who, roles: Roles, *, holding: bool) -> Case:
    people = people_of(case)
    if by.id not in roles.holders:
        raise NotAllowedError(Why.NOT_YOURS)
    if case.is_held is holding:
        raise NotAllowedError(Why.ALREADY)
    asked = people.holds if holding else people.lifts
    if by.id in asked:
        raise NotAllowedError(Why.ALREADY)
    asked = (*asked, by.id)
    if holding:
        return _with(case, holds=asked, lifts=())
    if len(asked) < MIN_HOLDERS:
        return _with(case, lifts=asked)
    return _with(case, holds=(), lifts=())


def erasable(case: Case) -> datetime | None:
    """Return the moment from which the words of a case may be erased; nothing: not as it is."""
    if case.is_held:
        return None
    match case.state:
        case State.WITHDRAWN:
            return case.since
        case State.FALLBACK:
            return case.since + KEPT_TO_RESEND
        case State.CLOSED if case.record is not Record.OPEN:
            return case.since + KEPT
    return None


def shredded(case: Case, now: datetime) -> Case:
    """Return a case that names nobody any more; its key is destroyed with it."""
    at = erasable(case)
    if at is None or at > now:
        raise NotAllowedError(Why.NOT_NOW)
    return replace(case, people=None)


def purged(case: Case) -> Case:
    """Return what is left of a shredded case: its number, its office, its reason and its month."""
    if case.people is not None:
        raise NotAllowedError(Why.NOT_NOW)
    month = case.opened.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return replace(case, topic="", state=State.PURGED, turn=0, opened=month, since=month)


# ---- parts of them


def _to(case: Case, state: State, now: datetime) -> Case:
    return replace(case, state=state, turn=case.turn + 1, since=now)


def _with(
    case: Case,
    *,
    claimer: Who | None = None,
    holds: tuple[str, ...] | None = None,
    lifts: tuple[str, ...] | None = None,
) -> Case:
    people = people_of(case)
    return replace(
        case,
        people=replace(
            people,
            claimer=people.claimer if claimer is None else claimer,
            holds=people.holds if holds is None else holds,
            lifts=people.lifts if lifts is None else lifts,
        ),
    )


def _without_claimer(case: Case) -> Case:
    return replace(case, people=replace(people_of(case), claimer=None))


def _without(case: Case, ident: str, now: datetime) -> Case:
    """Offer it to the others; where nobody is left, the person is shown another door."""
    people = people_of(case)
    people = replace(people, recused=people.recused | {ident}, claimer=None)
    left = replace(case, people=people)
    return _to(left, State.OFFERED if people.claimers else State.FALLBACK, now)


def _in(case: Case, *states: State) -> None:
    if case.state not in states:
        raise NotAllowedError(Why.TOO_LATE if case.state in _ENDED else Why.NOT_NOW)


def _takes_words(case: Case) -> None:
    """See to it that no words go where only an introduction may."""
    if case.mode != "case":
        raise NotAllowedError(Why.NOT_NOW)


def must_be_own(case: Case, by: Who) -> None:
    """See to it that a case is the person's own.

    Raises:
        NotAllowedError: it is somebody else's, or erased.

    """
    if by.id != people_of(case).requester.id:
        raise NotAllowedError(Why.NOT_YOURS)


def _may_claim(case: Case, ident: str) -> None:
    people = people_of(case)
    if ident not in people.readers:
        raise NotAllowedError(Why.NOT_YOURS)
    if ident not in people.claimers:
        raise NotAllowedError(Why.CONFLICT)


def _claimer(case: Case, by: Who) -> None:
    claimer = people_of(case).claimer
    if claimer is None or claimer.id != by.id:
        raise NotAllowedError(Why.NOT_YOURS)


def _claimer_or_head(case: Case, by: Who, roles: Roles) -> None:
    """See to it that the claimer acts, or a head who is not involved."""
    if by.id == roles.head:
        _may_claim(case, by.id)
    else:
        _claimer(case, by)
