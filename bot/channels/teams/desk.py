"""How does the desk reach an office and a person in Teams? One attempt a call, within the rates.

A channel or a group chat is named by its id, and said to be reached at the address of its service.
Everybody in it must be one of the tenant's own people. A card posted there holds no word of a
case; its buttons open a dialog.
"""

from __future__ import annotations

from bot.channels.teams import limits
from bot.channels.teams.elements import message
from bot.channels.teams.forms import chat_card
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.places import SOON, chat_at, is_channel, told, write_below
from bot.channels.teams.roster import BOT, stranger
from bot.channels.teams.transport import Activity, Chat
from bot.desk.port import Card, Reader
from bot.platforms import OpenError, Place, RefusedError, Who


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
        chat = chat_at(place, self._bot)
        async with told():
            members = await self._outbound.once(
                chat,
                lambda transport: transport.members(chat),
                f"who is in {chat.id}",
                within=SOON,
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
        return await self._send(chat_at(place, self._bot), card)

    async def update(self, place: Place, ref: str, card: Card) -> None:
        """Put another card in place of one of ours."""
        chat, activity = chat_at(place, self._bot), _activity(card)
        async with told(known=True):
            await self._outbound.once(chat, lambda transport: transport.update(chat, ref, activity))

    async def remind(self, place: Place, ref: str, line: str) -> None:
        """Write a line into the thread of a card; in a group chat, which has none, below it."""
        async with told(known=is_channel(place)):
            await write_below(self._outbound, place, self._bot, ref, line)

    async def tell(self, who: Who, card: Card) -> None:
        """Write a card in somebody's own chat, which is opened where it was not seen.

        ``who.route`` holds ``service``, and may hold ``bot``, ``chat`` and ``id``, as they were
        seen. Without a chat or an id their id in the directory leads to them, if they have Cairn.
        """
        seen = who.route
        service, own = seen.get("service", ""), seen.get("chat")
        chat = Chat(service, own or "", who.tenant, seen.get("bot") or self._bot)
        async with told():
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
        async with told():
            return await self._outbound.once(chat, lambda transport: transport.send(chat, activity))


def _activity(card: Card) -> Activity:
    try:
        return message(chat_card(card), card.summary)
    except limits.TooLargeError:
        raise RefusedError("too_large") from None
