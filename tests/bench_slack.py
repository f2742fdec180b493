"""How fast does Slack get its answer? Against bare Bolt apps in the same run, each on one core.

The server runs in a process of its own on one core; the load, and the Slack that it calls, on the
other. Runs alternate, so that a drift of the machine's speed meets both.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import open_conversation, utc_now, web_application
from bot.channels.slack import surfaces
from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.decode import Person, fields_of
from bot.channels.slack.ingress import Door, parse
from bot.channels.slack.limits import checked_view
from bot.channels.slack.pen import page_of
from bot.channels.steps import Fields
from bot.conversation import Conversation, Look, Move
from bot.guidance.walk import routes
from bot.seal import Bearer, Seal, Spot, Surface
from bot.settings import HOME, read_settings

SECRET = "bench-secret"
KEY = bytes(range(32))
KEY_TEXT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
TEAM, USER = "T0BENCH", "U0BENCH"
CONNECTIONS = 64
SECONDS = 4.0
PAIRS = 5


# -- the servers


def serve(kind: str, api: str) -> None:
    """Run one server; its first line on standard output is its port."""
    build = {"cairn": cairn, "acknowledge": acknowledge, "acknowledge-and-call": call}[kind]

    async def run() -> None:
        application = build(api)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        print(site._server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(run())


def cairn(api: str) -> web.Application:
    folder = tempfile.mkdtemp()
    settings = read_settings(
        {
            "CAIRN_WEB": "false",
            "CAIRN_SLACK_BOT_TOKEN": "xoxb-bench",
            "CAIRN_SLACK_SIGNING_SECRETS": SECRET,
            "CAIRN_SLACK_API_URL": api,
            "CAIRN_SEAL_KEYS": KEY_TEXT,
            "CAIRN_DATABASE_URL": f"sqlite:///{folder}/bench.db",
        }
    )
    return web_application(settings, open_conversation(settings))


def bolt(api: str) -> tuple[web.Application, AsyncApp]:
    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_token="xoxb-bench")

    async def session(_: web.Application) -> Any:
        async with ClientSession() as shared:
            app._async_client.session = shared
            yield

    async def post(request: web.Request) -> web.StreamResponse:
        response = await app.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(response)

    app = AsyncApp(
        signing_secret=SECRET,
        authorize=authorize,
        process_before_response=True,
        client=AsyncWebClient(base_url=api),
    )
    application = web.Application()
    application.cleanup_ctx.append(session)
    application.router.add_post("/slack/events", post)
    return application, app


def acknowledge(api: str) -> web.Application:
    application, app = bolt(api)

    @app.view("choose")
    async def _(ack: Any) -> None:
        await ack()

    return application


def call(api: str) -> web.Application:
    application, app = bolt(api)
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Bench"},
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "One"}}],
    }

    @app.command("/cairn")
    async def _(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    return application


# -- what Slack sends


def conversation() -> Conversation:
    return open_conversation(read_settings({}))


def form(talk: Conversation) -> bytes:
    """The form of a question in the middle of a walk, as Slack sends it."""
    tree = talk.guidance.trees["can_i_post"]
    ticket = max(routes(tree), key=lambda t: len(t.choices))
    questions = list(ticket.choices)
    half = {q: ticket.choices[q] for q in questions[: len(questions) // 2]}
    place = f"{tree.id}?" + "&".join(f"{q}={'+'.join(p)}" for q, p in half.items())
    person = Person(TEAM, USER)
    answers = SlackAnswers(talk, Seal([KEY], talk.guidance, utc_now))
    reply = talk.respond(Move(place, "fr", Look()))
    view = answers.modal(reply, person)
    asked = next(block for block in view["blocks"] if block["type"] == "input")
    element = asked["element"]
    first = element["options"][0]
    picked = (
        {"type": "checkboxes", "selected_options": [first]}
        if element["type"] == "checkboxes"
        else {"type": "radio_buttons", "selected_option": first}
    )
    body = {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "bench"},
        "user": {"id": USER, "username": "bench", "name": "bench", "team_id": TEAM},
        "api_app_id": "A0BENCH",
        "token": "x",
        "trigger_id": "1.2.3",
        "view": {
            "id": "V1",
            "team_id": TEAM,
            "app_id": "A0BENCH",
            "bot_id": "B1",
            "hash": "1.2",
            "root_view_id": "V1",
            "previous_view_id": None,
            **view,
            "state": {"values": {asked["block_id"]: {"pick": picked}}},
        },
        "response_urls": [],
        "is_enterprise_install": False,
    }
    return urlencode({"payload": json.dumps(body)}).encode()


def command() -> bytes:
    return urlencode(
        {
            "token": "x",
            "team_id": TEAM,
            "team_domain": "bench",
            "channel_id": "C1",
            "channel_name": "general",
            "user_id": USER,
            "user_name": "bench",
            "command": "/cairn",
            "text": "",
            "api_app_id": "A0BENCH",
            "is_enterprise_install": "false",
            "response_url": "https://hooks.slack.com/commands/1/2/3",
            "trigger_id": "1.2.3",
        }
    ).encode()


def request(port: int, body: bytes) -> bytes:
    stamp = str(int(time.time()))
    mark = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
    head = (
        f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\nX-Slack-Request-Timestamp: {stamp}\r\n"
        f"X-Slack-Signature: v0={mark}\r\n\r\n"
    )
    return head.encode() + body


# -- the load


@dataclass
class Run:
    """What one run of the load met."""

    requests: int
    seconds: float
    cpu: float
    times: list[float]

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of processor time a request."""
        return self.cpu / self.requests * 1e6

    def at(self, share: float) -> float:
        """Milliseconds within which that share was answered."""
        return sorted(self.times)[int(len(self.times) * share)] * 1000


