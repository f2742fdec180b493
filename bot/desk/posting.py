"""What is to be sent next, and what does it change when it has arrived?

Whoever delivers takes one thing at a time, and tells here what became of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from bot.desk import acts
from bot.desk.archive import Archive
from bot.desk.case import Case, State
from bot.desk.records import (
    CARD,
    LETTER,
    NOTICE,
    OFFER,
    TELL,
    Kept,
    NoCaseError,
    moment,
)
from bot.store import outbox
from bot.store.outbox import ToSend


class Posting:
    """What the outbox holds, and what delivery finds out."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def take(self) -> ToSend | None:
        """Take the next thing to be sent, if one is due."""
        async with self._archive.transaction() as transaction:
            return await outbox.take(transaction.connection, int(transaction.now.timestamp()))

    async def sent(self, thing: ToSend) -> None:
        """Note that something was sent."""
        async with self._archive.transaction() as transaction:
            await outbox.done(transaction.connection, thing.id)

    async def sent_later(self, thing: ToSend, wait: timedelta, longest: timedelta | None) -> bool:
        """Have something tried again, not before so long has passed, a quarter of an hour at most.

        Return false, and leave it as it is, where it has waited for longer than ``longest``.
        """
        async with self._archive.transaction() as transaction:
            if longest is not None and transaction.now - moment(thing.made) > longest:
                return False
            wait = min(wait, timedelta(seconds=outbox.FARTHEST - outbox.CLOCKS))
            due = math.ceil((transaction.now + wait).timestamp())
            await outbox.later(transaction.connection, thing.id, due)
            return True

    async def set_aside(self, thing: ToSend) -> None:
        """Set aside what cannot be sent; where the office cannot be reached, the person is told.

        Whoever did not get a notice is told of the next thing, however soon it comes.
        """
        async with self._archive.records() as records:
            await outbox.park(records.transaction.connection, thing.id)
            with suppress(NoCaseError):  # what cannot be opened cannot be moved on either
                kept = await records.load(thing.number)
                people = kept.case.people
                if thing.kind in (OFFER, LETTER) and kept.case.state is State.QUEUED:
                    await records.fall_back(kept)
                elif thing.kind == NOTICE and people is not None:
                    await records.tell_next(kept, people.requester)
                elif thing.kind == TELL and people is not None and people.claimer is not None:
                    await records.tell_next(kept, people.claimer)

    async def opened(self, number: str) -> Kept:
        """Return a case as delivery needs it: whom it names, and what its card is called."""
        async with self._archive.records() as records:
            return await records.load(number)

    async def words(self, number: str) -> str:
        """Return how the person can be reached, for the letter that introduces them."""
        async with self._archive.records() as records:
            found = await records.words(await records.load(number))
            return found[0].text if found else ""

    async def offered(self, thing: ToSend, card: str) -> None:
        """Note that the office has got its card, and what it is called there."""
        await self._delivered(thing, card, acts.offered, "offer")

    async def mailed(self, thing: ToSend) -> None:
        """Note that the office has got the letter."""
        await self._delivered(thing, "", acts.delivered, "letter")

    async def _delivered(
        self, thing: ToSend, card: str, change: Callable[[Case, datetime], Case], act: str
    ) -> None:
        async with self._archive.records() as records:
            await outbox.done(records.transaction.connection, thing.id)
            kept = replace(await records.load(thing.number), card=card)
            if kept.case.state is State.QUEUED:
                kept = replace(kept, case=change(kept.case, records.now))
                await records.note(kept.case, act, None)
            else:
                # It was withdrawn, or fell back, while it was being posted.
                await records.send(kept.case, CARD)
            await records.save(kept)

    async def ask_again(self, thing: ToSend) -> None:
        """Ask the person again, since more people read the channel than they agreed to."""
        async with self._archive.records() as records:
            await outbox.done(records.transaction.connection, thing.id)
            kept = await records.load(thing.number)
            if kept.case.state is State.QUEUED:
                kept = replace(kept, case=acts.ask_again(kept.case, records.now))
                await records.save(kept)
                await records.send(kept.case, NOTICE)
                await records.note(kept.case, "ask_again", None)

    async def moved(self, thing: ToSend, card: str) -> None:
        """Note that a card was posted anew, since the one before is gone."""
        async with self._archive.records() as records:
            await outbox.done(records.transaction.connection, thing.id)
            await records.save(replace(await records.load(thing.number), card=card))
