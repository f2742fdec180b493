"""Cairn's own application on a real port, in front of the fake Slack.

    async with FakeSlack() as fake, running(fake) as cairn:
        await fake.person("alice").slash("/cairn")
        await cairn.drain()                 # what goes on after the answer has ended
        cairn.channel.outbound              # the parts, where a test must look

    async with FakeSlack() as fake, served(fake, tmp_path) as cairn:    # `cairn serve`, a process
        ...
        cairn.stop()                        # as an operator does; then its files can be read

Settings are named as their variables are, without CAIRN_ and in small letters; None leaves one
out: `running(fake, slack_teams="T0CAIRN,E0CAIRN")`. With `folder` the database is kept there, so
that a second `running` with the same folder is a restart.
"""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app import read_guidance, utc_now, web_application
from bot.channels.slack.channel import CHANNEL, PATH, SlackChannel
from bot.conversation import Conversation
from bot.privacy import OWN, set_up_logging
from bot.settings import Settings, read_settings
from tests.command import Command, command
from tests.conftest import ROOT, SAMPLE, TODAY
from tests.slack import payloads
from tests.slack.delivery import Delivery, Outcome
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.state import Channel, Json, Message, Surface, View, elements_of
from tests.unhurried import unhurry

SEAL_KEY = bytes(range(32))
SEAL_KEYS = base64.b64encode(SEAL_KEY).decode()


@dataclass(frozen=True)
class Running:
    """The application while it runs."""

    fake: FakeSlack
    settings: Settings
    conversation: Conversation
    application: web.Application
    channel: SlackChannel
    url: str
    """Where it listens, with a slash at its end."""
    folder: Path
    """Where its database lies."""

    async def drain(self, seconds: float = 20.0) -> None:
        """Wait until everything that goes on after an answer has ended."""
        await self.fake.until(lambda: self.channel.tasks.count == 0, seconds)


@cache
def guidance_of(organization: Path | None = None) -> Conversation:
    """The shipped guidance, with the organization's file if one is given, at the present time."""
    return Conversation(*read_guidance(ROOT, organization, TODAY), utc_now)


def department() -> Conversation:
    """The shipped guidance with the sample of an organization's own file."""
    return guidance_of(SAMPLE)


def settings_for(fake: FakeSlack, folder: Path, **settings: str | None) -> dict[str, str]:
    """The environment that Cairn is started with; a test may replace or leave out each of it."""
    given: dict[str, str | None] = {
        "slack_api_url": fake.api_url,
        "slack_bot_token": fake.bot_token,
        "slack_signing_secrets": fake.secret,
        "seal_keys": SEAL_KEYS,
        "database_url": f"sqlite:///{folder / 'cairn.db'}",
        "web": "false",
        **settings,
    }
    return {f"CAIRN_{name.upper()}": value for name, value in given.items() if value is not None}


@asynccontextmanager
async def running(
    fake: FakeSlack,
    *,
    conversation: Conversation | None = None,
    folder: Path | None = None,
    ready: bool = True,
    **settings: str | None,
) -> AsyncIterator[Running]:
    """Cairn, told of the fake, and the fake told of it; `ready=False` does not wait for Slack."""
    with tempfile.TemporaryDirectory() as spare:
        place = folder or Path(spare)
        read = read_settings(settings_for(fake, place, **settings))
        talk = conversation or guidance_of()
        application = web_application(read, talk)
        server = TestServer(application)
        # One second, so that a test which leaves a request open does not wait for it at the end.
        await server.start_server(access_log=None, shutdown_timeout=1.0)
        try:
            if read.slack_secrets:
                fake.app_url = str(server.make_url(PATH))
            unhurry(application[CHANNEL])
            if ready:
                await fake.until(lambda: application[CHANNEL].is_ready)
                if read.slack_app_token is not None:
                    await fake.socket.connected()
            url = str(server.make_url("/"))
            yield Running(fake, read, talk, application, application[CHANNEL], url, place)
        finally:
            await server.close()


