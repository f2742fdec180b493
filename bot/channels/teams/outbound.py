"""How is something said in Teams? Patiently, within its rates, and never twice where that harms.

What fails for a reason that passes is tried again, longer apart each time. A card shown twice works
twice, and silence would leave a person alone. The place that a walk has come to is also kept in the
chat, since Teams forgets the answer to a press as soon as the chat is drawn anew; that is worth one
try and no waiting.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from bot.channels.teams.elements import message
from bot.channels.teams.limits import Checked
from bot.channels.teams.pace import CHAT, HOUR, TENANT, Pace
from bot.channels.teams.transport import (
    Chat,
    LimitedError,
    Member,
    Transport,
    TransportError,
    UnreachableError,
)

TRIES: Final = 5
_LONGEST_WAIT: Final = 30.0
_SETTLE: Final = 2.0
"""Seconds after which a place is not kept in the chat any more: by then the person has gone on, and
to draw the card anew would take away what they have ticked."""

_MOMENT: Final = 2.0
"""Seconds for which one attempt waits for the tenant's turn, and no longer."""

_BEHIND: Final = 5.0
"""Seconds until those who wait at a place may be through."""

Sleep = Callable[[float], Awaitable[None]]
_Result = TypeVar("_Result")


class Outbound:
    """Sends what Cairn says to Teams."""

    def __init__(
        self, transport: Transport, clock: Callable[[], float], sleep: Sleep = asyncio.sleep
    ) -> None:
        """Take the port and a monotonic clock."""
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._chats = Pace(CHAT, clock)
        self._hours = Pace(HOUR, clock)
        self._tenants = Pace(TENANT, clock)
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def send(
        self, chat: Chat, card: Checked, summary: str, *, only_for: str | None = None
    ) -> str:
        """Send a card to a chat, for one person only where ``only_for`` names them."""
        activity = message(card, summary)
        return await self._with_patience(
            _place(chat), chat, lambda: self._transport.send(chat, activity, only_for=only_for)
        )

    async def update(self, chat: Chat, activity_id: str, card: Checked, summary: str) -> None:
        """Put another card in place of one of ours."""
        activity = message(card, summary)
        await self._with_patience(
            _place(chat), chat, lambda: self._transport.update(chat, activity_id, activity)
        )

    async def settle(
        self, chat: Chat, activity_id: str, card: Checked, summary: str, since: float
    ) -> None:
        """Keep in the chat what the answer to a press shows; at once, or not at all.

        ``since`` is when the press was answered.
        """
        if self._clock() - since > _SETTLE or self._wait(_place(chat)) > 0:
            return
        if self._tenants.wait(chat.tenant) > 0:
            return
        activity = message(card, summary)
        try:
            async with asyncio.timeout(_SETTLE):
                await self.once(
                    chat, lambda transport: transport.update(chat, activity_id, activity)
                )
        except (TransportError, TimeoutError):
            return  # the answer to the press is what counts

    async def open_personal(self, chat: Chat, user: str) -> Chat:
        """Return a person's own chat with Cairn."""
        # Nothing is said in the chat where we met them, so what is said there holds up nothing.
        return await self._with_patience(
            f"the chat with {user}", chat, lambda: self._transport.open_personal(chat, user)
        )

    async def member(self, chat: Chat, user: str) -> Member:
        """Return what Teams tells of somebody in a chat."""
        return await self._with_patience(
            f"who is in {_place(chat)}", chat, lambda: self._transport.member(chat, user)
        )

    async def once(
        self,
        chat: Chat,
        attempt: Callable[[Transport], Awaitable[_Result]],
        place: str = "",
        within: float = 0.0,
    ) -> _Result:
        """Make one attempt, if one may be made now: whoever calls has the patience.

        ``place`` is what is counted for, where that is not the chat; its turn is waited for if
        it comes ``within`` so many seconds. The tenant's turn is waited for, since that is a
        matter of a moment.

        Raises:
            LimitedError: nothing may be said there now.
            TransportError: and each of the others, as ``transport`` lists them.

        """
        place = place or _place(chat)
        wait, turn = self._wait(place), self._tenants.wait(chat.tenant)
        if wait > within or turn > _MOMENT:
            raise LimitedError(max(wait, turn))
        self._take(place)
        if wait > 0:
            await self._sleep(wait)
        if (wait := self._tenants.take(chat.tenant)) > 0:
            await self._sleep(wait)
        try:
            return await attempt(self._transport)
        except LimitedError as limited:
            self._chats.close(place, limited.wait)
            raise

    def sweep(self) -> None:
        """Forget the chats in which little was said lately."""
        for pace in (self._chats, self._hours, self._tenants):
            pace.sweep()

    def _wait(self, place: str) -> float:
        """Return in how many seconds something may be sent to a place with nobody waiting."""
        if place in self._lines:
            return _BEHIND
        return max(self._chats.wait(place), self._hours.wait(place))

    def _take(self, place: str) -> None:
        self._chats.take(place)
        self._hours.take(place)

    async def _turn(self, place: str, tenant: str) -> None:
        """Wait until something may be sent.

        At one place they wait in a line, and only the first of them waits for the whole tenant: a
        place where too much is said holds up no other.
        """
        line = self._lines.setdefault(place, asyncio.Lock())
        async with line:
            if (wait := max(self._chats.wait(place), self._hours.wait(place))) > 0:
                await self._sleep(wait)
            if (wait := self._tenants.take(tenant)) > 0:
                await self._sleep(wait)
            self._take(place)

    async def _with_patience(
        self, place: str, chat: Chat, attempt: Callable[[], Awaitable[_Result]]
    ) -> _Result:
        for tried in range(1, TRIES + 1):
            await self._turn(place, chat.tenant)
            try:
                return await attempt()
            except LimitedError as limited:
                if tried == TRIES:
                    raise
                self._chats.close(place, limited.wait)
                await self._sleep(limited.wait + random.uniform(0, 0.5))  # noqa: S311 no secret
            except UnreachableError:
                if tried == TRIES:
                    raise
                await self._sleep(min(2.0**tried, _LONGEST_WAIT) * random.uniform(0.5, 1.0))  # noqa: S311
        raise AssertionError


def _place(chat: Chat) -> str:
    """Return what Teams counts as one conversation: a channel with all its threads."""
    return chat.id.partition(";")[0]
