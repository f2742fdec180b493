"""How does the desk reach an office and a person in Teams? One attempt a call, within the rates.

A channel or a group chat is named by its id, and said to be reached at the address of its service.
Everybody in it must be one of the tenant's own people. A card posted there holds no word of a
case; its buttons open a dialog.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bot import platforms
from bot.channels.teams import limits
from bot.channels.teams.elements import message
from bot.channels.teams.forms import chat_card
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.roster import BOT, stranger
from bot.channels.teams.transport import (
    Activity,
    BlockedError,
    Chat,
    CrowdedError,
    ForeignHostError,
    GoneError,
    LimitedError,
    TooLargeError,
    TransportError,
    UnreachableError,
)
from bot.desk.port import Card, Reader
from bot.platforms import LaterError, OpenError, Place, RefusedError, Who

_WITHIN: Final = 10.0
"""Seconds that a call may take, whatever it is made of."""

_SOON: Final = 1.5
"""Seconds that somebody in front of a dialog waits until it may be asked again who is in a chat."""

_UNSIGNED: Final = 60.0
"""Seconds until a call without a token that Teams takes is worth another attempt: an operator
must see to it."""

_CHANNELS: Final = ("@thread.tacv2", "@thread.skype")
"""How the ids of channels end, which have threads; group chats have none."""


class TeamsDesk:
    """Teams as the desk sees it."""

    def __init__(self, outbound: Outbound, bot: str) -> None:
        """Take what sends, and who Cairn is in every chat: ``28:`` and the id of the app.

        Without an app, on this machine only, that is empty, and said to nobody.
        """
        self._outbound = outbound
        self._bot = bot

    async def readers(self, place: Place) -> tuple[Reader, ...]:
        """Return the people of a channel or a group chat, without programs, by their names.

        Raises:
            OpenError: somebody in it is a guest, of another tenant, or not known well enough, or
                there are too many to be an office.
            PlatformError: and each of the others.

        """
        chat = self._chat(place)
        async with _told_to_the_desk():
            members = await self._outbound.once(
                chat,
                lambda transport: transport.members(chat),
                f"who is in {chat.id}",
                within=_SOON,
            )
        found = []
        for member in members:
            if member.user.startswith(BOT):
                continue
            if (why := stranger(member, place.tenant)) is not None:
                raise OpenError(why)
            found.append(Reader((member.aad or "").lower(), member.name or ""))
        return tuple(sorted(found, key=lambda reader: (reader.name.casefold(), reader.user)))

    async def post(self, place: Place, card: Card) -> str:
        """Post a card as the beginning of a thread; return its id."""
        return await self._send(self._chat(place), card)

    async def update(self, place: Place, ref: str, card: Card) -> None:
        """Put another card in place of one of ours."""
        chat, activity = self._chat(place), _activity(card)
        async with _told_to_the_desk(known=True):
            await self._outbound.once(chat, lambda transport: transport.update(chat, ref, activity))

    async def remind(self, place: Place, ref: str, line: str) -> None:
        """Write a line into the thread of a card; in a group chat, which has none, below it."""
        in_thread = place.channel.endswith(_CHANNELS)
        chat = self._chat(place, f";messageid={ref}" if in_thread else "")
        activity = {"type": "message", "text": line, "textFormat": "plain"}
        async with _told_to_the_desk(known=in_thread):
            await self._outbound.once(chat, lambda transport: transport.send(chat, activity))

    async def tell(self, who: Who, card: Card) -> None:
        """Write a card in somebody's own chat, which is opened where it was not seen.

        ``who.route`` holds ``service``, and may hold ``bot``, ``chat`` and ``id``, as they were
        seen. Without a chat or an id their id in the directory leads to them, if they have Cairn.
        """
        seen = who.route
        service, own = seen.get("service", ""), seen.get("chat")
        chat = Chat(service, own or "", who.tenant, seen.get("bot") or self._bot)
        async with _told_to_the_desk():
            if not own:
                user, met = seen.get("id") or who.user, chat
                chat = await self._outbound.once(
                    met,
                    lambda transport: transport.open_personal(met, user),
                    f"the chat with {user}",
                )
            await self._send(chat, card)

    async def _send(self, chat: Chat, card: Card) -> str:
        activity = _activity(card)
        async with _told_to_the_desk():
            return await self._outbound.once(chat, lambda transport: transport.send(chat, activity))

    def _chat(self, place: Place, thread: str = "") -> Chat:
        return Chat(place.service, place.channel + thread, place.tenant, self._bot)


def _activity(card: Card) -> Activity:
    try:
        return message(chat_card(card), card.summary)
    except limits.TooLargeError:
        raise RefusedError("too_large") from None


@asynccontextmanager
async def _told_to_the_desk(*, known: bool = False) -> AsyncIterator[None]:
    """Raise what goes wrong as the desk knows it; ``known`` is about a card that was there.

    Raises:
        LaterError: it took too long, too much was sent, Teams did not answer or took no token.
        GoneError: the card is gone.
        OpenError: more people are there than are counted.
        RefusedError: everything else.

    """
    try:
        async with asyncio.timeout(_WITHIN):
            yield
    except TimeoutError:
        raise LaterError("late") from None
    except LimitedError as error:
        raise LaterError(error.code, error.wait) from None
    except UnreachableError as error:
        raise LaterError(error.code) from None
    except GoneError as error:
        raise (platforms.GoneError if known else RefusedError)(error.code) from None
    except CrowdedError as error:
        raise OpenError(error.code) from None
    except (BlockedError, ForeignHostError, TooLargeError) as error:
        raise RefusedError(error.code) from None
    except TransportError as error:
        if error.code == "unauthorized_outbound" or error.code.startswith("login_"):
            raise LaterError(error.code, _UNSIGNED) from None
        raise RefusedError(error.code) from None
