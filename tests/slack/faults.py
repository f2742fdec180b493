"""Faults that the fake Slack makes on demand, and the pace that Slack allows."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

from tests.slack.state import Clock


@dataclass(frozen=True)
class Fault:
    """What goes wrong. `after` says that the request was carried out before it went wrong."""

    kind: str
    status: int = 200
    retry_after: str | None = None
    error: str = ""
    seconds: float = 0.0
    after: bool = False


def limited(retry_after: str | None = "1") -> Fault:
    """HTTP 429; Retry-After may be a number as text, absent (None), or no number at all."""
    return Fault("limited", 429, retry_after)


def status(code: int) -> Fault:
    """500, 502, 503, 504, with a body that is no JSON."""
    return Fault("status", code)


def reset() -> Fault:
    """The connection breaks before anything is done."""
    return Fault("reset")


def reset_after() -> Fault:
    """The connection breaks after it is done: the program cannot know."""
    return Fault("reset", after=True)


def stall(seconds: float = 30.0) -> Fault:
    """No answer for so long, on the clock on the wall; then the connection breaks."""
    return Fault("stall", seconds=seconds)


def truncated() -> Fault:
    """Done, but the JSON of the answer stops in the middle."""
    return Fault("truncated", after=True)


def html() -> Fault:
    """A page of HTML with status 200, as a proxy would answer."""
    return Fault("html")


def text() -> Fault:
    """Plain text with status 200, as something else between may answer."""
    return Fault("text")


def error(name: str) -> Fault:
    """`{"ok": false, "error": name}`"""
    return Fault("error", error=name)


ERRORS = ("fatal_error", "internal_error", "service_unavailable", "request_timeout",
          "team_access_not_granted", "account_inactive", "token_expired", "ekm_access_denied",
          "restricted_action", "is_archived", "invalid_arguments", "accesslimited")  # fmt: skip
"""Errors worth meeting on any method."""


@dataclass
class Faults:
    """Rules, the oldest first: `add("chat.postMessage", reset(), times=2)`."""

    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _rules: list[tuple[str, Fault, list[int]]] = field(default_factory=list)

    def add(self, method: str, fault: Fault, times: int | None = 1) -> None:
        """For a method, for `response_url`, or for everything with `*`; times=None is for ever."""
        self._rules.append((method, fault, [-1 if times is None else times]))

    def heal(self) -> None:
        self._rules.clear()

    @property
    def left(self) -> int:
        """How many faults did not happen yet, those for ever not counted."""
        return sum(max(times[0], 0) for _, _, times in self._rules)

    def next(self, method: str) -> Fault | None:
        for rule in self._rules:
            name, fault, times = rule
            if name in (method, "*") and times[0] != 0:
                times[0] -= 1
                return fault
        return None

    async def answer(self, fault: Fault, request: web.Request, body: str = "") -> web.Response:
        """The broken answer; `body` is what the right one would have been."""
        if fault.kind == "stall":
            waiting = asyncio.ensure_future(self.closing.wait())
            await asyncio.wait([waiting], timeout=fault.seconds)
            waiting.cancel()
        if fault.kind in ("reset", "stall"):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if fault.kind == "limited":
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers=headers
            )
        if fault.kind == "truncated":
            return web.Response(text=body[: len(body) // 2], content_type="application/json")
        if fault.kind == "html":
            return web.Response(text="<html><body>Sign in</body></html>", content_type="text/html")
        if fault.kind == "text":
            return web.Response(text="Sign in", content_type="text/plain")
        if fault.kind == "error":
            return web.json_response({"ok": False, "error": fault.error})
        return web.Response(status=fault.status, text="upstream connect error")


TIERS = {
    "auth.test": 200,
    "views.open": 100,
    "views.update": 100,
    "views.push": 100,
    "views.publish": 100,
    "chat.postMessage": 300,
    "chat.postEphemeral": 100,
    "chat.update": 50,
    "chat.delete": 50,
    "users.info": 100,
    "conversations.open": 50,
    "conversations.info": 50,
    "conversations.members": 100,
    "pins.add": 20,
    "pins.remove": 20,
    "pins.list": 20,
    "chat.getPermalink": 300,
    "apps.connections.open": 5,
}
"""Calls a minute, for one workspace; of the last, "1+" by its tier, Slack bears a few at once."""


class Pace:
    """What Slack lets through: a window of a minute per method, a second per channel."""

    def __init__(self, clock: Clock, *, on: bool) -> None:
        self.on = on
        self._clock = clock
        self._calls: dict[tuple[str, ...], deque[float]] = {}

    def wait(self, team: str, method: str, channel: str = "") -> int:
        """Seconds to wait, as Retry-After says them; 0 lets the call through."""
        if not self.on:
            return 0
        windows = [((team, method), TIERS[method], 60.0)]
        if method == "chat.postMessage":
            windows.append(((team, method, channel), 1, 1.0))
        now = self._clock.monotonic()
        for key, most, seconds in windows:
            calls = self._calls.setdefault(key, deque())
            while calls and now - calls[0] >= seconds:
                calls.popleft()
            if len(calls) >= most:
                return max(1, math.ceil(calls[0] + seconds - now))
        for key, _, _ in windows:
            self._calls[key].append(now)
        return 0
