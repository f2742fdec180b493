"""Are secrets never printed, and is every answer guarded, whatever is asked of the port?"""

from __future__ import annotations

import asyncio
import base64
import re
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from aiohttp import ClientSession, DummyCookieJar
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.app import parts, web_application
from bot.channels.slack.channel import PATH as SLACK_PATH
from bot.channels.teams.channel import PATH as TEAMS_PATH
from bot.channels.web.server import MAX_BODY
from bot.cli import main
from bot.errors import CairnError
from bot.guidance.words import LANGS, Lang
from bot.settings import Settings, read_settings
from tests.command import AT_DEBUG, command
from tests.conftest import SAMPLE
from tests.slack.fake import FakeSlack
from tests.slack_app import guidance_of, logged
from tests.slack_app import settings_for as slack_settings
from tests.teams.fake import FakeTeams
from tests.teams_app import settings_for as teams_settings

# ---- secrets

CANARY = "Zq7canary"
APP, TENANT = "0a1b2c3d-0000-4000-8000-00000000ca11", "7e4a0000-0000-4000-8000-0000000000a1"


def _key(number: int) -> str:
    return base64.b64encode(bytes([number]) * 32).decode()


SECRETS = {
    "seal_keys": f"{_key(101)},{_key(102)}",
    "case_keys": f"{_key(103)}",
    "slack_signing_secrets": f"{CANARY}-signs,{CANARY}-signed",
    "slack_bot_token": f"xoxb-{CANARY}-bot",
    "slack_app_token": f"xapp-{CANARY}-app",
    "teams_app_password": f"{CANARY}-teams",
    "smtp_url": f"smtps://{CANARY}user:{CANARY}mail@127.0.0.1:1?from=cairn@lakes.example",
    "database_url": f"postgresql://{CANARY}user:{CANARY}db@127.0.0.1:1/cairn",
}
"""A value for each secret setting by which it can be found again."""

PUBLIC = {
    "slack_api_url": "http://127.0.0.1:1/api/", "teams_app_id": APP, "teams_tenants": TENANT,
    "teams_metadata_url": "http://127.0.0.1:1/x", "organization": str(SAMPLE),
}  # fmt: skip

NEEDLES = tuple(
    re.findall(rf"{CANARY}[a-z-]*", " ".join(SECRETS.values()))
    + [_key(number) for number in (101, 102, 103)]
    + [repr(bytes([number]) * 4)[2:-1] for number in (101, 102, 103)]
    + [(bytes([number]) * 8).hex() for number in (101, 102, 103)]
)


def found_in(*texts: str) -> list[str]:
    return [needle for needle in NEEDLES for text in texts if needle in text]


def environ(**changed: str | None) -> dict[str, str]:
    given: dict[str, str | None] = {**SECRETS, **PUBLIC, **changed}
    return {f"CAIRN_{name.upper()}": value for name, value in given.items() if value is not None}


def kept_secret() -> set[str]:
    """The settings that do not show when they are printed."""
    return {
        name
        for name, one in Settings.model_fields.items()
        if one.annotation is SecretStr or SecretStr in get_args(one.annotation)
    }


def test_every_setting_that_opens_something_is_kept_secret_and_was_thought_of():
    assert kept_secret() == set(SECRETS)
    telling = re.compile(r"secret|token|password|key|smtp|database")
    assert {name for name in Settings.model_fields if telling.search(name)} == set(SECRETS)


def test_settings_show_no_secret_in_whatever_way_they_are_written():
    settings = read_settings(environ())
    ways = (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump()),
            f"{settings.mail_server!r}", repr(vars(settings)))  # fmt: skip
    assert found_in(*ways) == []
    for name in SECRETS:
        assert repr(getattr(settings, name)).startswith("SecretStr('*")


