"""What does Slack do for the desk? It says who is in a channel, and posts and changes cards.

Each call is tried once: the delivery of the desk has the patience. Where something is not known
for certain, it counts as the worse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

from bot.channels.slack import forms
from bot.channels.slack.directory import Directory, Profile
from bot.channels.slack.errors import UnreachableError
from bot.channels.slack.failures import platform_errors
from bot.channels.slack.outbound import Outbound
from bot.desk.port import Card, Reader
from bot.platforms import OpenError, Place, Who

MOST: Final = 200
"""People in an office's channel; nobody reads the names of more before they agree to them."""

_PATIENCE: Final = 10.0
_AT_ONCE: Final = 20
"""Names that are asked for at the same time."""

_OPEN: Final = {"is_archived": OpenError}
_SHARED: Final = ("is_shared", "is_ext_shared", "is_pending_ext_shared", "is_org_shared")


class SlackDesk:
    """Slack, as the desk's port ``Platform`` wants it."""

    def __init__(self, outbound: Outbound, directory: Directory) -> None:
        self._outbound = outbound
        self._directory = directory

    async def readers(self, place: Place) -> tuple[Reader, ...]:
        """Return the people who are in an office's channel now, without bots, by their names.

        Who is in it is asked each time; names are remembered for half an hour.

        Raises:
            OpenError: the channel is not private, is shared or archived, or holds somebody who
                is no full member of the tenant.
            PlatformError: and each of the others; nobody is then known to be in it.

        """
        with platform_errors(_OPEN):
            async with asyncio.timeout(_PATIENCE):
                said, users = await _together(
                    [
                        self._outbound.channel(place.channel),
                        self._outbound.members(place.channel, MOST),
                    ]
                )
                _must_be_private(said, place.channel)
                gate = asyncio.Semaphore(_AT_ONCE)
                found: list[Profile] = await _together([self._find(gate, one) for one in users])
        people = [one for one in found if not (one.is_bot or one.is_gone)]
        if not all(one.is_member(place.tenant) for one in people):
            raise OpenError("guest_in_channel")
        named = [Reader(one.user, one.name) for one in people]
        return tuple(sorted(named, key=lambda one: (one.name.casefold(), one.user)))

    async def _find(self, gate: asyncio.Semaphore, user: str) -> Profile:
        async with gate:
            return await self._directory.find(user)

    async def post(self, place: Place, card: Card) -> str:
        """Post a card in an office's channel; return what it is called there."""
        with platform_errors(_OPEN):
            return await self._outbound.post_once(place.channel, forms.message_of(card))

    async def update(self, place: Place, ref: str, card: Card) -> None:
        """Put another card in place of one of ours."""
        with platform_errors(_OPEN):
            await self._outbound.update_once(place.channel, ref, forms.message_of(card))

    async def remind(self, place: Place, ref: str, line: str) -> None:
        """Write a line below a card, and let the channel see it."""
        with platform_errors(_OPEN):
            await self._outbound.post_once(place.channel, forms.line_of(line), ref)

    async def tell(self, who: Who, card: Card) -> None:
        """Write a card in the own chat of somebody."""
        with platform_errors(_OPEN):
            await self._outbound.post_once(who.user, forms.message_of(card))


async def _together(asked: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Return what all of them bring; where one fails, the others are given up.

    Raises:
        SlackError: the first one that failed.

    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in asked]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


def _must_be_private(said: Mapping[str, Any], channel: str) -> None:
    """Look at whether a channel is closed to all but its members.

    Raises:
        OpenError: it is not.
        UnreachableError: Slack says something of another one.

    """
    if said.get("id") != channel:
        raise UnreachableError
    if said.get("is_archived"):
        raise OpenError("is_archived")
    if said.get("is_private") is not True:
        raise OpenError("not_private")
    if any(said.get(name) for name in _SHARED):
        raise OpenError("shared")
