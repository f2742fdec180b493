"""Does Cairn call only whom an operator named, by one way, and before a name is looked up?"""

from __future__ import annotations

import ast
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.sessions import ForeignHostError, is_named, new_session
from bot.desk import cards as on_cards
from bot.desk import consent, writing
from bot.desk import officer as at_office
from tests.both_app import running
from tests.conftest import ROOT
from tests.desk_hands import hand_of, somebody
from tests.slack.fake import FakeSlack
from tests.teams.fake import FakeTeams

# ---- no other way out

WAYS_OUT = {
    "aiohttp.ClientSession", "aiohttp.TCPConnector", "aiohttp.UnixConnector", "aiohttp.request",
    "aiosmtplib", "asyncio.open_connection", "asyncio.open_unix_connection", "asyncpg",
    "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "create_connection",
    "socket.create_connection",
    "create_datagram_endpoint", "ftplib", "http.client", "httpx", "imaplib", "msal", "os.popen",
    "os.system", "paramiko", "poplib", "requests", "smtplib", "socket", "subprocess", "telnetlib",
    "urllib.request", "urllib3", "websockets", "xmlrpc",
}  # fmt: skip
"""What can open a connection, or start something that does."""

KNOWN = {
    "bot/channels/sessions.py": {"aiohttp.ClientSession", "aiohttp.TCPConnector", "urllib.request"},
    "bot/channels/teams/tokens.py": {"msal", "requests"},
    "bot/history.py": {"subprocess"},
    "bot/mail.py": {"aiosmtplib"},
    "bot/store/engine.py": {"asyncpg"},
    "bot/store/errors.py": {"asyncpg"},
}
"""The guard; Microsoft's own log-in; ``git`` on this machine; the operator's mail and database."""

OF_A_TYPE = {"aiohttp.ClientSession"}
"""Named in annotations all over; only to make one is a way out."""


def ways_out(source: str) -> set[str]:
    """What a module uses that can open a connection."""
    found: set[str] = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            names = [name for name in names if name not in OF_A_TYPE]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            exact = {called, called.rpartition(".")[2], f"aiohttp.{called}"}
            found |= exact & {way for way in WAYS_OUT if "." in way or way.startswith("create_")}
        for name in names:
            found |= {way for way in WAYS_OUT if name == way or name.startswith(f"{way}.")}
    return found


def test_no_module_opens_a_connection_in_another_way():
    found = {
        path.relative_to(ROOT).as_posix(): ways
        for path in sorted((ROOT / "bot").rglob("*.py"))
        if (ways := ways_out(path.read_text("utf-8")))
    }
    assert found == KNOWN


@pytest.mark.parametrize(
    "source",
    ["import requests", "from urllib.request import urlopen", "import http.client as c",
     "from aiohttp import ClientSession\nClientSession()", "aiohttp.ClientSession()",
     "async def f():\n    await asyncio.open_connection('x', 1)", "from smtplib import SMTP",
     "async def f(loop):\n    await loop.create_connection(P, 'x', 1)", "import subprocess"],
)  # fmt: skip
def test_another_way_would_be_found(source: str):
    assert ways_out(source)


# ---- what is connected to, and which names are looked up


_watching: list[list[tuple[str, str, int]]] = []


def _heard(event: str, args: tuple[object, ...]) -> None:
    if not _watching:
        return
    if event == "socket.connect" and isinstance(args[1], tuple):
        _watching[-1].append(("connect", str(args[1][0]), int(args[1][1])))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        port = args[1] if len(args) > 1 else 0
        _watching[-1].append(("look up", str(args[0]), int(port) if isinstance(port, int) else 0))


sys.addaudithook(_heard)


@contextmanager
def watched() -> Iterator[list[tuple[str, str, int]]]:
    """Every connection that this process opens, and every name that it looks up."""
    found: list[tuple[str, str, int]] = []
    _watching.append(found)
    try:
        yield found
    finally:
        _watching.remove(found)


def test_the_recorder_hears_what_is_looked_up_and_connected_to():
    import socket

    with watched() as seen, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        socket.getaddrinfo("localhost", 80)
        socket.create_connection(free.getsockname()).close()
    assert ("look up", "localhost", 80) in seen
    assert ("connect", *free_name(seen)) in seen


def free_name(seen: list[tuple[str, str, int]]) -> tuple[str, int]:
    return next((host, port) for what, host, port in seen if what == "connect")


