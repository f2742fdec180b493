"""May this request come in? Token, size, a bounded parse, then tenant, service and channel.

Nothing that has no token of the Bot Framework for us is read, and nothing of a request is ever
written to a log: a refusal is a status and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import StreamReader

from bot.channels.requests import Body, RefusedError, json_object, read_body
from bot.channels.teams.connector import may_send_to
from bot.channels.teams.decode import tenant_of
from bot.channels.teams.transport import Transport, UnauthorizedError, UnreachableError

CHANNEL_ID: Final = "msteams"
_FORBIDDEN: Final = frozenset({"algorithm", "endorsement"})
"""What is wrong with a token that the Bot Framework would never have issued to anybody."""

_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(
        ("type", "id", "name", "action", "text", "locale", "serviceUrl", "replyToId"), (str,)
    ),
    **dict.fromkeys(("from", "recipient", "conversation", "channelData"), (dict,)),
    **dict.fromkeys(("entities", "attachments"), (list,)),
}
"""Of which kinds the parts of an activity are that we read by name."""


class Door:
    """Looks at requests before anything else sees them."""

    def __init__(
        self, transport: Transport, tenants: frozenset[str], hosts: frozenset[str]
    ) -> None:
        """Take the port, the tenants that are served (none: any), and the hosts of the service."""
        self._transport = transport
        self._tenants = tenants
        self._hosts = hosts

    async def read(
        self, headers: Mapping[str, str], content: StreamReader, declared: int | None
    ) -> Body:
        """Return the activity of a request if it may come in.

        Raises:
            RefusedError: 401 without a token for us, 403 a token or a place that is not ours, 415
                packed or no JSON, 413 too large, 408 too slow, 400 not readable, 503 the keys of
                the Bot Framework cannot be had.

        """
        try:
            caller = await self._transport.authenticate(headers.get("Authorization"))
        except UnauthorizedError as error:
            raise RefusedError(403 if error.code in _FORBIDDEN else 401) from None
        except UnreachableError:
            raise RefusedError(503) from None
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if "Content-Encoding" in headers or kind != "application/json":
            raise RefusedError(415)
        activity = parse(await read_body(content, declared))
        if caller.service_url is not None and activity.get("serviceUrl") != caller.service_url:
            raise RefusedError(401)
        self._must_be_ours(activity)
        return activity

    def _must_be_ours(self, activity: Body) -> None:
        """Look at whether an activity comes from Teams, from a tenant and a service of ours.

        Raises:
            RefusedError: 403.

        """
        tenant = tenant_of(activity)
        if activity.get("channelId") != CHANNEL_ID or tenant is None:
            raise RefusedError(403)
        if self._tenants and tenant not in self._tenants:
            raise RefusedError(403)
        if not may_send_to(str(activity.get("serviceUrl", "")), self._hosts):
            raise RefusedError(403)


def parse(raw: bytes) -> Body:
    """Return the activity that the bytes are.

    Raises:
        RefusedError: 400, they are none.

    """
    try:
        activity = json_object(raw.decode())
        _must_have_shape(activity)
    except (ValueError, RecursionError):
        raise RefusedError(400) from None
    return activity


def _must_have_shape(activity: Body) -> None:
    """Look at whether an activity has what it means nothing without, of the right kinds.

    Raises:
        ValueError: it has not.

    """
    if not activity.get("type"):
        raise ValueError
    for name, kinds in _KINDS.items():
        if not isinstance(activity.get(name), (*kinds, type(None))):
            raise ValueError(name)  # noqa: TRY004 a bad request, not a mistake of ours