@pytest.mark.parametrize("name", sorted(SECRETS))
@pytest.mark.parametrize(
    "wrong", ["{}\n{}", "{},", "\x00{}", "{}\ud800", "{}" * 40, " {} ", "ftp://{}@x/{}", ",{},"]
)
def test_no_error_of_a_setting_repeats_its_value(name: str, wrong: str):
    value = wrong.replace("{}", SECRETS[name])
    for alone in (True, False):
        given = {f"CAIRN_{name.upper()}": value} if alone else environ(**{name: value})
        try:
            told = repr(read_settings(given))
        except CairnError as error:
            chain = (error.__cause__, error.__context__ if not error.__suppress_context__ else None)
            told = " ".join((str(error), repr(error), *(error[lang] for lang in LANGS)))
            assert chain == (None, None), "what it came from would be shown with it"
            assert f"CAIRN_{name.upper()}" in told or "CAIRN_" in told
        assert found_in(told) == []


COMMANDS: tuple[tuple[str, Lang], ...] = (
    ("serve", "en"), ("serve", "fr"), ("cases", "fr"), ("rekey", "en"), ("doctor", "en"),
    ("doctor", "fr"), ("check", "en"), ("nonsense", "fr"),
)  # fmt: skip


@pytest.mark.parametrize(("command", "lang"), COMMANDS)
def test_no_command_prints_a_secret(
    command: str, lang: Lang, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """The database does not answer, so those that need one fail, and say so."""
    monkeypatch.setattr(parts, "_PATIENCE", 0.0)
    for name, value in environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LANG", f"{lang}_CA.UTF-8")
    with logged() as log:
        try:
            status = main(command.split())
        except SystemExit as ended:
            status = int(ended.code or 0)
    told = capfd.readouterr()
    assert found_in(told.out, told.err, log.getvalue()) == []
    assert told.out or told.err or log.getvalue() or status == 0


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_file_of_a_secret_that_cannot_be_read_is_named_by_its_setting_alone(
    name: str, tmp_path: Path
):
    path = tmp_path / f"{CANARY}-signs"
    with pytest.raises(CairnError) as caught:
        read_settings({**environ(**{name: None}), f"CAIRN_{name.upper()}_FILE": str(path)})
    assert found_in(*(caught.value[lang] for lang in LANGS)) == []


async def test_the_running_command_shows_no_secret_on_any_way_out_and_not_when_it_crashes(
    tmp_path: Path,
):
    """It logs all that it can, cannot reach Slack, mail or keys, and is killed by a fault."""
    given = environ(web="true", database_url=f"sqlite:///{tmp_path}/cairn.db")
    given["PYTHONFAULTHANDLER"] = "1"
    pages: list[str] = []
    async with command(tmp_path, given, start=AT_DEBUG, ready="health/live") as cairn:
        async with ClientSession(cairn.url) as http:
            for path in ("/", "/health/ready", "/metrics", "/nothing"):
                async with http.get(path) as answer:
                    pages.append(f"{answer.headers} {await answer.text()}")
            for path in (SLACK_PATH, TEAMS_PATH):
                async with http.post(path, data=b"{}") as answer:
                    pages.append(f"{answer.headers} {await answer.text()}")
        pages.append(_read(Path(f"/proc/{cairn.process.pid}/cmdline")))
        cairn.process.send_signal(signal.SIGABRT)
        async with asyncio.timeout(20):
            assert await cairn.process.wait() != 0
    files = {path.name: _read(path) for path in _below(tmp_path)}
    assert "Fatal Python error" in files["stderr"]
    assert '"debug"' in files["stderr"]
    assert found_in(*pages, *files.values()) == []


def _read(path: Path) -> str:
    return path.read_bytes().decode("latin-1")


def _below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# ---- every answer is guarded


@dataclass(frozen=True)
class Port:
    """Cairn on all its channels, and where it listens."""

    host: str
    number: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.number}"


