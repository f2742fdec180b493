"""What does Slack do for pins? It says what a channel is, posts summaries there, and pins them.

Each call is tried once. Where something of a channel is not known for certain, it counts as the
worse. Whoever presses a button of a post goes on in a window that only they see.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from bot.channels.pinned import mark, neutral, pinned, sources, starts
from bot.channels.slack import blocks, forms
from bot.channels.slack.blocks import Block
from bot.channels.slack.errors import ScopeError, SlackError, UnreachableError
from bot.channels.slack.failures import Meanings, platform_errors
from bot.channels.slack.limits import Checked, checked_message
from bot.channels.slack.mrkdwn import literal
from bot.channels.slack.outbound import Outbound
from bot.channels.slack.pen import PEN
from bot.conversation import Reply
from bot.pins.port import Drawn, Held, Room
from bot.platforms import GoneError, Place, RefusedError, Who

_OWN_CHAT: Final = "D"
"""How the ids of chats of two begin."""

MOST: Final = 4_000
"""People in a private channel; in a larger one it takes too long to see who is in it."""

_TALKS: Final = frozenset({"im:read", "mpim:read"})
"""Scopes that only somebody's own chats need; we ask for neither."""

_AWAY: Final = dict.fromkeys(
    ("channel_not_found", "not_in_channel", "is_archived", "is_inactive"), GoneError
)
"""Cairn is not in the channel any more: Slack takes apps out of one that is archived."""

_STANDING: Final[Meanings] = {**_AWAY, "edit_window_closed": RefusedError}
"""What Slack says of a post: that nobody may change it does not take it away."""


class SlackBoard:
    """Slack, as the port ``Board`` of pins wants it."""

    spacing: float = 2.0
    """Thirty a minute: of the 50 that Slack bears in a workspace, people's cards have 20 left."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def room(self, place: Place) -> Room:
        """Return what is known of a channel; ``OPEN`` only where it is certain."""
        if place.channel.startswith(_OWN_CHAT):
            return Room.PERSONAL
        with platform_errors():
            try:
                said = await self._outbound.channel(place.channel)
            except ScopeError as error:
                if error.needed <= _TALKS:
                    return Room.PERSONAL
                raise
            except SlackError as error:
                if error.code == "channel_not_found":
                    return Room.ABSENT  # a private one shows itself only to those who are in it
                raise
            if said.get("id") != place.channel:
                raise UnreachableError
        return _room(said)

    async def has(self, place: Place, who: Who) -> bool:
        """Tell whether somebody is in a private channel now; in a public one anybody may be."""
        with platform_errors():
            said = await self._outbound.channel(place.channel)
            if said.get("id") == place.channel and said.get("is_private") is False:
                return True
            return who.user in await self._outbound.members(place.channel, MOST)

    def draw(self, replies: Sequence[Reply], changed: str | None) -> Drawn:
        """Return a summary in one language or in both, as it stands in a channel."""
        seen: list[Block] = []
        found: list[Block] = []
        for number, reply in enumerate(replies):
            part = [blocks.divider()] if number else []
            part += pinned(reply, PEN, changed)
            row = [blocks.button(*control) for control in starts(reply)]
            seen += part
            found += [*part, blocks.actions(row, f"controls:{reply.lang}")]
        last = [blocks.divider()] if len(replies) > 1 else []
        last += sources(replies, PEN)
        seen += last
        found += last
        text = literal(neutral(replies))
        with platform_errors():
            message = checked_message({"text": text, "blocks": found})
        return Drawn(mark(json.dumps(message, sort_keys=True)), message, seen)

    async def post(self, place: Place, drawn: Drawn) -> str:
        """Post a summary; return what it is called there."""
        with platform_errors():
            return await self._outbound.post_once(place.channel, Checked(drawn.message))

    async def update(self, place: Place, ref: str, drawn: Drawn) -> None:
        """Put a summary in place of what stands there."""
        with platform_errors(_STANDING):
            await self._outbound.update_once(place.channel, ref, Checked(drawn.message))

    async def hold(self, place: Place, ref: str) -> Held:
        """Put a post among the pins of its channel, where it may be done; again does no harm."""
        try:
            with platform_errors(_STANDING):
                await self._outbound.pin_once(place.channel, ref)
        except RefusedError as error:
            return Held.PINNED if error.code == "already_pinned" else Held.REFUSED
        return Held.PINNED

    async def note(self, place: Place, ref: str, line: str) -> None:
        """Write a line in the thread of a post."""
        with platform_errors(_STANDING):
            said = forms.line_of(line)
            await self._outbound.post_once(place.channel, said, ref, broadcast=False)

    async def remove(self, place: Place, ref: str) -> None:
        """Take a post away, and out of the pins; one that is gone already does no harm."""
        with suppress(SlackError):
            # One that may not be deleted is at least no pin any more; else both go together.
            await self._outbound.unpin_once(place.channel, ref)
        with suppress(GoneError), platform_errors(_STANDING):
            await self._outbound.delete_once(place.channel, ref)

    async def address(self, place: Place, ref: str) -> str | None:
        """Return the address of a post, for a bookmark."""
        with platform_errors(_STANDING):
            return await self._outbound.permalink(place.channel, ref)


def _room(said: Mapping[str, Any]) -> Room:
    """Return what Slack says of a channel, the worst first.

    A channel that several workspaces of one organization share is not shared with another one.
    """
    elsewhere = said.get("is_shared") and not said.get("is_org_shared")
    if said.get("is_im") or said.get("is_mpim"):
        return Room.PERSONAL
    if said.get("is_archived") or said.get("is_frozen"):
        return Room.ARCHIVED
    if elsewhere or said.get("is_ext_shared") or said.get("is_pending_ext_shared"):
        return Room.SHARED
    if said.get("is_member") is not True:
        return Room.ABSENT
    if said.get("is_read_only") or said.get("is_thread_only"):
        return Room.RESTRICTED
    return Room.OPEN
