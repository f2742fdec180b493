"""How does a part of Cairn speak in a place of Teams, and how is it told what went wrong?

A channel or a group chat is named by its id, and reached at the address of its service. What fails
is told in the words that all platforms share.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bot import platforms
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.transport import (
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
from bot.platforms import LaterError, OpenError, Place, RefusedError

SOON: Final = 1.5
"""Seconds that somebody in front of a dialog waits until it may be asked again who is in a chat."""

_WITHIN: Final = 10.0
"""Seconds that a call may take, whatever it is made of."""

_UNSIGNED: Final = 60.0
"""Seconds until a call without a token that Teams takes is worth another attempt: an operator
must see to it."""

_CHANNELS: Final = ("@thread.tacv2", "@thread.skype")
"""How the ids of channels end, which have threads; group chats have none."""

_GROUPS: Final = "@thread.v2"
"""How the ids of chats of several people end; those of somebody's own chat do so otherwise."""


def is_channel(place: Place) -> bool:
    """Tell whether a place is a channel of a team."""
    return place.channel.endswith(_CHANNELS)


def is_group(place: Place) -> bool:
    """Tell whether a place is a chat of several people."""
    return place.channel.endswith(_GROUPS)


def chat_at(place: Place, bot: str) -> Chat:
    """Return where something is sent; ``bot`` is who Cairn is there."""
    return Chat(place.service, place.channel, place.tenant, bot)


async def write_below(outbound: Outbound, place: Place, bot: str, ref: str, line: str) -> None:
    """Write a line into the thread of a message; in a group chat, which has none, below it."""
    thread = f";messageid={ref}" if is_channel(place) else ""
    chat = Chat(place.service, place.channel + thread, place.tenant, bot)
    activity = {"type": "message", "text": line, "textFormat": "plain"}
    await outbound.once(chat, lambda transport: transport.send(chat, activity))


@asynccontextmanager
async def told(*, known: bool = False) -> AsyncIterator[None]:
    """Raise what goes wrong as all platforms tell it; ``known`` is about a message that was there.

    Raises:
        LaterError: it took too long, too much was sent, Teams did not answer or took no token.
        GoneError: the message is gone.
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