@asynccontextmanager
async def listening(*, web: bool) -> AsyncIterator[Port]:
    """Cairn on a port, which tells all that it can, and no traceback."""
    with logged() as told, tempfile.TemporaryDirectory() as spare:
        async with FakeSlack(rates=False) as slack, FakeTeams(rates=False) as teams:
            given = {
                **teams_settings(teams, Path(spare), None),
                **slack_settings(slack, Path(spare)),
                "CAIRN_WEB": str(web).lower(),
            }
            server = TestServer(web_application(read_settings(given), guidance_of()))
            await server.start_server(access_log=None, shutdown_timeout=1.0)
            try:
                yield Port("127.0.0.1", server.port or 0)
            finally:
                await server.close()
    assert "Traceback" not in told.getvalue()


@pytest.fixture
async def cairn() -> AsyncIterator[Port]:
    async with listening(web=True) as port:
        yield port


@pytest.fixture
async def http(cairn: Port) -> AsyncIterator[ClientSession]:
    async with ClientSession(cairn.url, cookie_jar=DummyCookieJar()) as http:
        yield http


GUARDS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ASKED: tuple[tuple[str, str, dict[str, str], bytes, int], ...] = (
    ("GET", "/", {}, b"", 200), ("HEAD", "/", {}, b"", 200),
    ("POST", "/", FORM, b"do=open:offices", 200), ("POST", "/", FORM, b"place=nowhere", 404),
    ("POST", "/", FORM, b"text=" + b"x" * MAX_BODY, 413), ("POST", "/", {}, b"{}", 400),
    ("POST", "/", {**FORM, "Content-Encoding": "gzip"}, b"no", 400),
    ("GET", "/static/cairn.css", {}, b"", 200), ("GET", "/static/cairn.js", {}, b"", 200),
    ("GET", "/static/nothing", {}, b"", 404), ("GET", "/nowhere", {}, b"", 404),
    ("GET", "/health/live", {}, b"", 200), ("GET", "/health/ready", {}, b"", 200),
    ("GET", "/metrics", {}, b"", 200), ("POST", "/health/live", {}, b"", 404),
    ("POST", SLACK_PATH, {}, b"{}", 401), ("GET", SLACK_PATH, {}, b"", 404),
    ("POST", TEAMS_PATH, {"Content-Type": "application/json"}, b"{", 400),
    ("POST", SLACK_PATH, {}, b"x" * 300_000, 413),
    ("PUT", "/", {}, b"", 404), ("OPTIONS", "/", {"Origin": "https://x.example"}, b"", 404),
    ("DELETE", SLACK_PATH, {}, b"", 404), ("PATCH", "/static/cairn.css", {}, b"", 404),
    ("TRACE", "/", {"X-Told": "my echo"}, b"", 404), ("PROPFIND", "/", {}, b"", 404),
    ("GET", "/?x=1", {"Range": "bytes=0-10"}, b"", 200),
)  # fmt: skip


async def test_every_answer_of_every_route_is_guarded(http: ClientSession):
    for method, path, headers, body, status in ASKED:
        async with http.request(method, path, headers=headers, data=body) as answer:
            where, page = f"{method} {path}", await answer.text()
            assert answer.status == status, where
            assert {name: answer.headers.get(name) for name in GUARDS} == GUARDS, where
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, where
            assert "frame-ancestors 'none'" in policy, where
            assert "unsafe" not in policy, where
            stored = answer.headers["Cache-Control"]
            static = path.startswith("/static/cairn") and status == 200
            assert (stored == "no-store") is not static, where
            assert "Server" not in answer.headers, where
            assert "Set-Cookie" not in answer.headers, where
            assert not [name for name in answer.headers if name.startswith("Access-Control")]
            assert "my echo" not in page, "what is sent is not echoed"


