"""How do we speak with the Bot Framework? One port, and its implementation on the archived SDK.

Activities are plain dicts in both directions. Every failure is one of the errors below and holds
no content:

    TransportError
    ├── UnauthorizedError   a request has no token of the Bot Framework for us
    ├── LimitedError        too much was sent; ``wait`` seconds from now it goes on
    ├── UnreachableError    no answer, or none that can be read; whether it was done is not known
    ├── BlockedError        the person removed or blocked the app, or we are not in that chat
    ├── GoneError           the chat or the message is not there any more
    ├── TooLargeError       the message is larger than Teams takes
    └── ForeignHostError    the address is none that anything may be sent to
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Activity = Mapping[str, Any]


class TransportError(Exception):
    """Something did not get through; ``code`` says why in a word, and holds no content."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class UnauthorizedError(TransportError):
    """A request came without a token of the Bot Framework for this bot."""


class LimitedError(TransportError):
    """Too much was sent; it may be tried again ``wait`` seconds from now."""

    def __init__(self, wait: float) -> None:
        self.wait = wait
        super().__init__("limited")


class UnreachableError(TransportError):
    """No answer came, or none that can be read; whether it was done is not known."""


class BlockedError(TransportError):
    """The person removed or blocked the app, or the app is not in that chat."""


class GoneError(TransportError):
    """The chat or the message is not there any more."""


class TooLargeError(TransportError):
    """The message is larger than Teams takes."""


class ForeignHostError(TransportError):
    """The address is none that anything may be sent to."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, by its token: the service that it may name as its own.

    ``service_url`` is nothing where requests need no token, on this machine only.
    """

    service_url: str | None


@dataclass(frozen=True, slots=True)
class Chat:
    """Where something is sent: the service, the conversation, its tenant, and who we are there."""

    service_url: str
    id: str
    tenant: str
    bot: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a chat. ``tenant`` is their own, where the service tells it."""

    user: str
    aad: str | None
    tenant: str | None
    role: str | None


class Transport(Protocol):
    """What the channel needs of the Bot Framework."""

    async def authenticate(self, authorization: str | None) -> Caller:
        """Return who sent a request, by its Authorization header.

        Raises:
            UnauthorizedError: it is missing, wrong, too old, or meant for another bot or channel.

        """
        ...

    async def send(self, chat: Chat, activity: Activity, *, only_for: str | None = None) -> str:
        """Send an activity, to one person only where ``only_for`` names them; return its id."""
        ...

    async def update(self, chat: Chat, activity_id: str, activity: Activity) -> None:
        """Put another activity in place of one of ours."""
        ...

    async def open_personal(self, chat: Chat, user: str) -> Chat:
        """Return the personal chat with ``user``, whom we know from ``chat``."""
        ...

    async def member(self, chat: Chat, user: str) -> Member:
        """Return what the service tells of somebody in a chat."""
        ...
