"""What does Slack do for the desk? It says who is in a channel, and posts and changes cards.

Each call is tried once: the delivery of the desk has the patience. Where something is not known
for certain, it counts as the worse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from bot.channels.slack import forms
from bot.channels.slack.directory import Directory, Profile
from bot.channels.slack.limits import TooLargeError
from bot.channels.slack.outbound import (
    TRANSIENT,
    LimitedError,
    Outbound,
    SlackError,
    UnreachableError,
)
from bot.desk.port import Card, Reader
from bot.platforms import GoneError, LaterError, OpenError, Place, PlatformError, RefusedError, Who

MOST: Final = 200
"""People in an office's channel; nobody reads the names of more before they agree to them."""

_PATIENCE: Final = 10.0
_AT_ONCE: Final = 20
"""Names that are asked for at the same time."""

_SHARED: Final = ("is_shared", "is_ext_shared", "is_pending_ext_shared", "is_org_shared")
_LATER: Final = TRANSIENT | {
    "rate_limited", "message_limit_exceeded", "org_login_required", "team_added_to_org",
    "fetch_members_failed",
}  # fmt: skip
_TOKEN: Final = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
_UNSIGNED: Final = 60.0
"""Seconds until a call with a token that Slack does not take is worth another attempt: an operator
must see to it."""

_GONE: Final = frozenset({
    "message_not_found", "thread_not_found", "cannot_reply_to_message", "cant_update_message",
    "edit_window_closed",
})  # fmt: skip


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
        with _ours():
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
        with _ours():
            return await self._outbound.post_once(place.channel, forms.message_of(card))

    async def update(self, place: Place, ref: str, card: Card) -> None:
        """Put another card in place of one of ours."""
        with _ours():
            await self._outbound.update_once(place.channel, ref, forms.message_of(card))

    async def remind(self, place: Place, ref: str, line: str) -> None:
        """Write a line below a card, and let the channel see it."""
        with _ours():
            await self._outbound.post_once(place.channel, forms.line_of(line), ref)

    async def tell(self, who: Who, card: Card) -> None:
        """Write a card in the own chat of somebody."""
        with _ours():
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


@contextmanager
def _ours() -> Iterator[None]:
    """Turn every way in which Slack fails into one of the desk's.

    Raises:
        PlatformError: always one of its kinds.

    """
    try:
        yield
    except SlackError as error:
        raise _told(error) from None
    except TimeoutError:
        raise LaterError("unreachable") from None
    except TooLargeError:
        raise RefusedError("too_large") from None


def _told(error: SlackError) -> PlatformError:
    if isinstance(error, LimitedError):
        return LaterError(error.code, error.wait)
    if isinstance(error, UnreachableError) or error.code in _LATER:
        return LaterError(error.code)
    if error.code in _TOKEN:
        return LaterError(error.code, _UNSIGNED)
    if error.code in _GONE:
        return GoneError(error.code)
    return OpenError(error.code) if error.code == "is_archived" else RefusedError(error.code)