async def test_without_the_web_chat_every_answer_is_guarded_as_well():
    async with listening(web=False) as port, ClientSession(port.url) as http:
        for method, path, status in (("GET", "/", 404), ("PUT", "/health/live", 405),
                                     ("TRACE", SLACK_PATH, 405), ("GET", TEAMS_PATH, 405),
                                     ):  # fmt: skip
            async with http.request(method, path) as answer:
                assert answer.status == status
                assert {name: answer.headers.get(name) for name in GUARDS} == GUARDS
                assert answer.headers["Cache-Control"] == "no-store"
                assert "Server" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1:1@evil.example", "", "x" * 5_000, "[::1", "a b", "é"]
)
async def test_whatever_host_is_asked_for_the_page_is_the_same(
    host: str, cairn: Port, http: ClientSession
):
    async with http.get("/") as answer:
        page = await answer.text()
    told = await exchanged(cairn, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    head, _, body = told.partition("\r\n\r\n")
    assert statuses(told) in (["200"], ["400"])
    assert statuses(told) == ["400"] or body.endswith("</html>\n") or body in page
    assert "evil" not in body
    assert "Location" not in head


# ---- frames that lie


@asynccontextmanager
async def connected(
    cairn: Port,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(cairn.host, cairn.number)
    try:
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.transport.abort()


async def exchanged(cairn: Port, request: str) -> str:
    """All that comes back until the other side ends the connection."""
    async with connected(cairn) as (reader, writer):
        writer.write(request.encode())
        await writer.drain()
        return (await reader.read()).decode("utf-8", "replace")


def statuses(told: str) -> list[str]:
    return re.findall(r"(?m)^HTTP/1\.[01] (\d{3})", told)


HIDDEN = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
LYING = (
    f"Content-Length: {len(HIDDEN) + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "Content-Length: 0\r\nContent-Length: 50\r\n\r\n", "Content-Length: 0, 50\r\n\r\n",
    "Content-Length: +0\r\n\r\n", "Content-Length: -1\r\n\r\n", "Content-Length: 0x0\r\n\r\n",
    "Content-Length : 0\r\n\r\n", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n",
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "X: a\r\n\tContent-Length: 50\r\n\r\n",
    "X: a\x00b\r\n\r\n", "X Y: 1\r\n\r\n", ": 1\r\n\r\n",
)  # fmt: skip
"""What two machines in a row could take for requests of different lengths."""


@pytest.mark.parametrize("lie", LYING)
async def test_a_request_of_two_lengths_is_refused_and_nothing_after_it_is_answered(
    lie: str, cairn: Port
):
    told = await exchanged(
        cairn,
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['Content-Type']}\r\n{lie}{HIDDEN}",
    )
    assert statuses(told) == ["400"]
    assert "ok\n" not in told.partition("\r\n\r\n")[2].splitlines(keepends=True)


@pytest.mark.parametrize(
    "path",
    ["/static/../server.py", "/static/..%2fserver.py", "/static/%2e%2e/server.py",
     "/static//etc/passwd", "/static/..\\server.py", "/static/cairn.css%00.html",
     "/static/cairn.css/..", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
     "/static/", "/static", "/.git/config",
     "http://evil.example/static/../etc/passwd", "/templates/page.html", "/static/.%00./x"],
)  # fmt: skip
async def test_no_file_but_the_three_is_ever_served(path: str, cairn: Port):
    told = await exchanged(cairn, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert statuses(told) in (["404"], ["400"])
    assert "root:" not in told
    assert "import " not in told


# ---- those who take their time


async def test_a_form_that_trickles_is_cut(
    cairn: Port, http: ClientSession, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.web.server._SLOWEST", 0.05)
    async with connected(cairn) as (reader, writer):
        writer.write(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nplace"
        )
        assert b" 408 " in await reader.readline()


async def test_many_who_never_end_their_request_keep_nobody_from_being_answered(
    cairn: Port, http: ClientSession
):
    async with asyncio.timeout(30):
        for path in ("/", SLACK_PATH, TEAMS_PATH):
            held = [await asyncio.open_connection(cairn.host, cairn.number) for _ in range(100)]
            for _, writer in held:
                writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nX-Long: ".encode())
            async with http.get("/") as answer:
                assert answer.status == 200
            for _, writer in held:
                writer.transport.abort()
