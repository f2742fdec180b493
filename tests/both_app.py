"""Cairn with Slack, Teams and mail at once, and an organization whose offices take hand-offs.

async with FakeSlack() as slack, FakeTeams() as teams, running(slack, teams) as cairn:
    cairn.office            # the private channel of the values and ethics office, on Slack
    cairn.officers[0]       # somebody in it
    cairn.mail.letters      # what the mail server has got
    await cairn.settle()    # until nothing is left to do or to send

With ``office_on="teams"`` the office works in a channel of a team, and its officers are there.
"""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cache
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.app import open_conversation, web_application
from bot.channels.slack.channel import CHANNEL as SLACK
from bot.channels.slack.channel import PATH as SLACK_PATH
from bot.channels.teams.channel import CHANNEL as TEAMS
from bot.channels.teams.channel import PATH as TEAMS_PATH
from bot.conversation import Conversation
from bot.settings import read_settings
from tests.conftest import SAMPLE
from tests.slack import state as slack_state
from tests.slack.fake import FakeSlack
from tests.slack.person import Person as OnSlack
from tests.slack_app import settings_for as slack_settings
from tests.teams import state as teams_state
from tests.teams.fake import FakeTeams
from tests.teams.person import Person as InTeams
from tests.teams_app import settings_for as teams_settings

CASE_KEYS = base64.b64encode(bytes([7]) * 32).decode()


def organization_text(**desk: str) -> str:
    """The sample organization, in which the values and ethics office has this desk."""
    hold = f'"{desk["head"]}", "{desk["deputy"]}"'
    keys = "".join(f' {key}: "{value}",' for key, value in desk.items())
    line = f"    desk: {{mode: case,{keys} hold: [{hold}]}}\n"
    text = SAMPLE.read_text("utf-8")
    name = '    name: {en: "Values and Ethics, Lakes and Portages"'
    assert name in text
    text = text.replace(name, line + name)
    return text.replace(
        "ceiling: unclassified\n",
        "ceiling: protected_b\nceilings: {slack: protected_b, teams: protected_b}\n"
        "free_text: [web, terminal, slack, teams]\n",
    )


@cache
def conversation_of(organization: str) -> Conversation:
    """The shipped guidance with an organization's file, read as Cairn reads it, once."""
    with tempfile.TemporaryDirectory() as spare:
        path = Path(spare, "organization.yaml")
        path.write_text(organization, "utf-8")
        return open_conversation(read_settings({"CAIRN_ORGANIZATION": str(path)}))


class MailBox:
    """A real mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)  # type: ignore[arg-type]
        self.letters.append(message)  # type: ignore[arg-type]
        return "250 OK"


@dataclass(frozen=True)
class Running:
    """The application while it runs."""

    slack: FakeSlack
    teams: FakeTeams
    application: web.Application
    conversation: Conversation
    office: slack_state.Channel | teams_state.Chat
    officers: list[OnSlack] | list[InTeams]
    mail: MailBox
    folder: Path

    async def settle(self, seconds: float = 20.0) -> None:
        """Wait until nothing is left to do or to send."""
        slack, teams = self.application[SLACK], self.application[TEAMS]
        await self.slack.until(lambda: slack.tasks.count == teams.tasks.count == 0, seconds)
        await self.slack.until(lambda: not self.rows("outbox", "NOT parked"), seconds)

    def rows(self, table: str, where: str = "1") -> list[tuple[object, ...]]:
        """What stands in a table of the database."""
        with closing(sqlite3.connect(self.folder / "cairn.db")) as connection:
            return connection.execute(f"SELECT * FROM {table} WHERE {where}").fetchall()


@asynccontextmanager
async def running(
    slack: FakeSlack, teams: FakeTeams, *, office_on: str = "slack", **settings: str | None
) -> AsyncIterator[Running]:
    """Cairn, told of both fakes, and both told of it."""
    names = ("olive", "oscar", "odile")
    if office_on == "slack":
        officers = [slack.person(name) for name in names]
        office = slack.channel("ethics", *officers, is_private=True)
        where = {"tenant": slack.workspace.id}
        who = {"deputy": officers[1].id, "head": officers[2].id}
    else:
        officers = [teams.person(name) for name in names]
        office = teams.channel("ethics", *officers)
        where = {"tenant": teams.tenant, "service": teams.service_url}
        who = {"deputy": officers[1].user.aad, "head": officers[2].user.aad}
    conversation = conversation_of(
        organization_text(on=office_on, channel=office.id, **where, **who)
    )
    mail = MailBox()
    server_of_mail = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mail, hostname="localhost", loop=asyncio.get_running_loop()), "127.0.0.1", 0
    )
    port = server_of_mail.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as spare:
        folder = Path(spare)
        environ = {
            **teams_settings(teams, folder, None),
            **slack_settings(slack, folder),
            "CAIRN_CASE_KEYS": CASE_KEYS,
            "CAIRN_SMTP_URL": f"smtp://127.0.0.1:{port}?from=cairn@lakes.example",
            **{f"CAIRN_{name.upper()}": value for name, value in settings.items()},
        }
        read = read_settings({name: value for name, value in environ.items() if value is not None})
        application = web_application(read, conversation)
        server = TestServer(application)
        await server.start_server(access_log=None, shutdown_timeout=1.0)
        try:
            slack.app_url = str(server.make_url(SLACK_PATH))
            teams.app_url = str(server.make_url(TEAMS_PATH))
            await slack.until(lambda: application[SLACK].is_ready)
            yield Running(slack, teams, application, conversation, office, officers, mail, folder)
        finally:
            await server.close()
            server_of_mail.close()
            await server_of_mail.wait_closed()
