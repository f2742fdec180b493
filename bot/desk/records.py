"""How is a case kept? Cases and their words in and out of the store, locked on the way.

What is kept in clear is what an operator may count: office, state, times. Whom a case names, and
every word of it, is locked under its key; so without that key there is nothing to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from bot.desk import acts
from bot.desk.case import Case, People, Reason, Record, State, people_of
from bot.desk.vault import CaseKey, NotLockedHereError, Vault, Wrapped
from bot.guidance.words import Lang
from bot.platforms import Who
from bot.store import Transaction, audit, cases, outbox
from bot.store.audit import Entry
from bot.store.cases import CaseRow, KeyRow, MessageRow

PERSON: Final = "person"
OFFICE: Final = "office"

OFFER: Final = "offer"
CARD: Final = "card"
THREAD: Final = "thread"
NOTICE: Final = "notice"
TELL: Final = "tell"
LETTER: Final = "letter"
"""What is sent: the first card and its later states, a line below it, a notice to the person, a
card to the deputy, the head or the claimer, and an introduction by e-mail."""

_NUMBER: Final = re.compile(r"[0-9A-Z-]{1,8}")
"""What a number looks like; anything else that a press may hold is none, and not looked up."""

QUIET: Final = timedelta(hours=1)
"""How long somebody who was told of a case and has not looked is not told of it again."""

DEPUTY: Final = "deputy"
HEAD: Final = "head"
CLAIMER: Final = "claimer"


class NoCaseError(Exception):
    """There is no case of that number, or it cannot be opened with the keys that are there."""


@dataclass(frozen=True, slots=True)
class Words:
    """Something that was written in a case, by the ``person`` or by the ``office``."""

    sender: str
    at: datetime
    text: str = field(repr=False)


@dataclass(slots=True)
class Records:
    """The cases, within one transaction of the store."""

    transaction: Transaction
    vault: Vault

    @property
    def now(self) -> datetime:
        """The moment of the transaction."""
        return self.transaction.now

    async def turn(self) -> None:
        """Wait until no other transaction of the desk is open."""
        await cases.turn(self.transaction.connection)

    async def load(self, number: str) -> Kept:
        """Return a case and what it is locked with; a purged one has no key.

        Raises:
            NoCaseError: there is none, or its key is not under any of ours.

        """
        known = _NUMBER.fullmatch(number) is not None
        row = await cases.find(self.transaction.connection, number) if known else None
        if row is None:
            raise NoCaseError
        return await self._kept(row)

    async def _kept(self, row: CaseRow) -> Kept:
        found = await cases.key_of(self.transaction.connection, row.number)
        if found is None:
            return Kept(_case(row, None), None, row.card)
        try:
            key = self.vault.open(row.number, Wrapped(found.key_id, found.sealed))
            people = _people(key.open("people", row.people or b""))
        except NotLockedHereError:
            raise NoCaseError from None
        return Kept(_case(row, people), key, row.card, found.key_id)

    async def add(self, case: Case) -> Kept:
        """Keep a new case under a key of its own."""
        key, wrapped = self.vault.new(case.number)
        kept = Kept(case, key, "", wrapped.key_id)
        row = KeyRow(case.number, wrapped.key_id, wrapped.sealed)
        await cases.add(self.transaction.connection, self._row(kept), row)
        return kept

    async def save(self, kept: Kept) -> None:
        """Keep a case as it is now."""
        await cases.save(self.transaction.connection, self._row(kept))

    def _row(self, kept: Kept) -> CaseRow:
        case, key = kept.case, kept.key
        locked = requester = None
        if key is not None and case.people is not None:
            locked = key.lock("people", _text(case.people))
            requester = self.vault.digest(case.people.requester.id, kept.key_id).value
        return CaseRow(
            number=case.number,
            office=case.office,
            topic=case.topic,
            lang=case.lang,
            mode=case.mode,
            state=case.state.value,
            turn=case.turn,
            opened=_seconds(case.opened),
            since=_seconds(case.since),
            replied=case.replied,
            reason=case.reason.value if case.reason is not None else None,
            record=case.record.value,
            held=case.is_held,
            card=kept.card,
            requester=requester,
            people=locked,
        )

    async def exists(self, number: str) -> bool:
        """Tell whether a number was given to a case before."""
        return await cases.exists(self.transaction.connection, number)

    async def owned(self, who: Who) -> list[Kept]:
        """Return the cases that somebody opened, newest first."""
        digests = self.vault.digests(who.id)
        rows = await cases.owned(self.transaction.connection, digests)
        return [await self._kept(row) for row in rows]

    async def opened_by(self, who: Who) -> list[tuple[State, datetime]]:
        """Return where the cases stand that somebody opened, and when that was, for counting."""
        digests = self.vault.digests(who.id)
        rows = await cases.opened_by(self.transaction.connection, digests)
        return [(State(state), moment(opened)) for _, state, opened in rows]

    async def sent_since(self, who: Who, since: datetime) -> int:
        """Return how many cases somebody has sent since then, with those that are erased."""
        digests = self.vault.digests(who.id)
        return await audit.count(self.transaction.connection, "open", digests, _seconds(since))

    async def words(self, kept: Kept) -> list[Words]:
        """Return what was written in a case, in its order.

        Raises:
            NoCaseError: its key was destroyed, or the words are not those that were kept.

        """
        if kept.key is None:
            raise NoCaseError
        rows = await cases.words_of(self.transaction.connection, kept.case.number)
        try:
            return [
                Words(
                    row.sender,
                    moment(row.at),
                    kept.key.open(_part(row.place, row.sender), row.body),
                )
                for row in rows
            ]
        except NotLockedHereError:
            raise NoCaseError from None

    async def write(self, kept: Kept, sender: str, text: str, *, first: bool = False) -> None:
        """Keep words of a case; ``first`` says that it has none yet."""
        if kept.key is None:
            raise NoCaseError
        connection, number = self.transaction.connection, kept.case.number
        place = 0 if first else await cases.next_place(connection, number)
        body = kept.key.lock(_part(place, sender), text)
        row = MessageRow(place, _seconds(self.now), sender, body)
        await cases.add_words(connection, number, row)

    async def shred(self, kept: Kept) -> Kept:
        """Destroy the key of a case and every word of it, and return what is left."""
        gone = Kept(acts.shredded(kept.case, self.now), None, kept.card)
        await cases.shred(self.transaction.connection, self._row(gone))
        await self.note(gone.case, "erase", None)
        return gone

    async def fall_back(self, kept: Kept) -> Kept:
        """Have the person told that no office has taken a case."""
        kept = replace(kept, case=acts.fall_back(kept.case, self.now))
        await self.send(kept.case, NOTICE)
        return await self.moved_on(kept, "fall_back")

    async def moved_on(self, kept: Kept, act: str) -> Kept:
        """Keep a case that time has moved, and have its card say so."""
        await self.save(kept)
        await self.note(kept.case, act, None)
        if kept.card:
            await self.send(kept.case, CARD)
        return kept

    async def is_sending(self, case: Case) -> bool:
        """Tell whether anything is still to be sent for a case."""
        return await cases.is_sending(self.transaction.connection, case.number)

    async def send(self, case: Case, kind: str, detail: str = "") -> None:
        """Have something sent once this transaction is kept."""
        now = _seconds(self.now)
        await outbox.put(self.transaction.connection, case.number, kind, detail, now)

    async def first_time(self, by: Who, press: str) -> bool:
        """Tell whether a press of somebody comes for the first time."""
        return await self.transaction.first_time(by.platform, by.tenant, press)

    async def tell(self, kept: Kept, who: Who, kind: str, detail: str) -> Kept:
        """Have somebody told of what is new, once this transaction is kept.

        Nobody is told twice within an hour, nor while they are still to be told, of what they
        have not looked at. What comes first after they looked, they are always told of.
        """
        case, told = kept.case, people_of(kept.case).told
        at = told.get(who.id)
        tries = await outbox.tries(self.transaction.connection, case.number, kind, detail)
        # One that was never tried comes after all that is kept here. One that was tried may have
        # come already, and to somebody who has looked since it would say nothing.
        is_coming = tries == 0 or (tries is not None and at is not None)
        if is_coming or (at is not None and abs(self.now - at) < QUIET):
            return kept if at is not None else _with_told(kept, {**told, who.id: self.now})
        await self.send(case, kind, detail)
        return _with_told(kept, {**told, who.id: self.now})

    async def tell_next(self, kept: Kept, who: Who) -> None:
        """Have somebody told of what comes next: they have looked, or what was sent is lost."""
        told = people_of(kept.case).told
        if who.id in told:
            left = {ident: at for ident, at in told.items() if ident != who.id}
            await self.save(_with_told(kept, left))

    async def note(self, case: Case, act: str, by: Who | None) -> None:
        """Write down in the chain what was done, and by whom."""
        key_id = actor = b""
        if by is not None:
            digest = self.vault.digest(by.id)
            key_id, actor = digest.key_id, digest.value
        entry = Entry(_seconds(self.now), case.number, act, key_id, actor)
        await audit.add(self.transaction.connection, entry)

    async def was_noted(self, case: Case, act: str, by: Who) -> bool:
        """Tell whether it is in the chain that somebody has done something to a case."""
        entries = await audit.of_case(self.transaction.connection, case.number)
        actors = self.vault.digests(by.id)
        return any(one.act == act and one.actor in actors for one in entries)

    async def remind_once(self, case: Case, name: str) -> bool:
        """Record a reminder of this turn of a case; return false where it was recorded before."""
        connection, at = self.transaction.connection, _seconds(self.now)
        return await cases.remind_once(connection, case.number, case.turn, name, at)

    async def rewrap(self, most: int) -> int:
        """Wrap keys that are not under the first of the operator's keys; return how many.

        Raises:
            NoCaseError: a key is not under any of the operator's keys.

        """
        connection, vault = self.transaction.connection, self.vault
        rows = await cases.keys_not_under(connection, vault.key_id, most)
        for row in rows:
            kept = await self.load(row.number)
            wrapped = vault.rewrap(row.number, Wrapped(row.key_id, row.sealed))
            requester = vault.digest(people_of(kept.case).requester.id).value
            key = KeyRow(row.number, wrapped.key_id, wrapped.sealed)
            await cases.save_key(connection, key, requester)
        return len(rows)

    async def in_states(self, states: Sequence[State]) -> Sequence[str]:
        """Return the numbers of the cases that stand in these states."""
        return await cases.in_states(self.transaction.connection, states)


@dataclass(frozen=True, slots=True)
class Kept:
    """A case, its key, what its card is called in the office's channel, and which key wraps it."""

    case: Case
    key: CaseKey | None = field(repr=False)
    card: str = ""
    key_id: bytes | None = None


