"""Does anything hold up everybody? Keys, tokens and cards are fetched and made beside one another.

Cairn runs on a loop in a thread of its own here; Teams and the login host are on the loop of the
test. Python tells of every file that is opened, connection that is waited for, name that is looked
up (PEP 578), and in whose thread: on Cairn's loop, all people would wait for it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.app import web_application
from bot.channels.teams.channel import CHANNEL, PATH
from bot.channels.teams.tokens import TokenSource
from bot.settings import read_settings
from tests.slack_app import guidance_of
from tests.teams import screen
from tests.teams.fake import FakeTeams
from tests.teams.login import Login
from tests.teams.person import Person
from tests.teams_app import settings_for

PEOPLE, PRESSES = 20, 10
BLOCKS = frozenset(
    {"open", "os.listdir", "os.scandir", "os.system", "os.fork", "os.posix_spawn", "fcntl.flock",
     "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr",
     "socket.getnameinfo", "http.client.connect", "urllib.Request", "subprocess.Popen",
     "sqlite3.connect"}
)  # fmt: skip
_Found = TypeVar("_Found")


@dataclass
class Watch:
    """What blocked while it was on, and in which thread."""

    noted: list[tuple[int, str]] = field(default_factory=list)

    def on(self, thread: int) -> list[str]:
        return [what for where, what in self.noted if where == thread]

    def beside(self, thread: int) -> list[str]:
        return [what for where, what in self.noted if where != thread]


_watches: list[Watch] = []


@cache
def _listen() -> None:
    """Have Python tell; that cannot be taken back, so it is done once and only for these tests."""

    def told(event: str, arguments: tuple[Any, ...]) -> None:
        if not _watches or event not in BLOCKS:
            return
        if event == "socket.connect" and arguments[0].gettimeout() == 0:
            return  # it does not wait
        for watch in _watches:
            watch.noted.append((threading.get_ident(), f"{event} {arguments!r:.200}"))

    sys.addaudithook(told)


@contextmanager
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    _listen()
    watch, sleep = Watch(), time.sleep

    def told(seconds: float) -> None:
        watch.noted.append((threading.get_ident(), "time.sleep"))
        sleep(seconds)

    _watches.append(watch)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(time, "sleep", told)  # Python 3.11 does not tell of it
            yield watch
    finally:
        _watches.remove(watch)


@dataclass(frozen=True)
class Served:
    """Cairn on its own loop."""

    fake: FakeTeams
    login: Login
    application: web.Application
    url: str
    loop: asyncio.AbstractEventLoop
    thread: int

    async def do(self, work: Coroutine[Any, Any, _Found]) -> _Found:
        """Do something on Cairn's loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    async def answers_others(self) -> bool:
        """Tell whether somebody else is answered now."""
        address = f"{self.url}health/live"
        async with asyncio.timeout(20), ClientSession() as http, http.get(address) as answer:
            return answer.status == 200

    async def drain(self) -> None:
        await self.fake.until(lambda: self.application[CHANNEL].tasks.count == 0)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """Teams and a login host here, and Cairn on a loop of its own, started and ready."""
    started: Future[Served] = Future()
    ended: Future[None] = Future()

    async def serve() -> None:
        server = TestServer(application)
        await server.start_server(access_log=None, shutdown_timeout=1.0)
        fake.app_url, url = str(server.make_url(PATH)), str(server.make_url("/"))
        loop, thread = asyncio.get_running_loop(), threading.get_ident()
        started.set_result(Served(fake, login, application, url, loop, thread))
        await asyncio.wrap_future(ended)
        await server.close()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    async with Login() as login, FakeTeams(login=login, rates=False) as fake:
        # aiohttp names its keys by the module that is being run, and a thread has none.
        application = web_application(
            read_settings(settings_for(fake, folder, login)), guidance_of()
        )
        thread = threading.Thread(target=run)
        thread.start()
        try:
            cairn = await asyncio.wrap_future(started)
            yield cairn
            await cairn.drain()
            assert fake.failures == fake.violations == []
        finally:
            if login.hold is not None:
                login.hold.set()  # a loop that waits for it would never end
            ended.set_result(None)
            await asyncio.to_thread(thread.join)


async def go_on(person: Person) -> None:
    """Fill in the card in front of them, and press the button to go on with."""
    card = person.card
    for asked in screen.inputs(card):
        if asked["type"] == "Input.ChoiceSet":
            await person.pick(card, asked["id"], asked["choices"][0]["value"])
    assert card.content is not None
    verbs = [action["verb"] for action in screen.actions(card.content) if "verb" in action]
    await person.press(card, next((v for v in verbs if v in ("choose", "goto")), "open:home"))


async def test_everybody_else_is_answered_while_the_keys_of_the_bot_framework_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with served(tmp_path) as cairn:
        fake, login = cairn.fake, cairn.login
        alice = fake.person("alice")
        with watching(monkeypatch) as watch:
            login.hold = asyncio.Event()
            writing = asyncio.create_task(alice.message("menu"))
            await fake.until(lambda: login.asked["metadata"])
            assert await cairn.answers_others()
            assert not writing.done()
            login.hold.set()
            await writing
            await fake.until(lambda: alice.cards)
        assert watch.on(cairn.thread) == []


async def test_everybody_else_is_answered_while_our_own_token_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def fetched() -> str:
        return await TokenSource(
            login.app_id, login.password, login.tenant, http_client=login.http_client
        ).get()

    async with served(tmp_path) as cairn:
        fake, login = cairn.fake, cairn.login
        alice = fake.person("alice")
        await alice.message("menu")
        await fake.until(lambda: alice.cards)
        with watching(monkeypatch) as watch:
            login.hold = asyncio.Event()
            fetching = asyncio.create_task(cairn.do(fetched()))
            await fake.until(lambda: login.asked["tenant"])
            assert await cairn.answers_others()
            await go_on(alice)
            assert not fetching.done()
            login.hold.set()
            assert await fetching == login.given[-1]
        assert watch.on(cairn.thread) == []
        assert any("http.client.connect" in what for what in watch.beside(cairn.thread))


async def test_two_hundred_presses_open_no_file_and_wait_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def walk(person: Person) -> None:
        await person.message("menu")
        await cairn.fake.until(lambda: person.cards)
        for _ in range(PRESSES):
            await go_on(person)

    async with served(tmp_path) as cairn:
        people = [cairn.fake.person(f"alice{number}") for number in range(PEOPLE)]
        with watching(monkeypatch) as watch:
            await asyncio.gather(*map(walk, people))
            await cairn.drain()
        assert len(cairn.fake.deliveries) == PEOPLE * (PRESSES + 1)
        assert watch.on(cairn.thread) == []


async def test_what_blocks_is_noted_and_what_does_not_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def block() -> None:
        time.sleep(0)  # what the watch must note, however short
        with Path(os.devnull).open(), socket.socket() as one:
            one.connect(there)

    async def blocks() -> None:
        block()

    async def waits() -> None:
        await asyncio.sleep(0)
        _, writer = await asyncio.open_connection(*there)
        writer.close()

    async with served(tmp_path) as cairn:
        parts = urlsplit(cairn.fake.service_url)
        there = (parts.hostname, parts.port)
        for work, noted in ((waits, []), (blocks, ["time.sleep", "open", "socket.connect"])):
            with watching(monkeypatch) as watch:
                await cairn.do(work())
            assert [what.split()[0] for what in watch.on(cairn.thread)] == noted
