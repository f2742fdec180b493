"""How is a message put among the pins of a chat? Only Microsoft Graph does that, and only in chats.

It takes the permission ``Chat.ReadWrite.All`` of the whole tenant; there is none for one chat. So
it is asked only where the organization's file says that the tenant granted it.
"""

from __future__ import annotations

from typing import Final

from bot.channels.teams.connector import Connector
from bot.channels.teams.transport import BlockedError, GoneError, TransportError

HOST: Final = "graph.microsoft.com"
_ADDRESS: Final = f"https://{HOST}/v1.0"


class Graph:
    """Pins messages in chats."""

    def __init__(self, connector: Connector) -> None:
        """Take what sends to ``HOST`` and to no other, with tokens for Graph."""
        self._connector = connector

    async def pin(self, chat: str, message: str) -> bool:
        """Pin a message; again does no harm. Return false where Graph does not let us.

        Raises:
            LimitedError: too much was asked for.
            UnreachableError: no answer came, or none that can be read.
            TransportError: Graph takes no token of ours, or there is none.

        """
        # What the service of Teams calls a chat and a message, Graph calls the same.
        path = ["chats", chat, "pinnedMessages"]
        bound = f"{_ADDRESS}/chats/{chat}/messages/{message}"
        try:
            await self._connector.call("POST", _ADDRESS, path, {"message@odata.bind": bound})
        except (BlockedError, GoneError):
            return False
        except TransportError as error:
            if type(error) is not TransportError:
                raise
            # It is not documented what it answers where the message is pinned already.
            return await self._is_pinned(path, message)
        return True

    async def _is_pinned(self, path: list[str], message: str) -> bool:
        pins = (await self._connector.call("GET", _ADDRESS, path)).get("value")
        return isinstance(pins, list) and any(
            isinstance(one, dict) and one.get("id") == message for one in pins
        )
