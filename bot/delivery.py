"""How does what is in the outbox get out? One thing at a time, until it has arrived or is parked.

What may be done twice is done twice rather than not at all: a card that stands twice works twice,
and the second is put right as soon as it is pressed. What cannot be delivered is parked, and the
log says so; a case that cannot reach its office tells the person, so that nobody waits in vain.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.desk.cards import Cards
from bot.desk.case import MIN_CLAIMERS, Case, People, Record, State
from bot.desk.directory import Directory
from bot.desk.port import Card, Letters, Platform
from bot.desk.posting import Posting
from bot.desk.readers import Audience
from bot.desk.records import (
    CARD,
    CLAIMER,
    DEPUTY,
    HEAD,
    LETTER,
    NOTICE,
    OFFER,
    TELL,
    THREAD,
    Kept,
    NoCaseError,
)
from bot.errors import CairnError
from bot.platforms import GoneError, LaterError, OpenError, Place, PlatformError, RefusedError, Who
from bot.privacy import OWN, where_of
from bot.store.outbox import ToSend

WAITS: Final = (5, 15, 60, 120, 300)
"""Seconds after the first, the second and each later attempt: six within ten minutes at most.

The last is how long an office waits at most once its platform is back.
"""

LONGEST: Final = timedelta(days=1)
"""How long a notice or a card is tried; the offer of a case is tried until the case moves on."""

UNOPENED: Final = timedelta(days=7)
"""How long anything is tried whose case does not open: a key that is missing can be put back."""

_POLL: Final = 5.0
_LAST: Final = 12.0
"""Seconds in which what has been taken is seen through when the process is told to stop."""

_LANES: Final = 4
Sleep = Callable[[float], Awaitable[None]]


class Delivery:
    """Brings what is in the outbox to where it belongs."""

    def __init__(
        self,
        posting: Posting,
        directory: Directory,
        cards: Cards,
        platforms: Mapping[str, Platform],
        letters: Letters | None,
    ) -> None:
        self._posting = posting
        self._directory = directory
        self._cards = cards
        self._platforms = platforms
        self._letters = letters
        self._audience = Audience(platforms, directory)
        self._bell = asyncio.Event()
        self._ways: Mapping[str, Callable[[ToSend, Kept], Awaitable[None]]] = {
            OFFER: self._offer,
            CARD: self._card,
            THREAD: self._thread,
            NOTICE: self._notice,
            TELL: self._tell,
            LETTER: self._letter,
        }

    def ring(self) -> None:
        """Say that there is something new to deliver."""
        self._bell.set()

    async def run(self) -> None:
        """Deliver until cancelled; what has been taken by then is seen through."""
        async with asyncio.TaskGroup() as lanes:
            for _ in range(_LANES):
                lanes.create_task(self._lane())

    async def _lane(self) -> None:
        while True:
            self._bell.clear()
            try:
                while await self._to_its_end():
                    pass
            except CairnError as error:
                logging.getLogger(OWN).error("the store: %s", error.words.en)  # noqa: TRY400
            except Exception as error:  # noqa: BLE001 the next thing must still go
                logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                    "%s in %s", type(error).__name__, where_of(error)
                )
            try:
                async with asyncio.timeout(_POLL):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def _to_its_end(self) -> bool:
        """Deliver one thing; where that is cancelled meanwhile, see it through first.

        A card that was posted and not noted would be posted again, once its time is over.
        """
        thing = asyncio.ensure_future(self.once())
        try:
            return await asyncio.shield(thing)
        finally:
            if not thing.done():
                try:
                    await asyncio.wait([thing], timeout=_LAST)
                finally:
                    thing.cancel()
                    await asyncio.gather(thing, return_exceptions=True)

    async def once(self) -> bool:
        """Deliver one thing; return false where nothing is due."""
        thing = await self._posting.take()
        if thing is None:
            return False
        try:
            kept = await self._posting.opened(thing.number)
            await self._ways[thing.kind](thing, kept)
        except NoCaseError:
            await self._later(thing, "no_case", float(WAITS[-1]), UNOPENED)
        except LaterError as error:
            await self._later(thing, error.code, error.wait)
        except OpenError as error:
            # Whoever looks after the channel can close it again; until then nothing goes there.
            logging.getLogger(OWN).error("an office's channel is not private: %s", error.code)  # noqa: TRY400
            await self._later(thing, error.code, float(WAITS[-1]))
        except PlatformError as error:
            await self._park(thing, error.code)
        return True

    async def _later(
        self, thing: ToSend, code: str, wait: float, longest: timedelta | None = None
    ) -> None:
        at_least = WAITS[min(thing.tries, len(WAITS)) - 1]
        if thing.tries == len(WAITS):
            logging.getLogger(OWN).warning("a %s is not delivered yet: %s", thing.kind, code)
        if longest is None and thing.kind not in (OFFER, LETTER):
            longest = LONGEST
        pause = timedelta(seconds=max(wait, at_least))
        if not await self._posting.sent_later(thing, pause, longest):
            await self._park(thing, code)

    async def _park(self, thing: ToSend, code: str) -> None:
        logging.getLogger(OWN).error("a %s could not be delivered: %s", thing.kind, code)
        await self._posting.set_aside(thing)
        self.ring()

    # -- each kind

    async def _offer(self, thing: ToSend, kept: Kept) -> None:
        case = kept.case
        place, platform = self._at(case.office)
        _must_be_in_time(case)
        if case.state is not State.QUEUED or case.people is None:
            await self._posting.sent(thing)  # it was taken back meanwhile
            return
        now = await self._audience.of(case.office)
        if set(now) - set(case.people.readers):
            await self._posting.ask_again(thing)
        elif len(_left(case.people, now)) < MIN_CLAIMERS:
            raise RefusedError("too_few_readers")
        else:
            shown = self._cards.office(replace(case, state=State.OFFERED))
            await self._posting.offered(thing, await platform.post(place, shown))

    async def _card(self, thing: ToSend, kept: Kept) -> None:
        if not kept.card:
            await self._posting.sent(thing)
            return
        place, platform = self._at(kept.case.office)
        if thing.detail and thing.detail != kept.card:
            with suppress(GoneError):  # so much the better
                await platform.update(place, thing.detail, self._cards.elsewhere(kept.case))
        else:
            shown = self._cards.office(kept.case)
            try:
                await platform.update(place, kept.card, shown)
            except GoneError:
                if kept.case.is_open:
                    await self._audience.of(kept.case.office)  # a new one only where it is private
                    await self._posting.moved(thing, await platform.post(place, shown))
                    return
        await self._posting.sent(thing)

    async def _thread(self, thing: ToSend, kept: Kept) -> None:
        if kept.card and kept.case.state is State.OFFERED:
            place, platform = self._at(kept.case.office)
            await self._audience.of(kept.case.office)  # nothing new where it is not private
            with suppress(GoneError):  # then the deputy is told later
                await platform.remind(place, kept.card, self._cards.again(kept.case))
        await self._posting.sent(thing)

    async def _notice(self, thing: ToSend, kept: Kept) -> None:
        if kept.case.people is not None:
            await self._write(kept.case.people.requester, self._cards.notice(kept.case))
        await self._posting.sent(thing)

    async def _tell(self, thing: ToSend, kept: Kept) -> None:
        who = await self._told(kept.case, thing.detail)
        if who is not None:
            await self._write(who, self._cards.waiting(kept.case))
        await self._posting.sent(thing)

    async def _told(self, case: Case, part: str) -> Who | None:
        """Return who is to be told of a case; nothing where it moved on, or nobody may hear of it.

        Of a case hears only who is in the office's channel at this moment. Where the claimer is
        not any more, the head is told instead, who can hand it to somebody else.

        Raises:
            RefusedError: the claimer is not there any more, nor a head who could take their place.

        """
        if case.people is None:
            return None
        if part != CLAIMER:
            waits = _waits_for(case, part)
            return await self._there(case, self._part(case, part)) if waits else None
        if case.people.claimer is None:
            return None
        who = await self._there(case, case.people.claimer)
        if who is not None or case.state is State.CHECKING:
            return who  # who does not say that they have no conflict loses it within an hour
        who = await self._there(case, self._part(case, HEAD))
        if who is None:
            raise RefusedError("claimer_left")
        return who

    def _part(self, case: Case, part: str) -> Who | None:
        """Return the deputy or the head, if they are to know of it and the person knows of them."""
        who = self._directory.special(case.office, part)
        claimers = case.people.claimers if case.people is not None else frozenset()
        return who if who is not None and who.id in claimers else None

    async def _there(self, case: Case, who: Who | None) -> Who | None:
        """Return somebody if they are in the office's channel at this moment."""
        is_there = who is not None and await self._audience.has(case.office, who)
        return who if is_there else None

    async def _letter(self, thing: ToSend, kept: Kept) -> None:
        case = kept.case
        _must_be_in_time(case)
        if case.state is not State.QUEUED or case.people is None:
            await self._posting.sent(thing)
            return
        address = self._directory.contact(case.office).email
        if self._letters is None or address is None:
            raise RefusedError("no_mail")
        reach = await self._posting.words(case.number)
        subject, text = self._cards.letter(case, case.people.requester.name, reach)
        await self._letters.send(address, subject, text, case.number)
        await self._posting.mailed(thing)

    # -- parts of them

    def _at(self, office: str) -> tuple[Place, Platform]:
        place = self._directory.place(office)
        platform = self._platforms.get(place.platform) if place is not None else None
        if place is None or platform is None:
            raise RefusedError("no_place")
        return place, platform

    async def _write(self, who: Who, card: Card) -> None:
        platform = self._platforms.get(who.platform)
        if platform is None:
            raise RefusedError("platform_off")
        await platform.tell(who, card)


def _must_be_in_time(case: Case) -> None:
    """See to it that an operator hears of a case which did not reach its office.

    Raises:
        RefusedError: time has decided, and the person was told.

    """
    if case.state is State.FALLBACK:
        raise RefusedError("too_late")


def _waits_for(case: Case, part: str) -> bool:
    """Tell whether there is still something for the deputy or the head to step into."""
    if part == DEPUTY:
        return case.state is State.OFFERED
    closed = case.state is State.CLOSED and case.record is Record.OPEN
    return case.state is State.CLAIMED or closed


def _left(people: People, now: Mapping[str, str]) -> frozenset[str]:
    return people.claimers & frozenset(now)
