"""What runs in the benchmark of Teams: the servers, what they answer to, and the load.

Each server is a process of its own on one core; the load, and the service that is answered to, are
on the other. What we are held against is ``bench_teams_stock``, in an environment of its own under
``build/``, which is made when it is first needed.

    python -m tests.bench_teams_load cairn PORT METADATA_URL   # as ``cairn serve``
    python -m tests.bench_teams_load bare PORT METADATA_URL    # looks at the token, and no more
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import app
from bot.channels.sessions import new_session
from bot.channels.teams.channel import PATH
from bot.channels.teams.connector import Connector
from bot.channels.teams.keys import Keys
from bot.channels.teams.transport import BotFramework
from bot.settings import HOME, read_settings
from tests.bench_slack import KEY_TEXT, Run, cpu_of
from tests.bench_teams_people import Presser
from tests.command import held_port
from tests.teams.login import Login

CONNECTIONS = (16, 64)
SECONDS = 2.0
STOCK = Path(__file__).with_name("bench_teams_stock.py")
ENVIRONMENT = HOME / "build" / "bench-teams"
TENANTS = [f"7e4a0000-0000-4000-8000-{number:012}" for number in range(41)]
"""Many, so that not all that is said runs into the rate of one of them."""


# -- the servers


def serve(kind: str, port: str, metadata_url: str) -> None:
    """Run one server; what it prints says that it is nearly ready."""
    if kind == "cairn":
        settings = read_settings(os.environ)
        app.serve(settings, lambda _: print("starts", flush=True), lambda _: None)
    else:
        print("starts", flush=True)
        web.run_app(
            bare(metadata_url), host="127.0.0.1", port=int(port), access_log=None, print=None
        )


def bare(metadata_url: str) -> web.Application:
    """An application that looks at the token as ours does, and at nothing else."""
    port = web.AppKey("port", BotFramework)

    async def running(application: web.Application) -> AsyncIterator[None]:
        async with new_session(metadata_url, frozenset({"127.0.0.1"})) as session:
            keys, sends = Keys(metadata_url, session), Connector(session, frozenset(), None)
            application[port] = BotFramework(sends, app_id=Login.app_id, keys=keys)
            yield

    async def post(request: web.Request) -> web.Response:
        await request.app[port].authenticate(request.headers.get("Authorization"))
        await request.read()
        return web.Response()

    application = web.Application()
    application.cleanup_ctx.append(running)
    application.router.add_post(PATH, post)
    return application


def environment() -> Path:
    """Return the Python of the environment of the archived SDK, which is made where it lacks."""
    pinned = STOCK.with_suffix(".txt")
    ready, python = ENVIRONMENT / "ready", ENVIRONMENT / "bin" / "python"
    if not ready.exists() or ready.read_text() != pinned.read_text():
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check",
                   "--require-hashes", "--no-deps", "--requirement", str(pinned)]  # fmt: skip
        subprocess.run([python, *install], check=True)
        ready.write_text(pinned.read_text())
    return python


@dataclass
class Service:
    """What the servers answer to, which says yes to everything, and counts."""

    login: Login
    url: str
    calls: Counter[str]

    @cached_property
    def tokens(self) -> list[str]:
        """A token for each connection."""
        return [self.login.token(serviceurl=self.url, jti=str(n)) for n in range(CONNECTIONS[-1])]


@asynccontextmanager
async def service(login: Login) -> AsyncIterator[Service]:
    calls: Counter[str] = Counter()

    async def yes(asked: web.Request) -> web.Response:
        await asked.read()
        calls[asked.method] += 1
        return web.json_response({"id": "1"})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", yes)
    async with login, TestServer(application) as server:
        yield Service(login, str(server.make_url("/teams/")), calls)


@dataclass
class Server:
    """A server that runs."""

    process: subprocess.Popen[str]
    port: int


@contextmanager
def started(kind: str, at: Service) -> Iterator[Server]:
    login = at.login
    with tempfile.TemporaryDirectory() as folder, held_port() as port:
        settings = {
            "CAIRN_PORT": str(port),
            "CAIRN_WEB": "false",
            "CAIRN_SEAL_KEYS": KEY_TEXT,
            "CAIRN_DATABASE_URL": f"sqlite:///{folder}/bench.db",
            "CAIRN_TEAMS_APP_ID": login.app_id,
            "CAIRN_TEAMS_APP_PASSWORD": "a secret of no use",
            "CAIRN_TEAMS_APP_TENANT": login.tenant,
            "CAIRN_TEAMS_TENANTS": ",".join(TENANTS),
            "CAIRN_TEAMS_METADATA_URL": login.metadata_url,
            "CAIRN_TEAMS_SERVICE_HOSTS": urlsplit(at.url).netloc,
        }
        program = [sys.executable, "-m", "tests.bench_teams_load"]
        if kind not in ("cairn", "bare"):
            program = [str(environment()), str(STOCK)]
        process = subprocess.Popen(
            [*program, kind, str(port), login.metadata_url, login.app_id, login.tenant],
            env=os.environ | settings,
            cwd=HOME,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            os.sched_setaffinity(process.pid, {0})
            assert process.stdout is not None
            assert process.stdout.readline(), f"{kind} does not start"
            wait_for(port)
            yield Server(process, port)
        finally:
            process.kill()
            process.wait()


def wait_for(port: int) -> None:
    """Wait until somebody listens there, half a minute at the most."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)  # this process does nothing else until then
    raise SystemExit(f"nobody listens on port {port}")


# -- the load


def request(token: str, body: bytes) -> bytes:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "User-Agent: Microsoft-SkypeBotApi (Microsoft-BotFramework/3.0)\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def load(
    server: Server, at: Service, people: deque[Presser], connections: int, count: int = 0
) -> Run:
    """Keep connections busy for some seconds, or until ``count`` requests were answered."""
    times: list[float] = []
    begin_cpu, begin = cpu_of(server.process.pid), time.perf_counter()
    until = begin + SECONDS

    async def one(token: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while (len(times) < count) if count else (time.perf_counter() < until):
            somebody = people.popleft()
            data, sent = request(token, somebody.body()), time.perf_counter()
            writer.write(data)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")), head
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            times.append(time.perf_counter() - sent)
            somebody.take(answer)
            people.append(somebody)
        writer.close()

    await asyncio.gather(*map(one, at.tokens[:connections]))
    seconds = time.perf_counter() - begin
    return Run(len(times), seconds, cpu_of(server.process.pid) - begin_cpu, times)


if __name__ == "__main__":
    serve(*sys.argv[1:4])
