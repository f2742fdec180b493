"""Do things go wrong as they are told to, and does nobody miss it?"""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import ClientError, ClientSession, web
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack import faults
from tests.slack.delivery import ABSENT
from tests.slack.fake import FakeSlack
from tests.slack.faults import Fault
from tests.slack.person import Person
from tests.slack.program import Program, call, respond
from tests.slack.samples import (
    SAFE,
)
from tests.slack.state import Channel, Json

# ---- faults


BROKEN: list[tuple[Fault, bool]] = [
    # the fault, and whether the request was carried out all the same
    *[(faults.limited(after), False) for after in ("0", "1", "60", None, "soon")],
    *[(faults.status(code), False) for code in (500, 502, 503, 504)],
    (faults.reset(), False),
    (faults.reset_after(), True),
    (faults.stall(0.05), False),
    (faults.truncated(), True),
    (faults.html(), False),
    *[(faults.error(name), False) for name in faults.ERRORS],
]


@pytest.mark.parametrize(
    ("fault", "done"), BROKEN, ids=lambda it: f"{it.kind}-{it.status}-{it.retry_after}-{it.error}"
    if isinstance(it, Fault) else str(it),
)  # fmt: skip
async def test_faults_break_the_answer_as_they_say(
    fake: FakeSlack, team: Channel, http: ClientSession, fault: Fault, done: bool
):
    fake.faults.add("chat.postMessage", fault)
    url = f"{fake.api_url}chat.postMessage"
    sent = {"channel": team.id, "text": "hello", **SAFE}
    bearer = {"Authorization": f"Bearer {fake.bot_token}"}
    try:
        async with http.post(url, json=sent, headers=bearer) as response:
            body = await response.text()
            if fault.kind == "limited":
                assert response.headers.get("Retry-After") == fault.retry_after
            if fault.kind == "error":
                assert json.loads(body) == {"ok": False, "error": fault.error}
            else:
                assert response.status == fault.status
            if fault.kind in ("truncated", "html", "text", "status"):
                with pytest.raises(ValueError):
                    json.loads(body)
    except ClientError:
        assert fault.kind in ("reset", "stall")
    assert len(team.shown()) == int(done)
    assert fake.calls[0].fault.startswith(fault.kind)
    assert fake.faults.left == 0
    fake.clock.advance(1)
    async with http.post(url, json=sent, headers=bearer) as response:
        assert (await response.json())["ok"], "only once"


async def test_faults_wait_in_a_queue_for_one_method_or_for_all(
    fake: FakeSlack, program: Program, alice: Person, slack: AsyncWebClient, http: ClientSession
):
    fake.faults.add("auth.test", faults.error("fatal_error"), times=2)
    fake.faults.add("auth.test", faults.error("internal_error"))
    errors = [(await call(slack, "auth.test")).get("error") for _ in range(4)]
    assert errors == ["fatal_error", "fatal_error", "internal_error", None]
    fake.faults.add("*", faults.error("fatal_error"), times=None)
    assert (await call(slack, "auth.test"))["error"] == "fatal_error"
    assert (await call(slack, "users.info"))["error"] == "fatal_error"
    fake.faults.heal()
    assert (await call(slack, "auth.test"))["ok"]
    await alice.slash()
    url = program.got[0]["response_url"]
    fake.faults.add("response_url", faults.status(503))
    assert (await respond(http, url, text="a"))[0] == 503
    fake.faults.add("response_url", faults.reset_after())
    with pytest.raises(ClientError):
        await respond(http, url, text="b")
    assert [m.text for m in alice.ephemerals] == ["b"]


async def test_leaving_does_not_wait_for_a_stall(http: ClientSession):
    async with asyncio.timeout(60):
        async with FakeSlack() as fake:
            fake.faults.add("auth.test", faults.stall(3_600))
            slack = AsyncWebClient(token=fake.bot_token, base_url=fake.api_url, session=http)
            waiting = asyncio.create_task(slack.auth_test())
            await fake.until(lambda: fake.calls)
        with pytest.raises(ClientError):
            await waiting


# ---- signatures, retries, failures


async def test_requests_are_signed_as_slack_signs_and_forged_as_told(
    fake: FakeSlack, program: Program, alice: Person
):
    class Noon(Clock):
        def now(self) -> float:
            return fake.clock.time()

    verifier = SignatureVerifier(fake.secret, clock=Noon())

    def valid(body: bytes) -> bool:
        headers = program.headers[-1]
        stamp, signed = headers["X-Slack-Request-Timestamp"], headers["X-Slack-Signature"]
        return verifier.is_valid(body, stamp, signed)

    outcome = await alice.slash("/cairn", "é <&>")
    assert valid(outcome.delivery.body)
    outcome = await alice.message("é <&>")
    assert valid(outcome.delivery.body)
    body = b'{"type":"event_callback"}'
    now = fake.clock.time()
    for forged in ({"secret": "other"}, {"timestamp": now - 301}, {"signature": "v0=00"}):
        await fake.send(body, **forged)  # type: ignore[arg-type]
        assert not valid(body)
    await fake.send(body, timestamp=now - 299)
    assert valid(body)
    await fake.send(body, timestamp="1e9")
    assert program.headers[-1]["X-Slack-Request-Timestamp"] == "1e9"
    await fake.send(body, headers={"X-Slack-Signature": ABSENT})
    assert "X-Slack-Signature" not in program.headers[-1]
    assert (fake.failures, len(fake.deliveries)) == ([], 2)


async def test_an_event_comes_again_with_the_same_id(
    fake: FakeSlack, program: Program, alice: Person
):
    outcome = await alice.message("hello")
    assert "X-Slack-Retry-Num" not in program.headers[0]
    await fake.redeliver(outcome)
    await fake.redeliver(outcome, retry=2, reason="http_error")
    assert [got["event_id"] for got in program.got] == [program.got[0]["event_id"]] * 3
    assert [(h["X-Slack-Retry-Num"], h["X-Slack-Retry-Reason"]) for h in program.headers[1:]] == [
        ("1", "http_timeout"),
        ("2", "http_error"),
    ]


async def test_late_answers_and_errors_are_failures(
    fake: FakeSlack, program: Program, alice: Person
):
    async def late(_: Json) -> None:
        await asyncio.sleep(0.3)

    fake.deadline = 0.05
    program.answer = late
    outcome = await alice.slash()
    assert (outcome.status, outcome.failure) == (0, "no answer in 0.05 s")
    fake.deadline = 3
    program.answer = lambda _: web.Response(status=404)
    await alice.message("hello")
    program.answer = lambda said: {"challenge": "wrong"}
    await fake.verify_url()
    program.answer = lambda said: {"challenge": said["challenge"]}
    await fake.verify_url()
    fake.app_url = "http://127.0.0.1:1/"
    await alice.open_home()
    assert fake.failures == [
        "command: no answer in 0.05 s",
        "event message: status 404: ",
        "url_verification: the challenge did not come back",
        "event app_home_opened: no answer: ClientConnectorError",
    ]


async def test_the_app_is_removed(
    fake: FakeSlack, program: Program, slack: AsyncWebClient, alice: Person
):
    await fake.uninstall()
    assert [got["event"]["type"] for got in program.got] == ["tokens_revoked", "app_uninstalled"]
    assert (await call(slack, "auth.test"))["error"] == "token_revoked"
