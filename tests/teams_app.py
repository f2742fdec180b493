"""Cairn's own application on a real port, in front of the fake Teams.

    async with FakeTeams() as fake, running(fake) as cairn:     # without tokens, as for trying
        await fake.person("alice").install()
        await cairn.drain()                 # what goes on after the answer has ended

    async with Login() as login, FakeTeams(login=login) as fake:
        async with running(fake, login=login) as cairn:
            ...                             # every request with a token, and looked at

Settings are named as their variables are, without CAIRN_ and in small letters; None leaves one out.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app import web_application
from bot.channels.teams.channel import CHANNEL, PATH, TeamsChannel
from bot.conversation import Conversation
from bot.settings import Settings, read_settings
from tests.slack_app import SEAL_KEYS, guidance_of
from tests.teams.fake import FakeTeams
from tests.teams.login import Login
from tests.unhurried import unhurry


@dataclass(frozen=True)
class Running:
    """The application while it runs."""

    fake: FakeTeams
    settings: Settings
    conversation: Conversation
    application: web.Application
    channel: TeamsChannel
    url: str
    """Where it listens, with a slash at its end."""
    folder: Path
    """Where its database lies."""

    async def drain(self, seconds: float = 20.0) -> None:
        """Wait until everything that goes on after an answer has ended."""
        await self.fake.until(lambda: self.channel.tasks.count == 0, seconds)


def settings_for(
    fake: FakeTeams, folder: Path, login: Login | None, **settings: str | None
) -> dict[str, str]:
    """The environment that Cairn is started with; a test may replace or leave out each of it."""
    given: dict[str, str | None] = {
        "seal_keys": SEAL_KEYS,
        "database_url": f"sqlite:///{folder / 'cairn.db'}",
        "web": "false",
    }
    if login is None:
        given["teams_local"] = "true"
    else:
        given |= {
            "teams_app_id": login.app_id,
            "teams_app_password": "a secret of no use",
            "teams_tenants": fake.tenant,
            "teams_metadata_url": login.metadata_url,
            "teams_service_hosts": urlsplit(fake.service_url).netloc,
        }
    given |= settings
    return {f"CAIRN_{name.upper()}": value for name, value in given.items() if value is not None}


@asynccontextmanager
async def running(
    fake: FakeTeams,
    *,
    conversation: Conversation | None = None,
    folder: Path | None = None,
    login: Login | None = None,
    **settings: str | None,
) -> AsyncIterator[Running]:
    """Cairn, told of the fake, and the fake told of it."""
    with tempfile.TemporaryDirectory() as spare:
        place = folder or Path(spare)
        read = read_settings(settings_for(fake, place, login, **settings))
        talk = conversation or guidance_of()
        application = web_application(read, talk)
        server = TestServer(application)
        # One second, so that a test which leaves a request open does not wait for it at the end.
        await server.start_server(access_log=None, shutdown_timeout=1.0)
        try:
            fake.app_url = str(server.make_url(PATH))
            url = str(server.make_url("/"))
            unhurry(application[CHANNEL])
            yield Running(fake, read, talk, application, application[CHANNEL], url, place)
        finally:
            await server.close()
