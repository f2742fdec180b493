"""Does somebody who asks faster than a person can keep the others waiting?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app.watching import not_too_fast
from bot.channels.speed import PERSON_BURST, PERSON_RATE, Speed
from bot.metrics import Metrics
from tests.slack import screen
from tests.slack.fake import FakeSlack
from tests.slack_app import Running, running
from tests.teams.fake import FakeTeams
from tests.teams_app import Running as TeamsRunning
from tests.teams_app import running as teams_running
from tests.test_slack_walk import words
from tests.test_teams_walk import words as words_in_teams


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_so_many_at_once_and_then_so_many_a_second():
    clock = Clock()
    speed = Speed(clock, burst=5, rate=2.0)
    assert [speed.allows("a") for _ in range(7)] == [True] * 5 + [False] * 2
    assert speed.allows("b"), "the others do not wait"
    clock.now += 1
    assert [speed.allows("a") for _ in range(3)] == [True, True, False]


@settings(deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 40).map(lambda n: n / 8)), max_size=200
    )
)
def test_in_no_time_are_there_more_than_the_bucket_and_what_flowed_in(
    steps: list[tuple[str, float]],
):
    clock, let_through = Clock(), []
    speed = Speed(clock, burst=4, rate=2.0)
    for name, pause in steps:
        clock.now += pause
        if speed.allows(name):
            let_through.append((name, clock.now))
    for name in "abc":
        mine = [at for who, at in let_through if who == name]
        for first, begin in enumerate(mine):
            for last in range(first, len(mine)):
                assert last - first + 1 <= 4 + 2 * (mine[last] - begin) + 1e-6


def test_who_is_quiet_is_forgotten():
    clock = Clock()
    speed = Speed(clock, burst=5, rate=2.0)
    for number in range(1000):
        speed.allows(str(number))
    clock.now += 3
    speed.allows("another")
    assert len(speed) == 1


def test_however_many_there_are_memory_is_bounded():
    speed = Speed(Clock(), burst=5, rate=2.0)
    for number in range(30_000):
        speed.allows(str(number))
    assert len(speed) <= 20_000


async def test_a_program_in_somebodys_name_is_asked_to_slow_down_and_others_are_served():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn, ClientSession() as http:
        alice, bob = fake.person("alice"), fake.person("bob")
        cairn.channel._speed = Speed(Clock(), burst=PERSON_BURST, rate=PERSON_RATE)
        statuses = [(await alice.slash()).status for _ in range(PERSON_BURST + 2)]
        assert statuses == [200] * PERSON_BURST + [429] * 2
        assert (await bob.slash()).status == 200
        async with http.get(f"{cairn.url}metrics") as page:
            assert 'cairn_slowed_total{route="slack"}' in await page.text()


@asynccontextmanager
async def on_both() -> AsyncIterator[tuple[FakeSlack, Running, FakeTeams, TeamsRunning]]:
    """Cairn on Slack, and Cairn in Teams."""
    async with (
        FakeSlack(rates=False) as fake,
        running(fake) as cairn,
        FakeTeams(rates=False) as teams,
        teams_running(teams) as other,
    ):
        yield fake, cairn, teams, other


async def test_words_of_danger_are_heard_however_fast_somebody_was_before():
    async with on_both() as (fake, cairn, teams, other):
        cairn.channel._speed = Speed(Clock(), burst=1, rate=1.0)
        other.channel._speed = Speed(Clock(), burst=1, rate=1.0)
        alice, amy = fake.person("alice", locale="en-CA"), teams.person("amy", locale="en-CA")
        assert [(await alice.message("menu")).status for _ in range(3)] == [200, 429, 429]
        assert (await alice.message("I want to die")).status == 200
        await fake.until(lambda: any("9-8-8" in words(one) for one in alice.sees()))
        assert [(await amy.message("menu")).status for _ in range(3)] == [200, 429, 429]
        assert (await amy.message("I want to die")).status == 200
        await teams.until(lambda: any("9-8-8" in words_in_teams(one) for one in amy.cards))


async def test_words_of_danger_in_the_field_of_a_form_are_heard_however_fast_somebody_was_before():
    async with on_both() as (fake, cairn, teams, other):
        alice, amy = fake.person("alice", locale="en-CA"), teams.person("amy", locale="en-CA")
        await alice.shortcut("home.en")
        await amy.message("menu")
        await other.drain()
        cairn.channel._speed = Speed(Clock(), burst=0, rate=0.001)
        other.channel._speed = Speed(Clock(), burst=0, rate=0.001)
        say = screen.block_of(alice.view, "say")
        await alice.type(alice.view, say, "nothing of that kind")
        assert (await alice.submit()).status == 429
        await alice.type(alice.view, say, "I want to die")
        assert (await alice.submit()).status == 200
        assert "9-8-8" in words(alice.view)
        await amy.type(amy.card, "say", "I want to die")
        await amy.press(amy.card, "goto")
        assert "9-8-8" in words_in_teams(amy.card)


async def test_one_address_takes_the_web_chat_from_nobody_by_any_path():
    metrics = Metrics()
    application = web.Application(middlewares=[_from_another_machine, not_too_fast(metrics)])
    application.router.add_get("/health/ready", _says_yes)
    application.router.add_post("/slack/events", _says_yes)
    application.router.add_get("/", _says_yes)
    application.router.add_route("*", "/{rest:.*}", _says_yes)
    ways = [("GET", "/"), ("GET", "/nowhere"), ("GET", "/metrics"), ("PUT", "/health/ready"),
            ("GET", "/slack/events")]  # fmt: skip
    async with TestServer(application) as server, ClientSession(server.make_url("/")) as http:

        async def status(method: str, path: str, address: str) -> int:
            async with http.request(method, path, headers={"X-Address": address}) as answer:
                return answer.status

        for number, (method, path) in enumerate(ways):
            address = f"192.0.2.{number}"
            first = {await status(method, path, address) for _ in range(200)}
            assert first == {200}, path
            # A slow machine asks slowly, and gets turns meanwhile.
            assert any([await status(method, path, address) == 429 for _ in range(400)]), path
            assert await status("GET", "/", "192.0.2.200") == 200
            # What is signed, and what a probe asks, is another matter.
            assert await status("POST", "/slack/events", address) == 200
            assert await status("GET", "/health/ready", address) == 200
        assert {await status("GET", "/", "127.0.0.1") for _ in range(230)} == {200}
    assert b'cairn_slowed_total{route="web"}' in metrics.page()


@web.middleware
async def _from_another_machine(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    return await handler(request.clone(remote=request.headers["X-Address"]))


async def _says_yes(_: web.Request) -> web.Response:
    return web.Response()
