"""How do we speak to Slack? Over one session, and with patience where nobody waits.

Slack limits each method of a workspace, and messages of a channel to one a second. A method that
was limited is left alone for as long as Slack said; then those who wait go one by one. What is
sent has been looked at by ``limits``; the types see to it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.errors import (
    LIMITED,
    SERVER_ERROR,
    TRANSIENT,
    UNREADABLE,
    LimitedError,
    SlackError,
    UnreachableError,
    retry_after,
    told_by,
)
from bot.channels.slack.limits import Checked

TRIES: Final = 6
_URGENT: Final = 1.5
"""Seconds for a call that somebody waits for: Slack gives three for the whole press."""

_TRIGGER: Final = 2.7
"""Seconds of a trigger's three that may pass; the rest is for the way back."""

_PATIENT: Final = 10.0
_LONGEST_TURN: Final = 5.0
"""Seconds that a message sent once may wait for the others of its channel."""

_PAGES: Final = 5
_PAGE: Final = 999
"""People of a channel that Slack names in one answer at most, though often fewer."""

_SPACING: Final = 1.05
_OK: Final = 200

Payload = Mapping[str, Any]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class _Lane:
    """What is known of one method: until when it is limited, and who goes first after that."""

    closed_until: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Outbound:
    """Sends what Cairn says to Slack."""

    def __init__(
        self,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        clock: Callable[[], float],
        sleep: Sleep = asyncio.sleep,
        *,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Take a client without retry handlers on the shared session, and a monotonic clock.

        ``failed`` is told the code of each call that Slack did not do.
        """
        self._client = client
        self._session = session
        self._clock = clock
        self._sleep = sleep
        self._failed = failed
        self._lanes: dict[str, _Lane] = {}
        self._next: dict[str, float] = {}
        self._home = urlsplit(client.base_url)

    # -- what can be said

    async def identity(self) -> Mapping[str, Any]:
        """Return who the token is: ``team_id``, ``user_id``, ``bot_id``."""
        return await self._patient("auth.test", {})

    async def person(self, user: str) -> Mapping[str, Any]:
        """Return the profile of a person, with its ``locale``; asked once, without waiting."""
        arguments = {"user": user, "include_locale": "true"}
        answer = await self._urgent("users.info", arguments, _URGENT)
        found = answer.get("user")
        return found if isinstance(found, dict) else {}

    async def channel(self, channel: str) -> Mapping[str, Any]:
        """Return what Slack says of a channel; asked once, without waiting."""
        answer = await self._urgent("conversations.info", {"channel": channel}, _URGENT)
        found = answer.get("channel")
        return found if isinstance(found, dict) else {}

    async def members(self, channel: str, most: int) -> tuple[str, ...]:
        """Return the ids of all in a channel, bots as well; asked once, without waiting.

        Raises:
            SlackError: ``too_many_members``, there are more than ``most``; or as always.

        """
        found: list[str] = []
        arguments = {"channel": channel, "limit": str(min(most, _PAGE))}
        for _ in range(_PAGES):
            answer = await self._urgent("conversations.members", arguments, _URGENT)
            page, more = answer.get("members"), answer.get("response_metadata")
            if not isinstance(page, list) or not all(isinstance(one, str) for one in page):
                raise UnreachableError  # who is in it is known whole, or not at all
            found += page
            cursor = more.get("next_cursor") if isinstance(more, dict) else None
            if len(found) > most:
                break
            if not cursor:
                return tuple(found)
            arguments["cursor"] = str(cursor)
        raise SlackError("too_many_members")

    async def open_view(self, trigger: str, view: Checked, age: float) -> Mapping[str, Any]:
        """Open a modal, and return it; asked once, since a trigger lives three seconds.

        ``age`` is how many of them have passed.
        """
        within = min(_URGENT, _TRIGGER - age)
        arguments = {"trigger_id": trigger, "view": view}
        answer = await self._urgent("views.open", arguments, within)
        return answer.get("view") or {}

    async def update_view(self, view_id: str, view: Checked, unless_changed: str | None) -> None:
        """Put another view in place of one, unless its hash has changed meanwhile."""
        arguments = {"view_id": view_id, "view": view}
        if unless_changed:
            arguments["hash"] = unless_changed
        await self._patient("views.update", arguments)

    async def swap_view(self, view_id: str, view: Checked, unless_changed: str) -> str:
        """Put another view in place of one at once or not at all; return the hash it then has."""
        arguments = {"view_id": view_id, "view": view, "hash": unless_changed}
        answer = await self._urgent("views.update", arguments, _URGENT)
        return str((answer.get("view") or {}).get("hash", ""))

    async def publish_home(self, user: str, view: Checked) -> None:
        """Show a person's Home tab."""
        await self._patient("views.publish", {"user_id": user, "view": view})

    async def post(self, channel: str, message: Checked, thread: str | None = None) -> str:
        """Post a message to a channel or, by a person's id, to their chat; return its ``ts``."""
        answer = await self._say("chat.postMessage", channel, message, {"thread_ts": thread})
        return str(answer.get("ts", ""))

    async def update(self, channel: str, ts: str, message: Checked) -> None:
        """Put another message in place of one of ours."""
        await self._say("chat.update", channel, message, {"ts": ts})

    async def post_once(
        self, channel: str, message: Checked, below: str | None = None, *, broadcast: bool = True
    ) -> str:
        """Post a message, tried once; ``below`` is the one that it answers, for all to see.

        Without ``broadcast`` an answer stands in the thread only.

        Raises:
            SlackError: it was not posted; or, when ``UnreachableError``, perhaps it was.

        """
        more = {"thread_ts": below, "reply_broadcast": broadcast} if below else {}
        answer = await self._once("chat.postMessage", channel, {**message, **more})
        ts = answer.get("ts")
        if not isinstance(ts, str) or not ts:
            raise UnreachableError
        return ts

    async def update_once(self, channel: str, ts: str, message: Checked) -> None:
        """Put another message in place of one of ours, tried once.

        Raises:
            SlackError: it was not done; or, when ``UnreachableError``, perhaps it was.

        """
        await self._once("chat.update", channel, {**message, "ts": ts})

    async def delete_once(self, channel: str, ts: str) -> None:
        """Delete a message of ours, tried once.

        Raises:
            SlackError: it was not done; or, when ``UnreachableError``, perhaps it was.

        """
        await self._urgent("chat.delete", {"channel": channel, "ts": ts}, _PATIENT)

    async def pin_once(self, channel: str, ts: str) -> None:
        """Put a message among the pins of its channel, tried once.

        Raises:
            SlackError: it was not done; or, when ``UnreachableError``, perhaps it was.

        """
        await self._urgent("pins.add", {"channel": channel, "timestamp": ts}, _PATIENT)

    async def unpin_once(self, channel: str, ts: str) -> None:
        """Take a message out of the pins of its channel, tried once.

        Raises:
            SlackError: it was not done; or, when ``UnreachableError``, perhaps it was.

        """
        await self._urgent("pins.remove", {"channel": channel, "timestamp": ts}, _PATIENT)

    async def permalink(self, channel: str, ts: str) -> str:
        """Return the address of a message; asked once, without waiting."""
        arguments = {"channel": channel, "message_ts": ts}
        answer = await self._urgent("chat.getPermalink", arguments, _URGENT)
        found = answer.get("permalink")
        if not isinstance(found, str) or not found.startswith("https://"):
            raise UnreachableError
        return found

    async def whisper(
        self, channel: str, user: str, message: Checked, thread: str | None = None
    ) -> None:
        """Show a message in a channel to one person only."""
        more = {"user": user, "thread_ts": thread}
        await self._say("chat.postEphemeral", channel, message, more)

    async def respond(self, address: str, message: Checked, *, replace: bool) -> None:
        """Answer through the address that a press came with."""
        self._must_be_slack(address)
        how = {"replace_original": True} if replace else {"response_type": "ephemeral"}
        body = {**message, **how}

        async def send() -> Mapping[str, Any]:
            async with self._session.post(
                address,
                json=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_PATIENT),
            ) as answer:
                if answer.status == LIMITED:
                    raise LimitedError(retry_after(answer.headers.get("Retry-After")))
                if answer.status >= SERVER_ERROR:
                    raise UnreachableError
                if answer.status != _OK:
                    raise SlackError("response_url_refused")
                said = "".join((await answer.text()).split())
                if said.startswith('{"ok":false'):
                    raise SlackError("response_url_refused")
                if said != "ok" and not said.startswith('{"ok":true'):
                    raise UnreachableError  # something between us and Slack answered
            return {}

        await self._with_patience(lambda: self._guarded(send))

    def chat_address(self, team: str, bot: str) -> str:
        """Return the address that opens a person's own chat with the bot."""
        site = self._home.netloc
        return f"https://{site}/app_redirect?team={team}&channel={bot}"

    # -- how it is said

    async def _say(
        self, method: str, channel: str, message: Checked, more: Mapping[str, str | None]
    ) -> Mapping[str, Any]:
        said = {**message, **{name: value for name, value in more.items() if value}}
        return await self._patient(method, _said(channel, said), channel)

    async def _once(self, method: str, channel: str, message: Payload) -> Mapping[str, Any]:
        lane, began = self._lane(method), self._clock()
        waits = max(lane.closed_until, self._next.get(channel, 0.0)) - began
        if lane.closed_until > began or waits > _LONGEST_TURN:
            raise LimitedError(waits)
        await self._space(channel)
        left = _PATIENT - (self._clock() - began)
        return await self._call(lane, method, _said(channel, message), left)

    async def _urgent(self, method: str, arguments: Payload, within: float) -> Mapping[str, Any]:
        lane = self._lane(method)
        if (wait := lane.closed_until - self._clock()) > 0:
            raise LimitedError(wait)
        return await self._call(lane, method, arguments, within)

    async def _patient(
        self, method: str, arguments: Payload, channel: str | None = None
    ) -> Mapping[str, Any]:
        lane = self._lane(method)

        async def attempt() -> Mapping[str, Any]:
            async with self._turn(lane):
                if channel is not None:
                    await self._space(channel)
                return await self._call(lane, method, arguments, _PATIENT)

        return await self._with_patience(attempt)

    @asynccontextmanager
    async def _turn(self, lane: _Lane) -> AsyncIterator[None]:
        """Go ahead at once; or, where the method was limited, one by one and when it is open."""
        waits = lane.closed_until > self._clock() or lane.turn.locked()
        inside: AbstractAsyncContextManager[Any] = lane.turn if waits else nullcontext()
        async with inside:
            while (wait := lane.closed_until - self._clock()) > 0:
                await self._sleep(wait)
            yield

    async def _space(self, channel: str) -> None:
        """Wait until a second has passed since the last message of the channel."""
        now = self._clock()
        at = max(now, self._next.pop(channel, now))
        self._next[channel] = at + _SPACING
        self.sweep()
        if at > now:
            await self._sleep(at - now)

    def sweep(self) -> None:
        """Forget the channels in which nothing was said within the last second."""
        now = self._clock()
        while self._next and next(iter(self._next.values())) <= now:
            del self._next[next(iter(self._next))]

    async def _call(
        self, lane: _Lane, method: str, arguments: Payload, within: float
    ) -> Mapping[str, Any]:
        async def send() -> Mapping[str, Any]:
            async with asyncio.timeout(within):
                if method in _FORM_ONLY:
                    answer = await self._client.api_call(method, data=dict(arguments))
                else:
                    answer = await self._client.api_call(method, json=dict(arguments))
            return answer.data if isinstance(answer.data, dict) else {}

        try:
            return await self._guarded(send)
        except LimitedError as limited:
            lane.closed_until = max(lane.closed_until, self._clock() + limited.wait)
            raise

    async def _guarded(self, send: Callable[[], Awaitable[Payload]]) -> Mapping[str, Any]:
        """Return what ``send`` does; every way to fail becomes one of ours, without content."""
        failure: SlackError
        try:
            return await send()
        except SlackApiError as error:
            failure = told_by(error.response)
        except SlackError as error:
            failure = error
        except UNREADABLE:
            failure = UnreachableError()
        if self._failed is not None:
            self._failed(failure.code)
        raise failure

    async def _with_patience(
        self, attempt: Callable[[], Awaitable[Mapping[str, Any]]]
    ) -> Mapping[str, Any]:
        """Try a few times, longer apart each time.

        What may be done twice is done twice rather than not at all: a card shown twice works
        twice, and silence would leave a person alone.
        """
        for tried in range(1, TRIES + 1):
            try:
                return await attempt()
            except LimitedError as limited:
                if tried == TRIES:
                    raise
                await self._sleep(limited.wait + random.uniform(0, 0.5))  # noqa: S311 no secret
            except SlackError as error:
                if tried == TRIES or not (
                    isinstance(error, UnreachableError) or error.code in TRANSIENT
                ):
                    raise
                await self._sleep(2.0**tried * random.uniform(0.5, 1.0))  # noqa: S311
        raise AssertionError

    def _lane(self, method: str) -> _Lane:
        return self._lanes.setdefault(method, _Lane())

    def _must_be_slack(self, address: str) -> None:
        """Refuse an address that is not Slack's own; nothing is sent there.

        Raises:
            SlackError: it is another host.

        """
        home = self._home
        try:
            parts = urlsplit(address)
        except ValueError:
            raise SlackError("foreign_response_url") from None
        same = (parts.scheme, parts.netloc) == (home.scheme, home.netloc)
        hooks = parts.scheme == "https" and parts.netloc == f"hooks.{home.netloc}"
        if not (same or hooks):
            raise SlackError("foreign_response_url")


_FORM_ONLY: Final = frozenset({
    "users.info", "conversations.info", "conversations.members", "pins.add", "pins.remove",
    "chat.getPermalink",
})  # fmt: skip
"""Methods that read no JSON, or of which that is not certain."""


def _said(channel: str, message: Payload) -> Payload:
    """Return a message as it is sent: no address in it is looked up and shown."""
    return {"channel": channel, "unfurl_links": False, "unfurl_media": False, **message}
