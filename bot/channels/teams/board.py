"""How do pinned summaries stand in Teams? As cards of a channel or of a group chat.

A card that all see opens a dialog for whoever presses it, and never changes by that. Teams lets no
program pin in a channel; in a chat it does where the tenant granted it. Guests of the tenant may
read a summary, since somebody let them into that very team; people of other tenants, who are met in
shared channels and in some chats, may not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote

from bot.channels.memory import Memory
from bot.channels.pinned import mark, neutral, pinned, sources, starts
from bot.channels.teams import elements, limits
from bot.channels.teams.elements import Element
from bot.channels.teams.graph import Graph
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.pen import PEN
from bot.channels.teams.places import SOON, chat_at, is_channel, is_group, told, write_below
from bot.channels.teams.roster import BOT
from bot.channels.teams.surfaces import chat_link, in_rows
from bot.channels.teams.transport import (
    BlockedError,
    Chat,
    CrowdedError,
    GoneError,
    Transport,
)
from bot.conversation import Reply
from bot.pins.port import Drawn, Held, Room
from bot.platforms import Place, RefusedError, Who

_MESSAGE: Final = "https://teams.microsoft.com/l/message"
_IN_A_CHAT: Final = quote('{"contextType":"chat"}', safe="")
_NOT_IN_IT: Final = "BotNotInConversationRoster"
"""Says that Cairn was removed. For any other word Teams may let it in again: an administrator
switched it off, or the channel takes no messages for now."""

_LINE: Final = {"separator": True, "spacing": "ExtraLarge"}
_OF_THE_TEAM: Final = frozenset({"standard", "private"})
"""The sorts of channels that nobody but people of their team reads, its guests included."""


class TeamsBoard:
    """Teams as pins see it."""

    spacing = 0.2
    """Five calls a second: of the 25 that Cairn sends to a tenant, people have 20 left."""

    def __init__(
        self, outbound: Outbound, bot: str, graph: Graph | None, clock: Callable[[], float]
    ) -> None:
        """Take what sends, who Cairn is in every chat, what pins, and a monotonic clock.

        Without ``graph`` nothing is pinned. ``bot`` is empty on this machine only.
        """
        self._outbound = outbound
        self._bot = bot
        self._graph = graph
        self._teams: Memory[str] = Memory(clock)

    def met(self, channel: str, team: str) -> None:
        """Remember for half an hour to which team a channel belongs: only activities tell it."""
        self._teams.keep((channel,), team)

    def sweep(self) -> None:
        """Drop what is older than half an hour."""
        self._teams.sweep()

    # -- who reads there

    async def room(self, place: Place) -> Room:
        """Return whether a summary may stand in a place; ``OPEN`` only where that is certain."""
        if not (is_channel(place) or is_group(place)):
            return Room.PERSONAL
        async with told():
            try:
                return await self._room(place, chat_at(place, self._bot))
            except (BlockedError, GoneError):
                return Room.ABSENT

    async def _room(self, place: Place, chat: Chat) -> Room:
        sort = await self._sort(chat)
        if sort is not None:
            # A roster may leave out those who read a shared channel with a team of theirs.
            return Room.OPEN if sort in _OF_THE_TEAM else Room.SHARED
        try:
            members = await self._outbound.once(
                chat, lambda transport: transport.members(chat), f"who is in {chat.id}", within=SOON
            )
        except CrowdedError:
            return Room.SHARED  # not certain, and that is what it is for
        people = [member for member in members if not member.user.startswith(BOT)]
        own = all((member.tenant or "").lower() == place.tenant.lower() for member in people)
        return Room.OPEN if own else Room.SHARED

    async def _sort(self, chat: Chat) -> str | None:
        """Return what sort of channel it is; nothing where Teams does not say."""
        team = self._teams.recall((chat.id,))
        if team is None:
            return None

        async def asked(transport: Transport) -> str | None:
            return (await transport.channels(chat, team)).get(chat.id)

        try:
            return await self._outbound.once(chat, asked, f"the channels of {team}", within=SOON)
        except GoneError:
            return None

    async def has(self, place: Place, who: Who) -> bool:
        """Tell whether somebody is in the team of a channel, or in a group chat, now."""
        chat, user = chat_at(place, self._bot), who.route["id"]
        async with told():
            try:
                await self._outbound.once(
                    chat,
                    lambda transport: transport.member(chat, user),
                    f"whether one is in {chat.id}",
                    within=SOON,
                )
            except GoneError:
                return False
        return True

    # -- the post

    def draw(self, replies: Sequence[Reply], changed: str | None) -> Drawn:
        """Return a summary as the card that stands in a channel.

        Raises:
            RefusedError: ``too_large``: it does not fit into a message, or not into the dialog in
                which it is seen before.

        """
        shown: list[Element] = []
        body: list[Element] = []
        for reply in replies:
            part = [*pinned(reply, PEN, changed)]
            part = _apart(part) if body else part
            shown += part
            body += [*part, *in_rows([*self._buttons(reply)])]
        last = _apart([*sources(replies, PEN)])
        shown += last
        body += last
        summary = neutral(replies)
        try:
            limits.fits_a_form(shown)
            card = limits.checked(elements.card(body, replies[0].lang, summary))
        except limits.TooLargeError:
            raise RefusedError("too_large") from None
        return Drawn(mark(card.text), elements.message(card, summary), shown)

    def _buttons(self, reply: Reply) -> Iterator[Element]:
        tongue = {f"start:{reply.lang}": ""}
        yield from (elements.fetch(*start, tongue) for start in starts(reply))
        if self._bot:
            # The way for a client that opens no dialog.
            yield elements.open_url(reply.phrase("open_chat"), chat_link(self._bot))

    async def post(self, place: Place, drawn: Drawn) -> str:
        """Post it as the beginning of a thread; return its id."""
        chat = chat_at(place, self._bot)
        async with told():
            return await self._outbound.once(
                chat, lambda transport: transport.send(chat, drawn.message)
            )

    async def update(self, place: Place, ref: str, drawn: Drawn) -> None:
        """Put it in place of what stands there."""
        chat = chat_at(place, self._bot)
        async with told(known=True):
            with _absence_told():
                await self._outbound.once(
                    chat, lambda transport: transport.update(chat, ref, drawn.message)
                )

    async def hold(self, place: Place, ref: str) -> Held:
        """Pin it, where it stands in a chat and the tenant granted it; again does no harm."""
        if self._graph is None or not is_group(place):
            return Held.REFUSED
        async with told():
            done = await self._graph.pin(place.channel, ref)
        return Held.PINNED if done else Held.REFUSED

    async def note(self, place: Place, ref: str, line: str) -> None:
        """Write a line in its thread; in a group chat, which has none, below it."""
        async with told(known=is_channel(place)):
            with _absence_told():
                await write_below(self._outbound, place, self._bot, ref, line)

    async def remove(self, place: Place, ref: str) -> None:
        """Take it away, and with it its pin; where it or Cairn is gone, nothing is left to do."""
        chat = chat_at(place, self._bot)
        async with told(known=True):
            try:
                with _absence_told():
                    await self._outbound.once(chat, lambda transport: transport.delete(chat, ref))
            except GoneError:
                return

    async def address(self, place: Place, ref: str) -> str | None:
        """Return a link that opens Teams at it."""
        link = f"{_MESSAGE}/{quote(place.channel, safe='')}/{quote(ref, safe='')}"
        link += f"?tenantId={quote(place.tenant, safe='')}"
        if is_channel(place):
            return f"{link}&parentMessageId={quote(ref, safe='')}"
        return f"{link}&context={_IN_A_CHAT}"


def _apart(part: list[Element]) -> list[Element]:
    """Return a part with a line above it."""
    return [{**one, **_LINE} for one in part[:1]] + part[1:]


@contextmanager
def _absence_told() -> Iterator[None]:
    """Raise that Cairn was removed as what it means for a post: it is gone."""
    try:
        yield
    except BlockedError as error:
        if error.code == _NOT_IN_IT:
            raise GoneError(error.code) from None
        raise
