"""How the fake Slack reaches the program: signed requests, or the socket; and what came back."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from tests.slack import payloads
from tests.slack.state import Channel, Json, User, Workspace

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack

_FORM = "application/x-www-form-urlencoded"
_ENVELOPES = {"command": "slash_commands", "event": "events_api"}


@dataclass(frozen=True)
class Delivery:
    """One request of Slack: the same bytes may be sent again."""

    kind: str
    """`command`, `interaction` or `event`."""
    payload: Json
    body: bytes
    content_type: str

    @classmethod
    def of(cls, kind: str, payload: Json) -> Delivery:
        if kind == "event":
            return cls(kind, payload, json.dumps(payload).encode(), "application/json")
        form = payload if kind == "command" else {"payload": json.dumps(payload)}
        return cls(kind, payload, urlencode(form).encode(), _FORM)

    @property
    def name(self) -> str:
        if self.kind == "event":
            return f"event {self.payload.get('event', {}).get('type')}"
        return str(self.payload.get("type", "command"))


@dataclass
class Outcome:
    """What the program answered."""

    delivery: Delivery
    status: int = 0
    """0: there was no answer at all."""
    body: str = ""
    headers: Mapping[str, str] | None = None
    seconds: float = 0.0
    failure: str = ""

    @property
    def ok(self) -> bool:
        return not self.failure

    @property
    def json(self) -> Json | None:
        """The body, when it is a JSON object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


