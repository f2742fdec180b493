"""How the fake Teams reaches the program: activities with a token; and what came back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from tests.teams.state import Json

if TYPE_CHECKING:
    from tests.teams.fake import FakeTeams

SECONDS = {"invoke": 5.0}
OTHER_SECONDS = 15.0
"""How long Teams waits for an answer, on the clock on the wall."""


@dataclass
class Outcome:
    """What the program answered."""

    activity: Json
    status: int = 0
    """0: there was no answer at all."""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
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

    def __init__(self) -> None:
        self.app_url = ""
        """Where the program listens."""
        self.failures: list[str] = []
        """Every answer that was late, or not what Teams takes for one."""
        self.deliveries: list[Outcome] = []
        self._http: ClientSession | None = None

    async def start_sending(self) -> None:
        self._http = ClientSession(cookie_jar=DummyCookieJar())

    async def stop_sending(self) -> None:
        if self._http is not None:
            await self._http.close()

    def headers(self, **claims: object) -> dict[str, str]:
        """Those of a delivery; `claims` go in the place of the right ones of its token."""
        fake: FakeTeams = self  # type: ignore[assignment]
        found = {"Content-Type": "application/json; charset=utf-8"}
        found["User-Agent"] = "Microsoft-SkypeBotApi (Microsoft-BotFramework/3.0)"
        if fake.login is not None:
            token = fake.login.token(**{"serviceurl": fake.service_url, **claims})
            found["Authorization"] = f"Bearer {token}"
        return found

    async def deliver(self, activity: Json, *, expect: bool = True) -> Outcome:
        """Send an activity as Teams does. With `expect=False` a failure is not noted."""
        invoked = activity["type"] == "invoke"
        outcome = await self.send(
            activity, self.headers(), SECONDS.get(activity["type"], OTHER_SECONDS)
        )
        outcome.activity = activity
        if not outcome.failure and outcome.status not in ((200,) if invoked else (200, 201, 202)):
            outcome.failure = f"status {outcome.status}"
        if expect and outcome.failure:
            self.failures.append(f"{activity.get('name', activity['type'])}: {outcome.failure}")
        self.deliveries.append(outcome)
        return outcome

    async def redeliver(self, before: Outcome, *, new_id: bool = False) -> Outcome:
        """The same activity once more, as Teams does when no answer came in time; sometimes with
        another id and timestamp.
        """
        fake: FakeTeams = self  # type: ignore[assignment]
        again = dict(before.activity)
        if new_id:
            again |= {"id": fake.new_id(), "timestamp": f"{fake.clock.now():%FT%T}.999Z"}
        return await self.deliver(again)

    async def send(
        self,
        body: bytes | Json,
        headers: Mapping[str, str] | None = None,
        seconds: float = OTHER_SECONDS,
    ) -> Outcome:
        """Send anything, with these headers alone; nothing is noted. For forgeries and rubbish."""
        assert self._http is not None
        outcome = Outcome(body if isinstance(body, dict) else {})
        started = time.perf_counter()
        try:
            async with self._http.post(
                self.app_url,
                data=json.dumps(body).encode() if isinstance(body, dict) else body,
                headers=headers,
                skip_auto_headers=["Content-Type", "User-Agent"],
                timeout=ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as response:
                outcome.status = response.status
                outcome.headers = response.headers.copy()
                outcome.body = await response.text(errors="replace")
        except TimeoutError:
            outcome.failure = f"no answer in {seconds:g} s"
        except ClientError as error:
            outcome.failure = f"no answer: {type(error).__name__}"
        outcome.seconds = time.perf_counter() - started
        return outcome

    async def until(self, what: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait for what the program does after its answer."""
        async with asyncio.timeout(seconds):
            while not what():  # noqa: ASYNC110 the program sets no event for a test
                await asyncio.sleep(0.005)
