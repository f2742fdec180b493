"""Faults that the fake Teams makes on demand, and the pace that Teams allows."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from aiohttp import web

from tests.slack import faults as shared
from tests.slack.faults import Fault, html, reset, reset_after, stall, truncated
from tests.slack.state import Clock

__all__ = ["Fault", "Faults", "Pace", "html", "limited", "refusal", "reset", "reset_after",
           "stall", "status", "truncated"]  # fmt: skip

CODES = {
    400: "BadArgument",
    401: "BotNotRegistered",
    403: "MessageWritesBlocked",
    404: "ConversationNotFound",
    412: "PreconditionFailed",
    413: "MessageSizeTooBig",
    429: "TooManyRequests",
    500: "ServiceError",
    502: "ServiceError",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


def status(code: int, *, after: bool = False) -> Fault:
    """That status with Teams' error body; with `after`, what was asked is done nevertheless."""
    return Fault("refused", code, error=CODES[code], after=after)


def limited(retry_after: str | None = "1") -> Fault:
    """HTTP 429; Retry-After may be a number as text, absent (None), or no number at all."""
    return Fault("refused", 429, retry_after, error=CODES[429])


def refusal(code: int, error: str, retry_after: str | None = None) -> web.Response:
    """The connector's answer to what it does not do."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    body = {"error": {"code": error, "message": f"The service says {error}."}}
    return web.json_response(body, status=code, headers=headers)


class Faults(shared.Faults):
    """`add("send", reset(), times=2)`: for create, send, reply, update, delete, member, members,
    channels, or `*`."""

    async def answer(self, fault: Fault, request: web.Request, body: str = "") -> web.Response:
        if fault.kind == "refused":
            return refusal(fault.status, fault.error, fault.retry_after)
        return await super().answer(fault, request, body)


class Pace:
    """What Teams lets through in one conversation, for every kind of call alike, and in all of a
    tenant together.
    """

    WINDOWS = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
    TENANT = ((30, 1.0),)

    def __init__(self, clock: Clock, *, on: bool) -> None:
        self.on = on
        self._clock = clock
        self._calls: dict[tuple[Any, ...], deque[float]] = {}

    def wait(self, *key: str) -> int:
        """Seconds to wait, as Retry-After says them; 0 lets the call through."""
        if not self.on:
            return 0
        now = self._clock.monotonic()
        counted = []
        for name, windows in ((key, self.WINDOWS), ((), self.TENANT)):
            calls = self._calls.setdefault(name, deque(maxlen=windows[-1][0]))
            for most, seconds in windows:
                if len(calls) >= most and now - calls[-most] < seconds:
                    return max(1, math.ceil(calls[-most] + seconds - now))
            counted.append(calls)
        for calls in counted:
            calls.append(now)
        return 0