async def load(process: subprocess.Popen[str], port: int, body: bytes, *, count: int = 0) -> Run:
    """Keep 64 connections busy for some seconds, or until ``count`` requests were answered."""
    times: list[float] = []
    until = time.perf_counter() + SECONDS
    begin_cpu, begin = cpu_of(process.pid), time.perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        data, made = request(port, body), time.perf_counter()
        while (len(times) < count) if count else (time.perf_counter() < until):
            sent = time.perf_counter()
            if sent - made > 1:  # a trigger that is two seconds old is not used any more
                data, made = request(port, body), sent
            writer.write(data)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if length:
                await reader.readexactly(length)
            times.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return Run(len(times), time.perf_counter() - begin, cpu_of(process.pid) - begin_cpu, times)


def cpu_of(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> float:
    """Megabytes that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def start(kind: str, api: str) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench_slack", "serve", kind, api],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=HOME,
    )
    os.sched_setaffinity(process.pid, {0})
    assert process.stdout is not None
    return process, int(process.stdout.readline())


async def slack() -> tuple[web.AppRunner, str]:
    """A Slack that says yes to everything."""

    async def yes(asked: web.Request) -> web.Response:
        await asked.read()
        told = {"ok": True, "team_id": TEAM, "user_id": "UBOT", "bot_id": "BBOT",
                "view": {"id": "V1", "hash": "1"}, "user": {"locale": "en-CA"}}  # fmt: skip
        return web.json_response(told)

    application = web.Application()
    application.router.add_route("*", "/api/{method}", yes)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    return runner, f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/api/"


async def paired(name: str, bare: str, body: bytes, aim: float) -> None:
    runner, api = await slack()
    ours, ours_port = start("cairn", api)
    theirs, theirs_port = start(bare, api)
    pairs: list[tuple[Run, Run]] = []
    try:
        await asyncio.sleep(1)
        for _ in range(PAIRS + 1):
            run = await load(ours, ours_port, body)
            pairs.append((run, await load(theirs, theirs_port, body)))
    finally:
        for process in (ours, theirs):
            process.kill()
            process.wait()
        await runner.cleanup()
    del pairs[0]  # the first one warms up
    ratio = statistics.median(a.rate / b.rate for a, b in pairs)
    a, b = (
        sorted(side, key=lambda run: run.rate)[len(side) // 2] for side in zip(*pairs, strict=True)
    )
    print(f"{name}: {a.rate:,.0f} requests/s, a bare app that does `{bare}` {b.rate:,.0f};"
          f" ratio {ratio:.2f} (aim {aim}); processor {a.cost:.0f} and {b.cost:.0f} µs a request;"
          f" p50 {a.at(0.5):.1f} and {b.at(0.5):.1f} ms, p99 {a.at(0.99):.1f} and"
          f" {b.at(0.99):.1f} ms at {CONNECTIONS} connections")  # fmt: skip


async def flat(body: bytes, count: int) -> None:
    """Does memory stay flat over many requests?"""
    runner, api = await slack()
    ours, port = start("cairn", api)
    seen = []
    try:
        await asyncio.sleep(1)
        for share in range(7):
            if share:
                await load(ours, port, body, count=count // 6)
            seen.append(memory_of(ours.pid))
    finally:
        ours.kill()
        ours.wait()
        await runner.cleanup()
    print(f"memory over {count:,} modal steps: " + " → ".join(f"{mb:.1f}" for mb in seen) + " MB")


def parts(talk: Conversation, body: bytes) -> None:
    """Where the time of a modal step goes, in microseconds."""
    seal = Seal([KEY], talk.guidance, utc_now)
    answers = SlackAnswers(talk, seal)
    person = Person(TEAM, USER)
    bearer = Bearer("slack", TEAM, USER, Surface.MODAL)
    door = Door([SECRET], utc_now)
    kind = "application/x-www-form-urlencoded"
    stamp = str(int(time.time()))
    mark = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mark}"}
    parsed = parse(kind, body)
    view = parsed["view"]
    fields: Fields = fields_of(view["state"])
    spot = seal.open(view["private_metadata"], bearer)
    assert isinstance(spot, Spot)
    step = answers.step("choose", spot, fields)
    reply = answers.reply(step)
    capsule = answers.capsule(reply, person, Surface.MODAL)
    shown = surfaces.modal(reply, page_of(reply, 1), capsule)
    steps: dict[str, Callable[[], object]] = {
        "verify": lambda: door.verify(headers, body),
        "parse": lambda: parse(kind, body),
        "open": lambda: seal.open(view["private_metadata"], bearer),
        "walk": lambda: answers.reply(answers.step("choose", spot, fields_of(view["state"]))),
        "seal": lambda: answers.capsule(reply, person, Surface.MODAL),
        "render": lambda: surfaces.modal(reply, page_of(reply, 1), capsule),
        "limits": lambda: checked_view(shown),
        "dump": lambda: json.dumps(shown, ensure_ascii=False, separators=(",", ":")),
    }
    found = []
    for name, work in steps.items():
        rounds = []
        for _ in range(7):
            begin = time.perf_counter()
            for _ in range(400):
                work()
            rounds.append((time.perf_counter() - begin) / 400 * 1e6)
        found.append(f"{name} {statistics.median(rounds):.0f}")
    print(f"parts of a modal step, µs: {', '.join(found)} ({len(body):,} bytes in)")


async def bench(count: int = 300_000) -> None:
    """Print every figure."""
    talk = conversation()
    body = form(talk)
    others = os.sched_getaffinity(0)
    if len(others) > 1:
        os.sched_setaffinity(0, others - {0})
    try:
        parts(talk, body)
        await paired("modal step", "acknowledge", body, 0.5)
        await paired("slash command", "acknowledge-and-call", command(), 0.7)
        await flat(body, count)
    finally:
        os.sched_setaffinity(0, others)


if __name__ == "__main__":
    reader = argparse.ArgumentParser()
    reader.add_argument("what", choices=("serve", "all"))
    reader.add_argument("rest", nargs="*")
    given = reader.parse_args()
    if given.what == "serve":
        serve(*given.rest)
    else:
        asyncio.run(bench(*map(int, given.rest)))
