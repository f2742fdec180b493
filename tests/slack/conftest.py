"""A workspace whose clock stands at noon, a program, and Alice in her team."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from tests.conftest import NOON
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.program import Program
from tests.slack.state import Channel


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    """A workspace whose clock stands at noon."""
    async with FakeSlack(stands_at=NOON) as fake:
        yield fake


@pytest.fixture
async def program(fake: FakeSlack) -> AsyncIterator[Program]:
    program = Program()
    application = web.Application()
    application.router.add_post("/slack/events", program.serve)
    server = TestServer(application)
    await server.start_server(access_log=None)
    fake.app_url = str(server.make_url("/slack/events"))
    yield program
    await server.close()


@pytest.fixture
async def slack(fake: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    async with ClientSession() as session:
        yield AsyncWebClient(token=fake.bot_token, base_url=fake.api_url, session=session)


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def alice(fake: FakeSlack) -> Person:
    return fake.person("alice", locale="fr-CA")


@pytest.fixture
def team(fake: FakeSlack, alice: Person) -> Channel:
    return fake.channel("team", alice)