async def test_all_that_is_done_for_people_goes_to_the_platforms_and_the_mail_server_alone():
    async with FakeSlack(rates=False) as slack, FakeTeams(rates=False) as teams:
        with watched() as seen:
            async with running(slack, teams) as cairn:
                ports = {urlsplit(one).port for one in
                         (slack.url, slack.app_url, teams.service_url, teams.app_url)}  # fmt: skip
                at_slack, in_teams = (urlsplit(one).port for one in (slack.url, teams.service_url))
                for platform in ("slack", "teams"):
                    asker = somebody(cairn, platform, f"Alice of {platform}")
                    await asker.walk("find_office", who="employee", need="post")
                    await asker.press(writing.OFFICES)
                    await asker.pick("office", "values_ethics")
                    await asker.press(writing.WRITE)
                    await asker.write(
                        "text", "May I? See https://evil.example/ <https://x.example>"
                    )
                    await asker.press(writing.REVIEW)
                    await asker.pick("agree", "yes")
                    await asker.press(consent.SEND)
                    await asker.close()
                officer = hand_of(cairn, cairn.officers[0])
                await officer.open([*cairn.office.messages.values()][-1], on_cards.CLAIM)  # type: ignore[union-attr]
                await officer.press(at_office.CLEAR)
                await officer.close()
                person, other = cairn.slack.person("sam"), cairn.teams.person("sam")
                await person.message("look at https://evil.example/")
                await person.open_home()
                await person.mention(
                    cairn.slack.channel("team", person), "help http://evil.example"
                )
                await other.message("look at [this](https://evil.example/)")
                await other.mention(cairn.teams.channel("team", other), "pin")
                await cairn.settle()
    known = {"127.0.0.1", "localhost"}
    assert {host for _, host, _ in seen} <= known
    to = {port for what, _, port in seen if what == "connect"}
    assert to <= ports, "the mail server is called only for an office that takes letters"
    assert {at_slack, in_teams} <= to


# ---- the guard


@pytest.fixture
async def named() -> AsyncIterator[TestServer]:
    """A host that may be called, and sends away whoever asks it to."""

    async def get(request: web.Request) -> web.Response:
        if to := request.query.get("to"):
            return web.Response(status=int(request.query["by"]), headers={"Location": to})
        return web.Response(text="here")

    application = web.Application()
    application.router.add_route("*", "/", get)
    server = TestServer(application)
    await server.start_server()
    yield server
    await server.close()


FOREIGN = (
    "http://evil.example/", "https://evil.example/", "http://127.0.0.2/", "http://localhost/",
    "http://[::1]/", "http://127.0.0.1@evil.example/", "http://127.0.0.1.evil.example/",
    "http://169.254.169.254/latest/", "http://0/", "http://2130706433/", "http://0x7f000001/",
    "http://evil.example./", "http://xn--127-0-0-1.example/", "http://good.example.evil.example/",
    "http://evilgood.example/", "http://all.example/",
)  # fmt: skip
NAMED = frozenset({"127.0.0.1", "good.example", "*.all.example"})


@pytest.mark.parametrize("address", FOREIGN)
async def test_a_host_that_was_not_named_is_not_even_looked_up(address: str):
    async with new_session("http://127.0.0.1/", NAMED) as session:
        with watched() as seen:
            for method in ("GET", "POST"):
                with pytest.raises((ForeignHostError, ValueError)):
                    await session.request(method, address)
            with pytest.raises((ForeignHostError, ValueError)):
                await session.ws_connect(address)
    assert seen == []


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
async def test_nobody_is_followed_to_a_host_that_was_not_named(status: str, named: TestServer):
    async with new_session("http://127.0.0.1/", NAMED) as session:
        address = named.make_url("/").with_query({"to": "http://evil.example/", "by": status})
        with watched() as seen, pytest.raises(ForeignHostError):
            await session.post(address, data=b"secret", headers={"Authorization": "Bearer x"})
    assert {host for _, host, _ in seen} <= {"127.0.0.1"}


async def test_a_host_that_was_named_is_called(named: TestServer):
    async with (
        new_session("http://127.0.0.1/", NAMED) as session,
        session.get(named.make_url("/")) as answer,
    ):
        assert await answer.text() == "here"


@pytest.mark.parametrize(
    ("host", "known"),
    [("good.example", True), ("a.all.example", True), ("a.b.all.example", True),
     ("all.example", False), ("ball.example", False), ("", False), ("a.all.example.", False),
     ("a.good.example", False), ("*.all.example", True)],
)  # fmt: skip
def test_a_star_stands_for_what_is_below_a_name(host: str, known: bool):
    assert is_named(host, NAMED) is known
