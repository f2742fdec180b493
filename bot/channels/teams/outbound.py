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

    async def send(
        self, chat: Chat, card: Checked, summary: str, *, only_for: str | None = None
    ) -> str:
        """Send a card to a chat, for one person only where ``only_for`` names them."""
        activity = message(card, summary)
        return await self._with_patience(
            chat, lambda: self._transport.send(chat, activity, only_for=only_for)
        )

    async def update(self, chat: Chat, activity_id: str, card: Checked, summary: str) -> None:
        """Put another card in place of one of ours."""
        activity = message(card, summary)
        await self._with_patience(chat, lambda: self._transport.update(chat, activity_id, activity))

    async def settle(
        self, chat: Chat, activity_id: str, card: Checked, summary: str, since: float
    ) -> None:
        """Keep in the chat what the answer to a press shows; at once, or not at all.

        ``since`` is when the press was answered.
        """
        if self._clock() - since > _SETTLE or not self._may_send(chat):
            return
        self._take(chat)
        try:
            async with asyncio.timeout(_SETTLE):
                await self._transport.update(chat, activity_id, message(card, summary))
        except LimitedError as limited:
            self._chats.close(chat.id, limited.wait)
        except (TransportError, TimeoutError):
            return  # the answer to the press is what counts

    async def open_personal(self, chat: Chat, user: str) -> Chat:
        """Return a person's own chat with Cairn."""
        return await self._with_patience(chat, lambda: self._transport.open_personal(chat, user))

    async def member(self, chat: Chat, user: str) -> Member:
        """Return what Teams tells of somebody in a chat."""
        return await self._with_patience(chat, lambda: self._transport.member(chat, user))

    def sweep(self) -> None:
        """Forget the chats in which little was said lately."""
        for pace in (self._chats, self._hours, self._tenants):
            pace.sweep()

    def _may_send(self, chat: Chat) -> bool:
        name, tenant = chat.id, chat.tenant
        return self._chats.has(name) and self._hours.has(name) and self._tenants.has(tenant)

    def _take(self, chat: Chat) -> float:
        within = (self._chats.take(chat.id), self._hours.take(chat.id))
        return max(*within, self._tenants.take(chat.tenant))

    async def _with_patience(
        self, chat: Chat, attempt: Callable[[], Awaitable[_Result]]
    ) -> _Result:
        for tried in range(1, TRIES + 1):
            if (wait := self._take(chat)) > 0:
                await self._sleep(wait)
            try:
                return await attempt()
            except LimitedError as limited:
                if tried == TRIES:
                    raise
                self._chats.close(chat.id, limited.wait)
                await self._sleep(limited.wait + random.uniform(0, 0.5))  # noqa: S311 no secret
            except UnreachableError:
                if tried == TRIES:
                    raise
                await self._sleep(min(2.0**tried, _LONGEST_WAIT) * random.uniform(0.5, 1.0))  # noqa: S311
        raise AssertionError
