"""Does Cairn work from behind a firewall, over the socket, and notice when it dies in silence?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bot.channels.sessions import hosts_of, new_session
from bot.channels.slack.ingress import Incoming
from bot.channels.slack.router import Answer
from bot.channels.slack.sockets import SocketMode
from tests.slack import faults
from tests.slack.fake import FakeSlack
from tests.slack_app import Running, running
from tests.test_slack_walk import words


def behind(fake: FakeSlack, **settings: str | None):
    """Cairn with the app's token and no signing secret: nothing can reach it."""
    return running(fake, slack_signing_secrets=None, slack_app_token=fake.app_token, **settings)


async def test_command_form_button_and_message_are_answered_over_the_socket():
    async with FakeSlack(rates=False) as fake, behind(fake) as cairn:
        alice = fake.person("alice", locale="fr-CA")
        await alice.slash("/cairn")
        await cairn.drain()
        view = alice.view
        await alice.pick(view, "goto:fr:home", "post_reported")
        await alice.submit(view)
        assert "Comment la publication vous est-elle parvenue?" in words(view)
        await alice.press(view, label="English")
        await cairn.drain()
        assert "How did the post reach you?" in words(view)
        await alice.message("menu")
        await cairn.drain()
        assert "What would you like to do?" in words(alice.sees()[-1])
        await alice.open_home()
        await cairn.drain()
        assert "What would you like to do?" in words(alice.home)
        assert fake.violations == fake.failures == []


async def test_nothing_can_be_posted_to_cairn_that_only_uses_the_socket():
    async with FakeSlack(rates=False) as fake, behind(fake) as cairn:
        paths = [str(r.get_info().get("path")) for r in cairn.application.router.resources()]
        assert "/slack/events" not in paths


@asynccontextmanager
async def watched(
    fake: FakeSlack,
    cairn: Running,
    silent: float = 600.0,
    answer: Callable[[Incoming], Awaitable[Answer]] | None = None,
):
    """A socket beside Cairn whose watchdog looks every moment."""
    client = cairn.channel.outbound._client
    api = cairn.settings.slack_api_url
    socket = SocketMode(
        fake.app_token,
        client,
        answer or cairn.channel.answer,
        session=lambda: new_session(api, hosts_of(api)),
        every=0.02,
        silent=silent,
    )
    fake.app_url = ""
    task = asyncio.create_task(socket.run())
    await fake.until(lambda: socket.is_connected)
    try:
        yield socket
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_comes_over_the_socket_is_read_within_the_bounds_of_what_comes_over_http():
    deep: object = "x"
    for _ in range(40):
        deep = [deep]
    came: list[Incoming] = []

    async def answer(incoming: Incoming) -> Answer:
        came.append(incoming)
        return Answer(200, "")

    async with (
        FakeSlack(rates=False) as fake,
        running(fake) as cairn,
        watched(fake, cairn, answer=answer),
    ):
        for body in ({"actions": 7}, {"type": "view_submission"}, {"x": deep}, ["x"]):
            with pytest.raises(TimeoutError):
                await fake.socket.send("interactive", body, 0.5)
        await fake.socket.send("slash_commands", {"text": "half \ud83d of it"}, 5.0)
    assert [one.body for one in came] == [{"text": "half \ufffd of it"}]


@pytest.mark.parametrize("end", ["disconnect", "cut", "silence"])
async def test_when_a_connection_ends_another_takes_its_place(end: str):
    async with (
        FakeSlack(rates=False) as fake,
        running(fake) as cairn,
        watched(fake, cairn) as socket,
    ):
        alice = fake.person("alice", locale="en-CA")
        await alice.shortcut("can_i_post.en")
        await alice.close()
        before = list(fake.socket.open)
        ended = getattr(fake.socket, end)()
        if ended is not None:
            await ended
        if end == "silence":
            socket._heard -= 601  # ten minutes in which nothing was heard
        await fake.until(lambda: set(fake.socket.open) - set(before))
        await alice.shortcut("can_i_post.en")
        assert "Which of these describes you?" in words(alice.view)


async def test_while_slack_gives_no_socket_cairn_keeps_asking_and_then_serves():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        fake.faults.add("apps.connections.open", faults.error("internal_error"), times=2)
        async with watched(fake, cairn):
            alice = fake.person("alice", locale="en-CA")
            await alice.shortcut("can_i_post.en")
            assert "Which of these describes you?" in words(alice.view)


async def test_who_is_being_answered_when_cairn_stops_still_gets_the_answer():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        alice = fake.person("alice", locale="en-CA")
        async with watched(fake, cairn):
            fake.faults.add("views.open", faults.stall(0.3))
            pressing = asyncio.create_task(alice.shortcut("can_i_post.en"))
            await fake.until(lambda: fake.calls and fake.calls[-1].method == "views.open")
        outcome = await pressing
        assert outcome.status == 200
