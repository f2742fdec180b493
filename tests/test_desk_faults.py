"""Does everything that the desk sends arrive, or is it set aside with an alert, whatever fails?

The parts are real: HTTP to both fakes, and a real mail server. Time stands still until it is moved,
that of the desk, of what speaks to the counterparts, of the fakes and of the event loop alike. So
what takes ten seconds, or a day, takes none; and what is due is found by moving on to it.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import io
import json
import logging
import sqlite3
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, TCPConnector
from aiosmtpd.smtp import SMTP, Envelope, Session
from slack_sdk.web.async_client import AsyncWebClient

from bot import delivery
from bot.channels.slack.desk import SlackDesk
from bot.channels.slack.directory import Directory as SlackDirectory
from bot.channels.slack.outbound import Outbound as ToSlack
from bot.channels.teams.connector import Connector
from bot.channels.teams.desk import TeamsDesk
from bot.channels.teams.outbound import Outbound as ToTeams
from bot.channels.teams.transport import BotFramework
from bot.delivery import _LANES, _POLL, LONGEST, WAITS
from bot.desk.case import State
from bot.desk.port import Card
from bot.desk.records import CARD, DEPUTY, LETTER, NOTICE, OFFER, TELL, THREAD
from bot.handoff import MAIL, Mode, OfficeDesk
from bot.mail import SmtpLetters
from bot.platforms import Place, Who
from bot.settings import MailServer, Tls
from bot.store.outbox import LEASE
from tests.conftest import NOON
from tests.desk import BY_MAIL, OFFICE, OTHER, Clock, World, world
from tests.slack import faults as on_slack
from tests.slack import screen as slack_screen
from tests.slack.fake import FakeSlack
from tests.slack.faults import Fault
from tests.slack_app import logged
from tests.teams import faults as in_teams
from tests.teams import screen as teams_screen
from tests.teams.fake import OTHER_TENANT, FakeTeams

WORDS = "canary-words-5d20, J’ai vu « ceci »."
REACH = "canary-reach-613-555-0142"
TRIES, WINDOW = 6, 600.0
"""At most so often in so many seconds is one thing tried."""

ATTEMPT = 10.0
"""Seconds that one call of a counterpart may take."""

BEFORE = 2
"""How often a fault is met before it passes."""


# ---- time, and the counterparts


class Time(Clock):
    """The one clock of everything; the store has whole seconds, so it stands between two."""

    def __init__(self, *fakes: FakeSlack | FakeTeams) -> None:
        super().__init__(NOON + timedelta(seconds=0.7))
        self.moved = 1_000.7
        self._fakes = fakes

    def monotonic(self) -> float:
        return self.moved

    def move(self, **time: float) -> None:
        super().move(**time)
        seconds = timedelta(**time).total_seconds()
        self.moved += seconds
        for fake in self._fakes:
            fake.clock.advance(seconds)

    async def sleep(self, seconds: float) -> None:
        self.move(seconds=seconds)
        await asyncio.sleep(0)


class Call(NamedTuple):
    """What was called; how long to wait by the answer, and whether it was done nevertheless."""

    name: str
    retry_after: str | None = None
    is_done: bool = False


class Side(ABC):
    """A platform with two offices, which are at work in channels of their own."""

    name: str
    faults: ModuleType
    fake: Any
    text: Callable[[Any], str]

    def __init__(self, fake: Any) -> None:
        self.fake = fake
        self.people = [fake.person(f"Officer{n}") for n in range(5)]
        self.officers = self.people[:3]
        self.channels = {OFFICE: self.channel("one", *self.officers),
                         OTHER: self.channel("two", *self.people[3:])}  # fmt: skip
        self._fault: Fault | None = None

    @abstractmethod
    def channel(self, name: str, *people: Any) -> Any:
        """A private channel with these people."""

    @abstractmethod
    def who(self, person: Any) -> Who:
        """Somebody as the desk knows them."""

    @abstractmethod
    def desk(self, office: str) -> OfficeDesk:
        """How an office works here."""

    @abstractmethod
    def called(self, call: Any) -> tuple[str, str]:
        """What was called, and where."""

    def remove_all(self, office: str) -> None:
        """Somebody deletes what stands in the channel of an office."""
        for person in self.people:
            for message in person.sees(self.channels[office]):
                getattr(message, "message", message).deleted = True

    def asker(self) -> Any:
        person = self.fake.person(f"Asker{len(self.people)}")
        self.people.append(person)
        return person

    def fault(self, call: str, fault: Fault) -> None:
        self.heal()
        self._fault = fault
        self.fake.faults.add(call, fault, times=None)

    def heal(self) -> None:
        self._fault = None
        self.fake.faults.heal()

    @property
    def may_stall(self) -> bool:
        return self._fault is not None and self._fault.kind == "stall"

    def calls(self, since: int) -> list[Call]:
        """What was called since then, and met the fault that there is now."""
        fault = self._fault
        return [
            Call(name, fault.retry_after, fault.after) if met and fault is not None else Call(name)
            for name, met in (self.called(call) for call in self.fake.calls[since:])
        ]

    @property
    def stalls(self) -> bool:
        """Whether the last call is not answered yet, nor will be."""
        return bool(self.fake.calls) and self.called(self.fake.calls[-1])[1].startswith("stall")

    def read(self, person: Any, channel: Any = None) -> list[str]:
        """What somebody has before them in a channel, or in their own chat."""
        return [self.text(message) for message in person.sees(channel)]

    def secrets(self) -> Iterator[str]:
        """Who is here, by name and by id."""
        for person in self.people:
            yield from {person.user.name, person.id, self.who(person).user}


class OnSlack(Side):
    name = "slack"
    faults = on_slack
    text = staticmethod(slack_screen.text)

    def channel(self, name: str, *people: Any) -> Any:
        self.fake.workspace.scopes.add("channels:read")
        return self.fake.channel(name, *people, is_private=True)

    def who(self, person: Any) -> Who:
        return Who("slack", self.fake.workspace.id, person.id, person.user.name)

    def desk(self, office: str) -> OfficeDesk:
        return OfficeDesk(Mode.CASE, "slack", self.channels[office].id, self.fake.workspace.id,
                          deputy=self.officers[1].id, head=self.officers[2].id)  # fmt: skip

    def called(self, call: Any) -> tuple[str, str]:
        return call.method, call.fault


class InTeams(Side):
    name = "teams"
    faults = in_teams
    text = staticmethod(teams_screen.text)

    def channel(self, name: str, *people: Any) -> Any:
        return self.fake.channel(name, *people)

    def who(self, person: Any) -> Who:
        route = {"service": self.fake.service_url, "bot": self.fake.bot["id"],
                 "chat": person.chat.id, "id": person.id}  # fmt: skip
        return Who("teams", self.fake.tenant, person.user.aad, person.user.name, route)

    def desk(self, office: str) -> OfficeDesk:
        return OfficeDesk(Mode.CASE, "teams", self.channels[office].id, self.fake.tenant,
                          self.fake.service_url, deputy=self.officers[1].user.aad,
                          head=self.officers[2].user.aad)  # fmt: skip

    def called(self, call: Any) -> tuple[str, str]:
        return call.kind, call.fault


class Mail:
    """A mail server: aiosmtpd itself, which at one step does what it is told to."""

    name = "mail"

    def __init__(self) -> None:
        self.letters: list[email.message.Message] = []
        self.asked: list[str] = []
        self.stalls = False
        self.port = 0
        self._step, self._says = "", ""
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="mail.example", loop=loop), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def fault(self, step: str, says: str) -> None:
        self._step, self._says = step, says

    def heal(self) -> None:
        self.fault("", "")

    @property
    def may_stall(self) -> bool:
        return self._says == "stall"

    async def _do(self, step: str, server: SMTP) -> str:
        self.asked.append(step)
        if step != self._step:
            return "250 OK"
        if self._says in ("reset", "stall"):
            self.stalls = self._says == "stall"
            if not self.stalls:
                server.transport.abort()
            try:
                await asyncio.Event().wait()  # until the connection is gone
            finally:
                self.stalls = False
        return self._says

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._do("from", server)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._do("to", server)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        said = await self._do("data", server)
        if not said.startswith("2"):
            return said
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(email.message_from_bytes(content, policy=email.policy.default))
        return await self._do("taken", server)


# ---- a desk in front of them


@dataclass(frozen=True)
class Try:
    """One attempt: when, at which row of the outbox, and what was called for it.

    ``row`` is a name that no other row has had.
    """

    at: float
    row: int
    number: str
    kind: str
    calls: Sequence[Call]


async def until(what: Callable[[], object]) -> None:
    """Let everything else go on until something is so."""
    async with asyncio.timeout(60):
        while not what():  # noqa: ASYNC110 no part sets an event for a test
            await asyncio.sleep(0)


class Row(NamedTuple):
    """A row of the outbox."""

    id: int
    number: str
    kind: str
    due: int
    tries: int
    parked: bool


@dataclass
class Scene:
    """A desk, one side of which is about to fail."""

    desk: World
    clock: Time
    side: Side
    mail: Mail
    told: io.StringIO
    file: sqlite3.Connection
    tries: list[Try] = field(default_factory=list)
    _names: dict[int, int] = field(default_factory=dict)
    _closed: Counter[tuple[int, str]] = field(default_factory=Counter)
    _read: int = 0

    def alerts(self) -> list[str]:
        """The errors in the log since it was asked for before, from the name of the logger on."""
        lines = map(json.loads, self.told.getvalue()[self._read :].splitlines())
        self._read = len(self.told.getvalue())
        return [f"{line['by']} {line['event']}" for line in lines if line["level"] == "error"]

    # -- what there is to send

    async def send(self, asker: Any = None, office: str = OFFICE) -> str:
        """Have somebody send a case, of which nothing is delivered yet."""
        who = self.side.who(asker or self.side.asker())
        if office == BY_MAIL:
            return await self.desk.send(who, REACH, office=office, mode="introduction")
        found = [self.side.who(one) for one in self.people_of(office)]
        readers = {one.id: one.name for one in found}
        return await self.desk.send(who, WORDS, office=office, readers=readers)

    def people_of(self, office: str) -> list[Any]:
        return self.side.officers if office == OFFICE else self.side.people[3:5]

    async def put(self, number: str, kind: str, detail: str = "") -> None:
        """Have something sent for a case."""
        async with self.desk.archive.records() as records:
            await records.send((await records.load(number)).case, kind, detail)

    async def ready(self, kind: str, asker: Any) -> str:
        """A case for which one thing is to be sent, of that kind."""
        number = await self.send(asker, BY_MAIL if kind == LETTER else OFFICE)
        if kind not in (OFFER, LETTER):
            await self.desk.deliver()
            await self.due(kind, number)
        return number

    async def due(self, kind: str, number: str) -> None:
        """Have another thing sent for a case that its office has."""
        if kind == CARD:
            await self.desk.service.claim(number, self.side.who(self.side.officers[0]))
        else:
            await self.put(number, kind, DEPUTY if kind == TELL else "")

    async def all_ready(self) -> list[tuple[str, str, Any]]:
        """A case for each kind of thing, none of which is sent yet; who asks, with each."""
        later = [(kind, self.side.asker()) for kind in (CARD, THREAD, NOTICE, TELL)]
        found = [(kind, await self.send(asker), asker) for kind, asker in later]
        await self.desk.deliver()
        for kind, number, _ in found:
            await self.due(kind, number)
        for kind in (OFFER, LETTER):
            asker = self.side.asker()
            found.append((kind, await self.ready(kind, asker), asker))
        return found

    async def state(self, number: str) -> State:
        return (await self.desk.service.look(number)).state

    # -- what has arrived

    def say(self, name: str, number: str = "") -> str:
        words = self.desk.conversation.guidance.phrases[name].en
        return words.format(number=number) if number else words

    def shown(self, office: str) -> list[str]:
        """What stands in the channel of an office."""
        return self.side.read(self.people_of(office)[0], self.side.channels[office])

    def cards(self, number: str, office: str = OFFICE) -> list[str]:
        """The cards of a case in the channel of an office."""
        line = self.say("desk_unclaimed", number)
        return [text for text in self.shown(office) if number in text and line not in text]

    def seen(self, kind: str, number: str, asker: Any) -> int:
        """How often something of a kind is to be seen."""
        card = self.say("desk_card", number)
        match kind:
            case "offer":
                return len(self.cards(number))
            case "card":
                return sum(self.say("desk_card_taken") in text for text in self.cards(number))
            case "thread":
                line = self.say("desk_unclaimed", number)
                return sum(line in text for text in self.shown(OFFICE))
            case "letter":
                return sum(number in letter["subject"] for letter in self.mail.letters)
        person = asker if kind == NOTICE else self.side.officers[1]
        return sum(card in text for text in self.side.read(person))

    # -- how it is sent

    def rows(self) -> dict[int, Row]:
        """The outbox, as somebody else reads it."""
        found = self.file.execute("SELECT id, number, kind, due, tries, parked FROM outbox")
        return {row[0]: Row(*row) for row in found}

    async def once(self) -> Try | None:
        """Deliver one thing, and return what was done; whatever stalls takes its ten seconds."""
        before, at = self.rows(), self.clock.moved
        since, steps = len(self.side.fake.calls), len(self.mail.asked)
        attempt = asyncio.create_task(self.desk.delivery.once())
        if self.side.may_stall or self.mail.may_stall:
            await until(lambda: attempt.done() or self.mail.stalls or self._stalls(since))
            if not attempt.done():
                self.clock.move(seconds=ATTEMPT)
        if not await attempt:
            return None
        after = self.rows()
        (row,) = [
            one
            for ident, one in before.items()
            if ident not in after or after[ident].tries != one.tries
        ]
        calls = self.side.calls(since) or [*map(Call, self.mail.asked[steps:])]
        if row.tries == 0:
            self._names[row.id] = len(self.tries)  # SQLite gives the id of a deleted row again
        name = self._names.get(row.id, -row.id)
        found = Try(at, name, row.number, row.kind, calls)
        self._must_be_paced(found)
        self.tries.append(found)
        return found

    def _must_be_paced(self, found: Try) -> None:
        """See to it that no row is tried too often, and nothing called before it is allowed.

        Slack closes a method to all, Teams a conversation.
        """
        times = [one.at for one in self.tries if one.row == found.row]
        assert sum(found.at - at < WINDOW for at in times) < TRIES, "too often"
        row = 0 if self.side.name == "slack" else found.row
        for call in found.calls:
            assert found.at >= self._closed[row, call.name], "too soon"
        for call in found.calls:
            if call.retry_after is not None and call.retry_after.isdecimal():
                self._closed[row, call.name] = found.at + float(call.retry_after)

    def _stalls(self, since: int) -> bool:
        return len(self.side.fake.calls) > since and self.side.stalls

    def left(self, number: str) -> list[Row]:
        """What waits for a case and is not set aside."""
        return [row for row in self.rows().values() if row.number == number and not row.parked]

    def set_aside(self, number: str) -> list[str]:
        """What is set aside of a case, by its kind."""
        return [row.kind for row in self.rows().values() if row.number == number and row.parked]

    def on(self) -> bool:
        """Move on to what is due next; return false where nothing is."""
        now = int(self.clock().timestamp())
        waits = [row.due for row in self.rows().values() if not row.parked]
        if not (later := [due for due in waits if due > now]):
            return False
        self.clock.move(seconds=min(later) - self.clock().timestamp())
        return True

    async def settle(
        self, number: str, *, heal: Callable[[], Awaitable[object]] | None = None, after: int = 0
    ) -> list[Try]:
        """Deliver until nothing waits for a case; return how it was tried.

        ``heal`` ends the fault, ``after`` so many tries.
        """
        tried: list[Try] = []
        while self.left(number):
            found = await self.once()
            if found is None:
                assert self.on(), "it waits for nothing"
                continue
            if found.number == number:
                tried.append(found)
                if heal is not None and len(tried) == after:
                    await heal()
        return tried

    async def during(self, seconds: float) -> None:
        """Deliver whatever is due within some time from now."""
        end = self.clock.moved + seconds
        while self.clock.moved <= end:
            if await self.once() is None and not self.on():
                return

    async def heal(self) -> None:
        self.side.heal()
        self.mail.heal()


@asynccontextmanager
async def opened(
    platform: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> AsyncIterator[Scene]:
    """A desk whose offices are on a platform, and by mail."""
    loop = asyncio.get_running_loop()
    real = loop.time
    with logged() as told:
        logging.getLogger().setLevel(logging.INFO)
        async with (
            FakeSlack(stands_at=NOON) as slack,
            FakeTeams(stands_at=NOON) as teams,
            Mail() as mail,
            ClientSession(connector=TCPConnector(force_close=True)) as session,
        ):
            clock = Time(slack, teams)
            monkeypatch.setattr(loop, "time", lambda: real() + clock.moved)
            side = OnSlack(slack) if platform == "slack" else InTeams(teams)
            client = AsyncWebClient(
                slack.bot_token, slack.api_url, session=session, retry_handlers=[]
            )
            to_slack = ToSlack(client, session, clock.monotonic, clock.sleep)
            hosts = frozenset({urlsplit(teams.service_url).netloc})
            transport = BotFramework(Connector(session, hosts, None), app_id=None, keys=None)
            to_teams = ToTeams(transport, clock.monotonic, clock.sleep)
            async with world(
                f"sqlite:///{folder / 'cairn.db'}",
                clock=clock,
                desks={
                    OFFICE: side.desk(OFFICE),
                    OTHER: side.desk(OTHER),
                    BY_MAIL: OfficeDesk(Mode.INTRODUCTION, MAIL),
                },
                platforms={
                    "slack": SlackDesk(to_slack, SlackDirectory(to_slack, clock.monotonic)),
                    "teams": TeamsDesk(to_teams, teams.bot["id"]),
                },
                letters=SmtpLetters(
                    MailServer("127.0.0.1", mail.port, Tls.NONE, "cairn@lakes.example")
                ),
                **more,
            ) as desk:
                with closing(sqlite3.connect(folder / "cairn.db")) as file:
                    yield Scene(desk, clock, side, mail, told, file)
            assert slack.violations == teams.violations == []
            secrets = {WORDS, "canary", REACH, "lakes.example", *side.secrets()}
    assert "Traceback" not in told.getvalue()
    assert [secret for secret in secrets if secret in told.getvalue()] == []


@pytest.fixture
async def scene(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """A desk on the platform that the test is given for."""
    async with opened(request.param, tmp_path, monkeypatch) as scene:
        yield scene


# ---- what passes

WAYS = {
    "slack": [
        (OFFER, "conversations.info"),
        (OFFER, "conversations.members"),
        (OFFER, "users.info"),
        (OFFER, "chat.postMessage"),
        (CARD, "chat.update"),
        (THREAD, "chat.postMessage"),
        (NOTICE, "chat.postMessage"),
        (TELL, "chat.postMessage"),
    ],
    "teams": [
        (OFFER, "members"),
        (OFFER, "send"),
        (CARD, "update"),
        (THREAD, "send"),
        (NOTICE, "send"),
        (TELL, "create"),
        (TELL, "send"),
    ],
    "mail": [
        (LETTER, "from"),
        (LETTER, "to"),
        (LETTER, "data"),
        (LETTER, "taken"),
    ],
}
"""What there is to send, and what is asked of the counterpart for it."""

READS = ("conversations.info", "conversations.members", "users.info", "members", "create")


def each(ways: Mapping[str, Sequence[tuple[str, str]]]) -> pytest.MarkDecorator:
    """Each way of each platform; who is written to by mail asks on Slack."""
    return pytest.mark.parametrize(
        ("scene", "kind", "call"),
        [
            pytest.param("slack" if name == "mail" else name, *way, id="-".join((name, *way)))
            for name, found in ways.items()
            for way in found
        ],
        indirect=["scene"],
    )


def passing(side: str) -> dict[str, Any]:
    """What may be over in a moment, or once an operator has seen to it.

    Of what ends in "done" nobody can know that it was.
    """
    if side == "mail":
        return {
            **{f"{code}": f"{code} {WORDS.encode('ascii', 'replace').decode()}"
               for code in (421, 450, 451, 452)},
            "a reset": "reset",
            "a stall": "stall",
        }  # fmt: skip
    found = on_slack if side == "slack" else in_teams
    faults = {
        "429, at once": found.limited("0"),
        "429, in a second": found.limited("1"),
        "429, in a minute": found.limited("60"),
        "429, without a time": found.limited(None),
        "429, in words": found.limited("soon"),
        **{f"{code}": found.status(code) for code in (412, 500, 502, 503, 504)},
        "a reset": found.reset(),
        "a stall": found.stall(),
        "HTML": found.html(),
        "a reset, done": found.reset_after(),
        "half an answer, done": found.truncated(),
    }
    if side == "slack":
        codes = ("fatal_error", "internal_error", "service_unavailable", "request_timeout",
                 "account_inactive", "invalid_auth", "token_expired", "token_revoked")  # fmt: skip
        return faults | {code: on_slack.error(code) for code in codes}
    return faults | {
        "401": in_teams.status(401),
        "504, done": in_teams.status(504, after=True),
    }


@pytest.mark.long
@each(WAYS)
async def test_what_passes_delays_and_does_no_more(scene: Scene, kind: str, call: str):
    side = scene.mail if kind == LETTER else scene.side
    for name, fault in passing(side.name).items():
        scene.clock.move(minutes=31)  # by then nothing is limited any more, nor remembered
        asker = scene.side.asker()
        number = await scene.ready(kind, asker)
        is_done = call == "taken" or name.endswith("done")
        is_seen_twice = is_done and kind != CARD and call not in READS
        side.fault(call, fault)
        times = 1 if is_done else BEFORE
        tries = await scene.settle(number, heal=scene.heal, after=times)
        assert len(tries) == times + 1, name
        assert all(call in [made.name for made in one.calls] for one in tries), name
        assert scene.seen(kind, number, asker) == 1 + is_seen_twice, name
        assert scene.alerts() == [], name


# ---- what does not pass

REFUSED = [(kind, call) for kind, call in WAYS["mail"] if call != "taken"]
HOSTILE = f"no such user: Asker5 {WORDS}"


def refused(side: str, kind: str) -> dict[str, Any]:
    """What is the same however often it is asked for."""
    if side == "mail":
        text = WORDS.encode("ascii", "replace").decode()
        return {f"{code}": f"{code} {text}" for code in (500, 550, 552, 554)}
    if side == "slack":
        codes = ("team_access_not_granted", "ekm_access_denied", "restricted_action",
                 "invalid_arguments", "accesslimited", "missing_scope", "channel_not_found",
                 "not_in_channel", HOSTILE)  # fmt: skip
        return {code: on_slack.error(code) for code in codes}
    gone = () if kind in (CARD, THREAD) else (404,)
    return {f"{code}": in_teams.status(code) for code in (400, 403, 413, *gone)}


@pytest.mark.long
@each({**WAYS, "mail": REFUSED})
async def test_what_is_refused_is_set_aside_with_one_alert_and_what_follows_goes_on(
    scene: Scene, kind: str, call: str
):
    side = scene.mail if kind == LETTER else scene.side
    for name, fault in refused(side.name, kind).items():
        scene.clock.move(minutes=31)
        asker = scene.side.asker()
        number = await scene.ready(kind, asker)
        if kind in (CARD, THREAD, TELL):
            await scene.put(number, NOTICE)
        side.fault(call, fault)
        tries = await scene.settle(number, heal=scene.heal, after=1)
        assert [one.kind for one in tries] == [kind, *([] if kind == NOTICE else [NOTICE])], name
        (alert,) = scene.alerts()
        assert alert.startswith(f"cairn a {kind} could not be delivered: "), name
        assert scene.set_aside(number) == [kind], name
        assert scene.seen(kind, number, asker) == 0, name
        if kind in (OFFER, LETTER):
            assert await scene.state(number) is State.FALLBACK
            scene.clock.move(days=7)
            await scene.desk.keeper.tick()
            assert await scene.settle(number) == []
        assert scene.seen(NOTICE, number, asker) == (kind != NOTICE), name


@pytest.mark.long
@each({"slack": WAYS["slack"][4:], "teams": WAYS["teams"][2:]})
async def test_what_does_not_pass_within_a_day_is_set_aside(scene: Scene, kind: str, call: str):
    asker = scene.side.asker()
    number = await scene.ready(kind, asker)
    scene.side.fault(call, scene.side.faults.status(503))
    await scene.during(2 * 3_600)
    assert len(scene.tries) == TRIES + 22  # six in the first ten minutes, then every five
    assert scene.left(number)
    assert scene.alerts() == []
    assert scene.told.getvalue().count(f'"event": "a {kind} is not delivered yet: ') == 1
    scene.clock.move(seconds=LONGEST.total_seconds())
    await scene.settle(number)
    (alert,) = scene.alerts()
    assert alert.startswith(f"cairn a {kind} could not be delivered: ")
    await scene.heal()
    await scene.during(3_600)
    assert scene.seen(kind, number, asker) == 0


@each({"slack": [(OFFER, "chat.postMessage")], "teams": [(OFFER, "send")],
       "mail": [(LETTER, "data")]})  # fmt: skip
async def test_of_what_does_not_reach_an_office_in_time_the_person_is_told_once(
    scene: Scene, kind: str, call: str
):
    asker = scene.side.asker()
    number = await scene.ready(kind, asker)
    side = scene.mail if kind == LETTER else scene.side
    side.fault(call, "451 later" if kind == LETTER else scene.side.faults.status(503))
    await scene.during(2 * 3_600)
    assert await scene.state(number) is State.QUEUED
    assert scene.alerts() == []
    scene.clock.move(days=5)
    await scene.desk.keeper.tick()
    await scene.during(1_200)
    await scene.heal()
    await scene.settle(number)
    assert await scene.state(number) is State.FALLBACK
    (alert,) = scene.alerts()
    assert alert == f"cairn a {kind} could not be delivered: too_late"
    scene.clock.move(days=7)
    await scene.desk.keeper.tick()
    assert await scene.settle(number) == []
    assert scene.seen(kind, number, asker) == 0
    assert scene.seen(NOTICE, number, asker) == 1


# ---- a channel that others can read


def set_to(name: str, *, shut: bool = False) -> Callable[[Scene, bool], None]:
    def change(scene: Scene, is_open: bool) -> None:
        setattr(scene.side.channels[OFFICE], name, is_open is not shut)

    return change


def with_others(many: int, **about: Any) -> Callable[[Scene, bool], None]:
    """Somebody else comes into the channel, and goes."""

    def change(scene: Scene, is_open: bool) -> None:
        fake, members = scene.side.fake, scene.side.channels[OFFICE].members
        for number in range(many):
            if scene.side.name == "slack":
                one = fake.person(f"Guest{number}", id=f"U0GUEST{number}", **about)
                (members.add if is_open else members.discard)(one.id)
            elif is_open:
                one = fake.person(f"Guest{number}", **about)
                members[one.id] = one.user
            else:
                members.popitem()

    return change


OPENINGS: Mapping[str, Mapping[str, Callable[[Scene, bool], None]]] = {
    "slack": {
        "not_private": set_to("is_private", shut=True),
        "is_archived": set_to("is_archived"),
        "shared": set_to("is_ext_shared"),
        "shared, soon": set_to("is_pending_ext_shared"),
        "shared, within": set_to("is_org_shared"),
        "guest_in_channel": with_others(1, is_restricted=True),
        "too_many_readers": with_others(23),
    },
    "teams": {
        "guest": with_others(1, guest=True),
        "elsewhere": with_others(1, tenant=OTHER_TENANT),
        "too_many_readers": with_others(23),
    },
}


@pytest.mark.long
@pytest.mark.parametrize("kind", [OFFER, THREAD, CARD])
@pytest.mark.parametrize(
    ("scene", "opening"),
    [(platform, name) for platform, found in OPENINGS.items() for name in found],
    indirect=["scene"],
)
async def test_nothing_is_posted_where_others_can_read_it_until_they_cannot(
    scene: Scene, opening: str, kind: str
):
    change, side = OPENINGS[scene.side.name][opening], scene.side
    asker = side.asker()
    number = await scene.ready(kind, asker)
    if kind == CARD:
        side.remove_all(OFFICE)  # so that it would be posted anew
    before = len(scene.shown(OFFICE))
    scene.clock.move(minutes=31)
    change(scene, True)
    other = await scene.send(office=OTHER)
    while await scene.once():
        pass
    assert len(scene.cards(other, OTHER)) == 1, "it does not wait for the first"
    await scene.during(3_600)
    tries = [one for one in scene.tries if one.number == number]
    assert tries
    assert len(scene.shown(OFFICE)) == before
    code = opening.partition(",")[0]
    assert scene.alerts() == [f"cairn an office's channel is not private: {code}"] * len(tries)
    change(scene, False)
    await scene.settle(number)
    assert scene.seen(kind, number, asker) == 1
    assert scene.alerts() == []


# ---- what else waits


BOTH = pytest.mark.parametrize("scene", ["slack", "teams"], indirect=True)


@BOTH
async def test_one_that_is_stuck_holds_up_no_other_case(scene: Scene):
    side = scene.side
    number = await scene.ready(CARD, side.asker())
    side.fault("chat.update" if side.name == "slack" else "update", side.faults.status(503))
    others = [await scene.send(office=office) for office in (OFFICE, OTHER, BY_MAIL)]
    while await scene.once():
        pass
    assert scene.left(number)
    assert not any(scene.left(other) for other in others)
    assert [await scene.state(other) for other in others] == [
        State.OFFERED, State.OFFERED, State.CLOSED
    ]  # fmt: skip


@BOTH
async def test_who_is_told_to_wait_a_minute_holds_up_others_for_that_minute_at_most(scene: Scene):
    side = scene.side
    first, second = await scene.send(), await scene.send()
    call = "chat.postMessage" if side.name == "slack" else "send"
    side.fault(call, side.faults.limited("60"))
    began = scene.clock.moved
    await scene.settle(first, heal=scene.heal, after=1)
    await scene.settle(second)
    assert scene.clock.moved - began < 60 + sum(WAITS[:2])


@pytest.mark.parametrize("scene", ["slack"], indirect=True)
async def test_where_no_mail_server_listens_a_letter_waits_until_one_does(scene: Scene):
    asker = scene.side.asker()
    number = await scene.ready(LETTER, asker)
    await scene.mail.close()
    tries = await scene.settle(number, heal=scene.mail.open, after=BEFORE)
    assert len(tries) == BEFORE + 1
    assert scene.seen(LETTER, number, asker) == 1
    assert scene.alerts() == []


@BOTH
@pytest.mark.parametrize("is_done", [False, True])
async def test_a_card_that_was_deleted_is_posted_anew_and_seen_twice_at_most(
    scene: Scene, is_done: bool
):
    side, asker = scene.side, scene.side.asker()
    number = await scene.ready(CARD, asker)
    side.remove_all(OFFICE)
    fault = side.faults.reset_after() if is_done else side.faults.status(502)
    side.fault("chat.postMessage" if side.name == "slack" else "send", fault)
    assert len(await scene.settle(number, heal=scene.heal, after=1)) == 2
    assert scene.seen(CARD, number, asker) == 1 + is_done
    await scene.desk.service.clear(number, side.who(side.officers[0]))
    await scene.settle(number)
    assert scene.seen(CARD, number, asker) == 1 + is_done
    assert scene.alerts() == []


@pytest.mark.parametrize("scene", ["slack"], indirect=True)
async def test_while_slack_takes_no_token_everything_waits_and_nothing_is_lost(scene: Scene):
    waiting = await scene.all_ready()
    scene.side.fake.workspace.revoked = True
    await scene.during(2 * 3_600)
    assert [kind for kind, number, _ in waiting if not scene.left(number)] == [LETTER]
    assert scene.alerts() == []
    told = scene.told.getvalue().count("is not delivered yet: token_revoked")
    assert told == len(waiting) - 1
    scene.side.fake.workspace.revoked = False
    for kind, number, asker in waiting:
        await scene.settle(number)
        assert scene.seen(kind, number, asker) == 1


@BOTH
@pytest.mark.parametrize("seed", range(3))
async def test_whatever_fails_at_random_everything_arrives_once_it_works_again(
    scene: Scene, seed: int
):
    random, side, mail = Random(seed), scene.side, scene.mail
    waiting = await scene.all_ready()
    for _ in range(15):
        call = random.choice(WAYS[side.name])[1]
        side.fault(call, random.choice([*passing(side.name).values()]))
        mail.fault(random.choice(WAYS["mail"])[1], random.choice([*passing("mail").values()]))
        for _ in range(random.randrange(1, 4)):
            if await scene.once() is None:
                scene.on()
    await scene.heal()
    for kind, number, asker in waiting:
        await scene.settle(number)
        own = [one for one in scene.tries if (one.number, one.kind) == (number, kind)]
        if kind == LETTER:
            done = sum(one.calls[-1].name == "taken" for one in own) - 1
        else:
            done = sum(any(call.is_done for call in one.calls) for one in own)
        assert 1 <= scene.seen(kind, number, asker) <= 1 + done, kind
        assert scene.set_aside(number) == []
    assert scene.alerts() == []


# ---- the loop itself


def lanes() -> list[asyncio.Task[Any]]:
    """What is left of a delivery that runs."""
    found = ((task, getattr(task.get_coro(), "__qualname__", "")) for task in asyncio.all_tasks())
    return [task for task, name in found if name.startswith("Delivery.")]


async def ended(run: asyncio.Task[None]) -> None:
    """Have it end, as at a shutdown."""
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert lanes() == []


@pytest.mark.parametrize("scene", ["slack"], indirect=True)
async def test_a_store_that_fails_is_asked_once_at_each_turn_and_then_it_goes_on(scene: Scene):
    number = await scene.send()
    scene.file.execute("ALTER TABLE outbox RENAME TO elsewhere")
    run = asyncio.create_task(scene.desk.delivery.run())
    found: list[str] = []

    def failures() -> int:
        found.extend(scene.alerts())
        return len(found)

    for turn in range(1, 7):
        await until(lambda: failures() >= _LANES * turn)  # noqa: B023 it is over by then
        for _ in range(300):
            await asyncio.sleep(0)
        assert failures() == _LANES * turn, "who fails waits for the next turn"
        if turn == 6:
            scene.file.execute("ALTER TABLE elsewhere RENAME TO outbox")
        if turn % 2:
            scene.desk.delivery.ring()
        else:
            scene.clock.move(seconds=_POLL)
    await until(lambda: not scene.left(number))
    assert await scene.state(number) is State.OFFERED
    assert len(scene.cards(number)) == 1
    await ended(run)


@BOTH
@pytest.mark.parametrize("is_done", [False, True])
async def test_what_is_cut_off_by_a_shutdown_goes_out_from_the_next_one_that_runs(
    scene: Scene, is_done: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(delivery, "_LAST", 0.0)  # it takes longer than it is waited for
    number, side = await scene.send(), scene.side
    call = "chat.postMessage" if side.name == "slack" else "send"
    side.fault(call, Fault("stall", seconds=30.0, after=is_done))
    run = asyncio.create_task(scene.desk.delivery.run())
    await until(lambda: side.stalls)
    await ended(run)
    await scene.heal()
    assert await scene.once() is None, "whoever took it may still be at it"
    began = scene.clock.moved
    assert len(await scene.settle(number)) == 1
    assert LEASE - 1 < scene.clock.moved - began <= LEASE
    assert len(scene.cards(number)) == 1 + is_done
    assert await scene.state(number) is State.OFFERED
    assert scene.alerts() == []


async def test_what_is_on_its_way_at_a_shutdown_is_seen_through_and_comes_once(tmp_path: Path):
    async with world(f"sqlite:///{tmp_path}/cairn.db") as desk:
        number, begun, gate = await desk.send(), asyncio.Event(), asyncio.Event()
        post = desk.slack.post

        async def slowly(place: Place, card: Card) -> str:
            begun.set()
            await gate.wait()
            return await post(place, card)

        desk.slack.post = slowly  # type: ignore[method-assign]
        run = asyncio.create_task(desk.delivery.run())
        await begun.wait()
        run.cancel()
        await asyncio.sleep(0)
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert (await desk.service.look(number)).state is State.OFFERED
        assert [len(channel.cards) for channel in desk.slack.channels.values()] == [1, 0]
        assert await desk.deliver() == 0, "nothing is left to be sent"
