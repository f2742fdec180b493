"""What does an act do to a kept case? State, words, audit and what is to be sent, all in one.

Nothing here speaks to a platform. Each act is one transaction: it is kept wholly, with its rows in
the outbox, or it has not happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bot.desk import acts
from bot.desk.archive import Archive
from bot.desk.case import (
    MIN_CLAIMERS,
    OPEN,
    Case,
    NotAllowedError,
    People,
    Reason,
    Record,
    State,
    Why,
    people_of,
)
from bot.desk.directory import Directory
from bot.desk.records import (
    CARD,
    CLAIMER,
    LETTER,
    NOTICE,
    OFFER,
    OFFICE,
    PERSON,
    TELL,
    Kept,
    Records,
    Words,
)
from bot.guidance.words import Lang
from bot.platforms import Who
from bot.store import StoreError
from bot.store.tables import LONGEST_DETAIL

MOST_OPEN: Final = 3
MOST_A_DAY: Final = 5
"""How many cases one person may have open, and may open within a day."""

Change = Callable[[Case, datetime], Case]


class TooManyError(Exception):
    """Somebody has as many cases as one person may have."""


class TooFewError(Exception):
    """Fewer than two could claim the case, so it would not be looked at with care."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What a person saw and agreed to when they pressed Send.

    ``number`` was made when they saw it, so that a second press is the same case. ``readers`` are
    names by id; ``excluded`` those of them who are not to see it. ``text`` is what goes, letter by
    letter; in an introduction it is how the person can be reached.
    """

    number: str
    office: str
    topic: str
    lang: Lang
    mode: str
    who: Who = field(repr=False)
    readers: Mapping[str, str] = field(repr=False)
    excluded: frozenset[str] = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Read:
    """A case that somebody may read, with its words."""

    case: Case
    words: tuple[Words, ...] = field(repr=False)


class Desk:
    """The cases of an organization.

    What somebody does to a case is done once where the same ``once`` comes again with it, a
    ``Press.once``; without one it is done each time.
    """

    def __init__(self, archive: Archive, directory: Directory) -> None:
        self._archive = archive
        self._directory = directory

    # -- the person

    async def open(self, sending: Sending) -> Case:
        """Open a case, or return the one that the same press has opened already.

        Raises:
            NotAllowedError: the same press has opened one with other words, or it is erased.
            TooManyError: the person has as many cases as one may have.
            TooFewError: fewer than two people could claim it.
            StoreError: the database did not keep it.

        """
        async with self._archive.records() as records:
            if await records.exists(sending.number):
                found = await records.load(sending.number)
                acts.must_be_own(found.case, sending.who)
                acts.may_read(found.case, sending.who)
                if (await records.words(found))[0].text != sending.text:
                    raise NotAllowedError(Why.ALREADY)
                return found.case
            await self._limit(records, sending.who)
            now = records.now
            people = People(sending.who, dict(sending.readers), sending.excluded)
            by_letter = self._directory.place(sending.office) is None
            if not by_letter and len(people.claimers) < MIN_CLAIMERS:
                raise TooFewError
            case = Case(
                number=sending.number,
                office=sending.office,
                topic=sending.topic,
                lang=sending.lang,
                mode=sending.mode,
                state=State.QUEUED,
                turn=0,
                opened=now,
                since=now,
                people=people,
            )
            kept = await records.add(case)
            await records.write(kept, PERSON, sending.text, first=True)
            await records.send(case, LETTER if by_letter else OFFER)
            await records.note(case, "open", sending.who)
            return case

    async def _limit(self, records: Records, who: Who) -> None:
        theirs = await records.opened_by(who)
        since = records.now - timedelta(days=1)
        if sum(state in OPEN for state, _ in theirs) >= MOST_OPEN:
            raise TooManyError
        # Also what was taken back counts, or somebody could fill the channel of an office with it.
        if await records.sent_since(who, since) >= MOST_A_DAY:
            raise TooManyError

    def goes_by_mail(self, office: str) -> bool:
        """Whether an office is reached by e-mail, and so by an introduction only."""
        return self._directory.place(office) is None

    async def own(self, who: Who) -> tuple[Case, ...]:
        """Return the cases that somebody opened and that are not erased, newest first."""
        async with self._archive.records() as records:
            return tuple(kept.case for kept in await records.owned(who))

    async def withdraw(self, number: str, by: Who) -> Case:
        """Take a case back; unless it must be kept, its key is destroyed at once.

        What is erased names nobody any more.
        """
        async with self._archive.records() as records:
            kept = await records.load(number)
            kept = replace(kept, case=acts.withdraw(kept.case, by, records.now))
            await records.note(kept.case, "withdraw", by)
            if kept.card:
                await records.send(kept.case, CARD)
            if self.must_keep(kept.case):
                await records.save(kept)
            else:
                kept = await records.shred(kept)
            case = kept.case
        with suppress(StoreError):  # it is taken back all the same, and each purge tries this again
            await self._archive.leave_nothing()
        return case

    def must_keep(self, case: Case) -> bool:
        """Whether nothing of a case may be erased for now."""
        return case.is_held or self._directory.legal_hold

    async def agree(
        self,
        number: str,
        by: Who,
        readers: Mapping[str, str],
        excluded: frozenset[str] = frozenset(),
        once: str = "",
    ) -> Case:
        """Have the person agree to those who read the office's channel now, less the excluded."""

        def change(case: Case, now: datetime) -> Case:
            return acts.agree(case, by, readers, excluded, now)

        return await self._act(number, by, "agree", change, (OFFER, ""), once=once)

    async def answer(self, number: str, by: Who, text: str, once: str = "") -> Case:
        """Keep what the person writes to the office."""

        def change(case: Case, now: datetime) -> Case:
            return acts.answer(case, by, now)

        told = ((CARD, ""), (TELL, CLAIMER))
        return await self._act(number, by, "answer", change, *told, words=(PERSON, text), once=once)

    # -- the office

    async def claim(self, number: str, by: Who, once: str = "") -> Case:
        """Claim a case; of several who do so at once, exactly one has it."""
        return await self._act(
            number, by, "claim", lambda case, now: acts.claim(case, by, now), (CARD, ""), once=once
        )

    async def clear(self, number: str, by: Who, once: str = "") -> Case:
        """Say that one has no conflict; from here on the case opens."""
        return await self._act(
            number, by, "clear", lambda case, now: acts.clear(case, by, now), (CARD, ""), once=once
        )

    async def recuse(self, number: str, by: Who, once: str = "") -> Case:
        """Say that one should not see a case."""
        return await self._act(
            number,
            by,
            "recuse",
            lambda case, now: acts.recuse(case, by, now),
            (CARD, ""),
            once=once,
        )

    async def hand_over(self, number: str, by: Who, to: Who | None, once: str = "") -> Case:
        """Hand a case to another reader, or back to the office."""
        told = ((CARD, ""), (TELL, CLAIMER)) if to is not None else ((CARD, ""),)

        def change(case: Case, now: datetime) -> Case:
            return acts.hand_over(case, by, self._directory.roles(case.office), to, now)

        return await self._act(number, by, "hand_over", change, *told, once=once)

    async def reply(self, number: str, by: Who, text: str, once: str = "") -> Case:
        """Send the person an answer of the office."""
        return await self._act(
            number,
            by,
            "reply",
            lambda case, now: acts.reply(case, by, now),
            (CARD, ""),
            (NOTICE, ""),
            words=(OFFICE, text),
            once=once,
        )

    async def resolve(self, number: str, by: Who, reason: Reason, once: str = "") -> Case:
        """Say that there is nothing left to do."""
        return await self._act(
            number,
            by,
            "resolve",
            lambda case, now: acts.resolve(case, by, reason, now),
            (CARD, ""),
            (NOTICE, ""),
            once=once,
        )

    async def close(self, number: str, by: Who, once: str = "") -> Case:
        """Close what is resolved."""

        def change(case: Case, now: datetime) -> Case:
            return acts.close(case, by, self._directory.roles(case.office), now)

        return await self._act(number, by, "close", change, (CARD, ""), once=once)

    async def reopen(self, number: str, by: Who, once: str = "") -> Case:
        """Open again what was resolved; the other side is told."""

        def change(case: Case, now: datetime) -> Case:
            return acts.reopen(case, by, self._directory.roles(case.office), now)

        return await self._act(
            number, by, "reopen", change, (CARD, ""), (TELL, CLAIMER), (NOTICE, ""), once=once
        )

    async def keep(self, number: str, by: Who, record: Record, once: str = "") -> Case:
        """Say what became of the office's own record."""

        def change(case: Case, _: datetime) -> Case:
            return acts.keep(case, by, self._directory.roles(case.office), record)

        return await self._act(number, by, "keep", change, once=once)

    async def hold(self, number: str, by: Who, once: str = "") -> Case:
        """Ask that nothing of a case be erased; two must ask."""
        return await self._act(
            number,
            by,
            "hold",
            lambda case, _: acts.hold(case, by, self._directory.roles(case.office)),
            once=once,
        )

    async def lift(self, number: str, by: Who, once: str = "") -> Case:
        """Ask that a held case be erased in its time; two must ask."""
        return await self._act(
            number,
            by,
            "lift",
            lambda case, _: acts.lift(case, by, self._directory.roles(case.office)),
            once=once,
        )

    async def look(self, number: str) -> Case:
        """Return a case without its words.

        Raises:
            NoCaseError: there is none of that number.

        """
        async with self._archive.records() as records:
            return (await records.load(number)).case

    async def pressed(self, number: str, card: str, by: Who) -> None:
        """Have a card put right that a reader pressed and that is not the one that we know of.

        There are two where somebody died between posting the first and noting it.
        """
        async with self._archive.records() as records:
            kept = await records.load(number)
            readers = kept.case.people.readers if kept.case.people is not None else {}
            # A longer name, which no platform has been seen to give, finds no room in the outbox.
            there_is_room = len(card) <= LONGEST_DETAIL
            if by.id in readers and kept.card and kept.card != card and there_is_room:
                await records.send(kept.case, CARD, card)

    async def read(self, number: str, by: Who) -> Read:
        """Return a case with its words, to whoever may read it; each reading is written down.

        Raises:
            NotAllowedError: they may not, or not yet.
            NoCaseError: there is none of that number, or it is erased.

        """
        async with self._archive.records() as records:
            kept = await records.load(number)
            acts.may_read(kept.case, by)
            if by.id != people_of(kept.case).requester.id:
                await records.note(kept.case, "read", by)
            await records.tell_next(kept, by)
            return Read(kept.case, tuple(await records.words(kept)))

    async def read_own(self, number: str, by: Who) -> Read:
        """Return a case with its words to whoever sent it, and to nobody else.

        Raises:
            NotAllowedError: it is somebody else's, or erased.
            NoCaseError: there is none of that number.

        """
        async with self._archive.records() as records:
            kept = await records.load(number)
            acts.must_be_own(kept.case, by)
            acts.may_read(kept.case, by)
            await records.tell_next(kept, by)
            return Read(kept.case, tuple(await records.words(kept)))

    async def refused(self, number: str, by: Who) -> None:
        """Write down, once for each, that somebody tried what is not open to them."""
        async with self._archive.records() as records:
            kept = await records.load(number)
            if kept.case.people is not None and not await records.was_noted(
                kept.case, "refused", by
            ):
                await records.note(kept.case, "refused", by)

    async def _act(
        self,
        number: str,
        by: Who,
        act: str,
        change: Change,
        *told: tuple[str, str],
        words: tuple[str, str] | None = None,
        once: str = "",
    ) -> Case:
        """Change a case, keep what was written, and have others told; all of it or nothing.

        The same words once more from the same side, where nothing has happened since, are the same
        press, which may come twice; and so is the same request once more, by ``once``, whatever
        has happened since.
        """
        async with self._archive.records() as records:
            kept = await records.load(number)
            before = kept.case
            if once and not await records.first_time(by, f"{act} {number} {once}"):
                return before
            kept = replace(kept, case=change(before, records.now))
            if words is not None:
                last = (await records.words(kept))[-1]
                moved_on = before.state is State.RESOLVED or last.at < before.since
                if (last.sender, last.text) == words and not moved_on:
                    return before
                await records.write(kept, *words)
            for kind, detail in told:
                kept = await self._tell(records, kept, kind, detail, by)
            await records.save(kept)
            await records.note(kept.case, act, by)
            if kept.case.state is State.FALLBACK is not before.state:
                await records.send(kept.case, NOTICE)
            return kept.case

    @staticmethod
    async def _tell(records: Records, kept: Kept, kind: str, detail: str, by: Who) -> Kept:
        """Have others told, if there are any, and where there is something that can be shown.

        Nobody is told of what they have done themselves.
        """
        if kind not in (NOTICE, TELL):
            if kind != CARD or kept.card:
                await records.send(kept.case, kind, detail)
            return kept
        people = people_of(kept.case)
        who = people.requester if kind == NOTICE else people.claimer
        if who is None or who.id == by.id:
            return kept
        return await records.tell(kept, who, kind, detail)