def block_named(surface: Surface, name: str) -> str:
    """The block_id of a surface that begins with a name; what follows it differs each time."""
    return next(b["block_id"] for b in surface.blocks if b["block_id"].split(":")[0] == name)


def violations(fake: FakeSlack) -> list[str]:
    """What Slack or we would not have in what was sent.

    Two sources were read at addresses without encryption, and stand in no other way anywhere.
    """
    told = ("an http address", "must be written")
    return [one for one in fake.violations if not any(words in one for words in told)]


# ---- as a process of its own


@dataclass(frozen=True)
class Served(Command):
    """`cairn serve` while it runs, and the fake that was told of it."""

    fake: FakeSlack


@asynccontextmanager
async def served(
    fake: FakeSlack, folder: Path, *, start: str = "", **settings: str | None
) -> AsyncIterator[Served]:
    """The real command in a process of its own; `start` is Python to run before it."""
    async with command(folder, settings_for(fake, folder, **settings), start=start) as cairn:
        fake.app_url = f"{cairn.url}{PATH[1:]}"
        yield Served(cairn.process, cairn.port, cairn.folder, fake)


# ---- what it says to its operator


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that goes to standard output and error while Cairn logs as it does, and at DEBUG."""
    root, told = logging.getLogger(), io.StringIO()
    before, level, root.handlers = root.handlers, root.level, []
    try:
        with redirect_stderr(told), redirect_stdout(told):
            set_up_logging()
            root.setLevel(logging.DEBUG)
            # Bolt sets the level of a logger of this name at each request.
            logging.getLogger(OWN).setLevel(logging.NOTSET)
            yield told
    finally:
        logging.captureWarnings(capture=False)
        root.handlers = before
        root.setLevel(level)


# ---- one of everything that comes in


async def inbound(cairn: Running, name: str) -> dict[str, Delivery]:
    """One of everything that Slack sends, for a person who stands at a question everywhere.

    Nothing of it has been sent yet, each of it may be; its capsules open. The two events that
    switch the app off are not among it: see `farewells`.
    """
    fake, person = cairn.fake, cairn.fake.person(name)
    team = fake.channel(f"team-{name}", person)
    await person.slash(channel=team)
    await cairn.drain()
    await person.pick(person.view, "goto:en:home", "post_reported")
    await person.submit()
    await person.pick(person.view, "pick:en:channel", "media_query")
    await person.message("is it a problem with my account?")
    await person.mention(team, "help")
    await person.open_home()
    await cairn.drain()
    card, whisper, home = person.sees()[-1], person.ephemerals[-1], person.home
    await person.pick(card, "goto:en:unsure", "topic:anonymity_privacy")
    return _interactions(person, team, card, whisper, home) | _events(person, team)


def _interactions(
    person: Person, team: Channel, card: Message, whisper: Message, home: View
) -> dict[str, Delivery]:
    fake, view, made = person._fake, person.view, person._made

    def address(channel: Channel, original: Message | None = None) -> str:
        return fake.response_url(person.user, channel, original)

    forms = {
        "command": payloads.slash(made(), "/cairn", "can I post this?", team, address(team)),
        "command in chat": payloads.slash(made(), "/cairn", "", person.dm, address(person.dm)),
    }
    bodies = {
        "shortcut": payloads.global_shortcut(made(), "post_reported.en"),
        "message shortcut": payloads.message_shortcut(
            made(), "help", person.say(team, "what somebody wrote"), address(team)
        ),
        "submit": payloads.view_submission(made(view=view), view),
        "close": payloads.view_closed(made(view=view), view, cleared=False),
    }
    for pressed in ("back", "language:whole", "open:home"):
        action = _pressed(view, pressed)
        bodies[f"modal {pressed}"] = payloads.action_in_view(made(view=view), action, view)
    for pressed in ("start:can_i_post", "home_language"):
        action = _pressed(home, pressed)
        bodies[f"home {pressed}"] = payloads.action_in_view(made(view=home), action, home)
    for pressed in ("goto", "private:whole"):
        action, url = _pressed(card, pressed), address(card.channel, card)
        bodies[f"message {pressed}"] = payloads.action_in_message(made(), action, card, url)
    action, url = _pressed(whisper, "start:home"), address(team, whisper)
    bodies["ephemeral start"] = payloads.action_in_message(made(), action, whisper, url)
    found = {name: Delivery.of("command", form) for name, form in forms.items()}
    return found | {name: Delivery.of("interaction", body) for name, body in bodies.items()}


def _pressed(where: Surface, action_id: str) -> Json:
    block, button = next(
        (block, element)
        for block in where.blocks
        for element in elements_of(block)
        if element["action_id"] == action_id
    )
    kept = {key: button[key] for key in ("text", "value", "style") if key in button}
    return {"type": "button", "action_id": action_id, "block_id": block["block_id"],
            "action_ts": "1.1", **kept}  # fmt: skip


def _events(person: Person, team: Channel) -> dict[str, Delivery]:
    fake, made = person._fake, person._made
    said, shared = person.say(person.dm, "may I post this?"), person.say(person.dm, "look at this")
    shared.files = [payloads.file(made(), "screen.png", 1)]
    by_bot = fake.put(person.dm, fake.workspace.bot, "hello")
    named = person.say(team, f"<@{fake.workspace.bot.id}> what may I post?")
    before = payloads.direct_message(made(), said)
    edited = payloads.direct_message(made(), said) | {"text": "and this one?"}
    changed = payloads.message_changed(made(), said, before, fake.stamp())
    changed["message"] |= {"text": edited["text"]}
    home = person.home
    events = {
        "written": payloads.direct_message(made(said.ts), said),
        "written with a file": payloads.direct_message(made(shared.ts), shared),
        "edited": changed,
        "deleted": payloads.message_deleted(said, before, fake.stamp()),
        "our own": payloads.bot_message(made(), by_bot),
        "another integration": payloads.integration_message(by_bot, "B0OTHER"),
        "mention": payloads.app_mention(made(named.ts), named),
        "home opened": payloads.home_opened(made(), person.dm, "home", None),
        "home opened again": payloads.home_opened(made(), person.dm, "home", home),
        "chat opened": payloads.home_opened(made(), person.dm, "messages", None),
    }
    return {name: _enveloped(person, event, team) for name, event in events.items()}


def _enveloped(person: Person, event: Json, channel: Channel) -> Delivery:
    number = f"Ev{next(person._fake.numbers):08}"
    return Delivery.of("event", payloads.envelope(person._made(), event, number, channel))


def farewells(person: Person) -> dict[str, Delivery]:
    """The two events after which Cairn waits for a token that is good."""
    events = {
        "uninstalled": payloads.app_uninstalled(),
        "revoked": payloads.tokens_revoked(person._made()),
    }
    return {name: _enveloped(person, event, person.dm) for name, event in events.items()}


async def hand_over(fake: FakeSlack, what: Delivery, **how: object) -> Outcome:
    """Send a delivery as it is, and note no failure; `how` as in `FakeSlack.send`."""
    return await fake.send(what.body, content_type=what.content_type, **how)  # type: ignore[arg-type]


# ---- time that costs none


@dataclass
class Hurry:
    """A clock that a sleep moves on: to wait for Slack costs no time."""

    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += max(seconds, 0.0)
        await asyncio.sleep(0)


def hurry(cairn: Running) -> Hurry:
    """Let Cairn wait for nothing when it speaks to Slack; return its clock."""
    clock, outbound = Hurry(), cairn.channel.outbound
    outbound._clock, outbound._sleep = clock, clock.sleep
    return clock