def _with_told(kept: Kept, told: Mapping[str, datetime]) -> Kept:
    people = replace(people_of(kept.case), told=told)
    return replace(kept, case=replace(kept.case, people=people))


def moment(seconds: int) -> datetime:
    """Return a time that is kept in seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _part(place: int, sender: str) -> str:
    """Return what words are locked to, so that none can be moved, or given to another sender."""
    return f"words {place} {sender}"


def _case(row: CaseRow, people: People | None) -> Case:
    return Case(
        number=row.number,
        office=row.office,
        topic=row.topic,
        lang=cast("Lang", row.lang),
        mode=row.mode,
        state=State(row.state),
        turn=row.turn,
        opened=moment(row.opened),
        since=moment(row.since),
        people=people,
        replied=row.replied,
        reason=Reason(row.reason) if row.reason is not None else None,
        record=Record(row.record),
    )


def _text(people: People) -> str:
    data = {
        "requester": _who_data(people.requester),
        "readers": dict(people.readers),
        "excluded": sorted(people.excluded),
        "recused": sorted(people.recused),
        "claimer": _who_data(people.claimer) if people.claimer is not None else None,
        "holds": people.holds,
        "lifts": people.lifts,
        "opened": people.opened,
        "told": {ident: _seconds(at) for ident, at in people.told.items()},
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _who_data(who: Who) -> list[Any]:
    return [who.platform, who.tenant, who.user, who.name, dict(who.route)]


def _people(text: str) -> People:
    data = json.loads(text)
    claimer = data["claimer"]
    return People(
        requester=Who(*data["requester"]),
        readers=data["readers"],
        excluded=frozenset(data["excluded"]),
        recused=frozenset(data["recused"]),
        claimer=Who(*claimer) if claimer is not None else None,
        holds=tuple(data["holds"]),
        lifts=tuple(data["lifts"]),
        opened=data["opened"],
        told={ident: moment(at) for ident, at in data.get("told", {}).items()},
    )
