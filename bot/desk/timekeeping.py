"""What does time do? It reminds, hands on, closes and erases; each thing once, whoever runs it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.desk import acts
from bot.desk.archive import Archive
from bot.desk.case import Case, Record, State
from bot.desk.directory import Directory
from bot.desk.hours import NeverOpenError, is_open
from bot.desk.records import (
    CLAIMER,
    DEPUTY,
    HEAD,
    NOTICE,
    TELL,
    THREAD,
    Kept,
    NoCaseError,
    Records,
)
from bot.desk.reminders import Due, Timer, timers
from bot.errors import CaseKeyError
from bot.privacy import OWN
from bot.store import audit, cases, outbox
from bot.store.audit import Chain
from bot.store.outbox import Waiting

_TIMED: Final = (
    State.QUEUED,
    State.ASKING,
    State.OFFERED,
    State.CHECKING,
    State.CLAIMED,
    State.ANSWERED,
    State.RESOLVED,
)
_ERASED: Final = (State.WITHDRAWN, State.FALLBACK, State.CLOSED)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases there are by office and state, what waits to be sent, and the audit chain."""

    cases: Mapping[tuple[str, str], int]
    waiting: Waiting
    chain: Chain


class Timekeeper:
    """Does with cases what is due."""

    def __init__(self, archive: Archive, directory: Directory) -> None:
        self._archive = archive
        self._directory = directory

    async def tick(self) -> int:
        """Do what is due at this moment, and return how many timers that were."""
        async with self._archive.records() as records:
            numbers = await records.in_states(_TIMED)
        return sum([await self._tick(number) for number in numbers])

    async def _tick(self, number: str) -> int:
        async with self._archive.records() as records:
            try:
                kept = await records.load(number)
            except NoCaseError:
                logging.getLogger(OWN).error("%s", CaseKeyError().words.en)  # noqa: TRY400
                return 0
            done = 0
            for due in self._due(kept.case, records.now):
                if not await records.remind_once(kept.case, due.timer):
                    continue
                done += 1
                turn = kept.case.turn
                kept = await self._remind(records, kept, due.timer)
                if kept.case.turn != turn:
                    break  # it is elsewhere now, with timers of its own
            return done

    def _due(self, case: Case, now: datetime) -> list[Due]:
        contact, desk = self._directory.contact(case.office), self._directory.desk_of(case.office)
        within = desk.reply_within if desk is not None else 1
        try:
            found = timers(case, contact, within)
        except NeverOpenError:
            return [Due(Timer.NOBODY, now)] if case.is_waiting else []
        return [due for due in found if due.at <= now] if is_open(contact, now) else []

    async def _remind(self, records: Records, kept: Kept, timer: Timer) -> Kept:
        case, now = kept.case, records.now
        match timer:
            case Timer.AGAIN:
                await records.send(case, THREAD)
            case Timer.DEPUTY:
                await records.send(case, TELL, DEPUTY)
            case Timer.HEAD:
                await records.send(case, TELL, HEAD)
            case Timer.CLAIMER | Timer.RECORD:
                await records.send(case, TELL, CLAIMER)
            case Timer.ASKED | Timer.NUDGE | Timer.LATE:
                await records.send(case, NOTICE)
            case Timer.NOBODY:
                return await records.fall_back(kept)
            case Timer.SILENT:
                kept = replace(kept, case=acts.silence(case, now))
                if kept.case.state is State.FALLBACK:  # nobody is left who could take it
                    await records.send(kept.case, NOTICE)
                return await records.moved_on(kept, "silent")
            case Timer.NO_ANSWER:
                kept = replace(kept, case=acts.no_answer(case, now))
                await records.send(kept.case, NOTICE)
                return await records.moved_on(kept, "no_answer")
            case Timer.LAPSE:
                kept = replace(kept, case=acts.lapse(case, now))
                if kept.case.record is Record.OPEN:
                    await records.send(kept.case, TELL, HEAD)
                return await records.moved_on(kept, "lapse")
        await records.note(case, timer.value, None)
        return kept

    async def purge(self) -> int:
        """Erase what is to be erased at this moment; return how many cases that were."""
        if self._directory.legal_hold:
            return 0
        async with self._archive.records() as records:
            numbers = await records.in_states(_ERASED)
        gone = sum([await self._purge(number) for number in numbers])
        # Also where nothing is to be erased now: while somebody read the last time, it could not.
        await self._archive.leave_nothing()
        return gone

    async def _purge(self, number: str) -> int:
        async with self._archive.records() as records:
            try:
                kept = await records.load(number)
            except NoCaseError:
                return 0
            done = 0
            if kept.key is not None:
                at = acts.erasable(kept.case)
                if at is None or at > records.now:
                    return 0
                kept, done = await records.shred(kept), 1
            if not await records.is_sending(kept.case):
                await records.save(Kept(acts.purged(kept.case), None))
            return done

    async def rekey(self, most: int = 100) -> int:
        """Wrap keys anew by the first of the operator's keys; return how many that were.

        It is done in small transactions, so that it may be stopped at any point and begun again.

        Raises:
            CaseKeyError: the key that a case is wrapped by is not there any more.

        """
        changed = 0
        while True:
            try:
                async with self._archive.records() as records:
                    batch = await records.rewrap(most)
            except NoCaseError:
                raise CaseKeyError from None
            changed += batch
            if not batch:
                await self._archive.leave_nothing()  # of what the former key opens
                return changed

    async def counts(self) -> Counts:
        """Return what an operator may know: counts, never words."""
        async with self._archive.records() as records:
            connection = records.transaction.connection
            return Counts(
                await cases.counts(connection),
                await outbox.waiting(connection),
                await audit.chain(connection),
            )