class Delivering:
    """The part of the fake that calls the program."""

    def __init__(self, secret: str, deadline: float) -> None:
        self.secret = secret
        self.deadline = deadline
        """Seconds on the clock on the wall that Slack waits for an answer."""
        self.app_url = ""
        """Where the program listens; where it is empty, requests go through the socket."""
        self.failures: list[str] = []
        """Every answer that was late, or no 200: a person sees "that did not work"."""
        self.deliveries: list[Outcome] = []
        self._http: ClientSession | None = None

    async def start_sending(self) -> None:
        self._http = ClientSession(cookie_jar=DummyCookieJar())

    async def stop_sending(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def deliver(
        self, delivery: Delivery, *, retry: int = 0, reason: str = "", expect: bool = True
    ) -> Outcome:
        """Send something as Slack does. With `expect=False` a failure is not noted."""
        started = time.perf_counter()
        if self.app_url:
            headers = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
            outcome = await self.send(
                delivery.body, content_type=delivery.content_type, headers=headers if retry else {}
            )
            outcome.delivery = delivery
        else:
            outcome = await self._through_socket(delivery, retry, reason)
        outcome.seconds = time.perf_counter() - started
        if not outcome.failure and outcome.status != 200:
            outcome.failure = f"status {outcome.status}: {outcome.body[:200]}"
        if expect and outcome.failure:
            self.failures.append(f"{delivery.name}: {outcome.failure}")
        self.deliveries.append(outcome)
        return outcome

    async def redeliver(
        self, before: Outcome, *, retry: int = 1, reason: str = "http_timeout"
    ) -> Outcome:
        """The same event once more, as Slack does at once, after a minute, after five."""
        return await self.deliver(before.delivery, retry=retry, reason=reason)

    async def send(
        self,
        body: bytes,
        *,
        content_type: str = "application/json",
        secret: str | None = None,
        timestamp: float | str | None = None,
        signature: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Send any bytes, signed well or badly; nothing is noted. For forgeries and rubbish."""
        assert self._http is not None
        signed = self.sign(body, secret=secret, timestamp=timestamp)
        if signature is not None:
            signed["X-Slack-Signature"] = signature
        signed |= {"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        signed = {"Content-Type": content_type, **signed, **(headers or {})}
        sent = {name: value for name, value in signed.items() if value != ABSENT}
        outcome = Outcome(Delivery("raw", {}, body, content_type))
        try:
            async with self._http.post(
                self.app_url,
                data=body,
                headers=sent,
                skip_auto_headers=["Content-Type"],
                timeout=ClientTimeout(total=self.deadline),
                allow_redirects=False,
            ) as response:
                outcome.status = response.status
                outcome.headers = response.headers.copy()
                outcome.body = await response.text(errors="replace")
        except TimeoutError:
            outcome.failure = f"no answer in {self.deadline} s"
        except ClientError as error:
            outcome.failure = f"no answer: {type(error).__name__}"
        return outcome

    def sign(
        self, body: bytes, *, secret: str | None = None, timestamp: float | str | None = None
    ) -> dict[str, str]:
        """The two headers that Slack signs with."""
        fake: FakeSlack = self  # type: ignore[assignment]
        at = fake.clock.time() if timestamp is None else timestamp
        stamp = at if isinstance(at, str) else str(int(at))
        base = b"v0:" + stamp.encode() + b":" + body
        key = (self.secret if secret is None else secret).encode()
        signed = hmac.new(key, base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}

    async def _through_socket(self, delivery: Delivery, retry: int, reason: str) -> Outcome:
        fake: FakeSlack = self  # type: ignore[assignment]
        outcome = Outcome(delivery)
        kind = _ENVELOPES.get(delivery.kind, "interactive")
        try:
            answer = await fake.socket.send(kind, delivery.payload, self.deadline, retry, reason)
        except (TimeoutError, ConnectionError) as error:
            outcome.failure = f"no answer in {self.deadline} s ({error})"
            return outcome
        outcome.status = 200
        outcome.body = "" if answer is None else json.dumps(answer)
        return outcome

    # ---- events that no person causes

    async def event(
        self, at: Workspace, user: User, event: Json, channel: Channel | None = None
    ) -> Outcome:
        fake: FakeSlack = self  # type: ignore[assignment]
        made = payloads.Made(fake.app_id, at, user, fake.stamp(), "")
        body = payloads.envelope(made, event, f"Ev{next(fake.numbers):08}", channel)
        return await self.deliver(Delivery.of("event", body))

    async def echo(self) -> list[Outcome]:
        """Tell the bot of its own messages in direct conversations, as Slack does."""
        fake: FakeSlack = self  # type: ignore[assignment]
        waiting, fake.echoes = fake.echoes, []
        return [await self.event(at, user, event) for at, user, event in waiting]

    async def uninstall(self, workspace: Workspace | None = None) -> list[Outcome]:
        """Somebody removes the app: the token ends, and two events come, in no certain order."""
        fake: FakeSlack = self  # type: ignore[assignment]
        at = workspace or fake.workspace
        at.revoked = True
        made = payloads.Made(fake.app_id, at, at.bot, fake.stamp(), "")
        events = [payloads.tokens_revoked(made), payloads.app_uninstalled()]
        return [await self.event(at, at.bot, event) for event in events]

    async def take_out(self, channel: Channel, by: User) -> Outcome:
        """Somebody takes the bot out of a channel; Slack tells the bot who it was."""
        fake: FakeSlack = self  # type: ignore[assignment]
        at = fake.workspaces[channel.team]
        channel.members.discard(at.bot.id)
        event = payloads.left(channel, by, fake.stamp())
        return await self.event(at, at.bot, event)

    async def verify_url(self) -> Outcome:
        """The question that Slack asks once of a new address; the challenge must come back."""
        challenge = "3eZbrw1aB1-fake-challenge"
        body = {"token": payloads.TOKEN, "challenge": challenge, "type": "url_verification"}
        outcome = await self.deliver(Delivery.of("event", body))
        if challenge not in outcome.body:
            self.failures.append("url_verification: the challenge did not come back")
        return outcome

    async def until(self, what: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait for what the program does after its answer."""
        async with asyncio.timeout(seconds):
            while not what():  # noqa: ASYNC110 the program sets no event for a test
                await asyncio.sleep(0.005)


ABSENT = "\0absent"
"""As a header's value in `send`: leave that header out."""
